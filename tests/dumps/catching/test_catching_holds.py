"""Holds: for a person to look, for a capture, always let go, never a Tentacle by accident."""

from __future__ import annotations

import asyncio

import pytest
from dump_doubles import Sleeper, facts_of, info, sample_of
from watch_world import WatchWorld

from octotui.dumps.arming.rule import When, Whom
from octotui.dumps.arming.state import Ending, Stage
from octotui.errors import ProcessGone, Refused
from octotui.processes.model import Meaning, ProcessKey, Sample


def hold_at_start(world: WatchWorld, key: ProcessKey) -> None:
    """As the sentry tells of a process that it stopped at its exec."""
    about = {"pid": key.pid, "started": key.started}
    world.sentry.tell("holding", by="rule 1", name="Calamari", seconds=60.0, **about)
    world.sentry.tell("held", latency_ns=50_000, **about)
    world.sentry.of("caught", key, name="Calamari", held=True)


async def test_a_calamari_held_at_its_start_is_let_go_until_its_runtime_is_ready_and_held_again_for_its_capture(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm(hold=True)
    world.watch.see(world.sample(sleeper.key))
    hold_at_start(world, sleeper.key)
    await world.until(lambda: world.rule.seen == 1, "it is caught")
    (held,) = world.watch.holds
    assert (held.by, held.is_early, held.limit_seconds) == ("rule 1", True, 60.0)
    assert world.rule.caught[0].stage is Stage.HELD
    assert "held at its start, before it has a runtime, for you to look" in world.said
    await world.watch.release(sleeper.key)
    await world.until(lambda: bool(world.sentry.asked("hold")), "it is to be held when it is ready")
    assert world.sentry.asked("hold")[0]["when"] == "ready"
    assert world.watch.holds == ()
    world.facts[sleeper.key] = facts_of(sleeper.key, state="T")
    world.sentry.about("holding", world.sentry.asked("hold")[0], by="rule 1", seconds=60.0)
    world.sentry.about("held", world.sentry.asked("hold")[0], latency_ns=1)
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "it is captured")
    assert world.rule.captured == 1
    await world.until(lambda: world.watch.holds == (), "it is let go")
    assert len(world.sentry.asked("release")) == 2
    assert world.backend.runs[0].was_stopped or world.backend.runs[0].facts.state == "T"


async def test_a_running_process_is_held_when_its_condition_is_met_and_captured_as_it_stands(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), hold=True, hold_seconds=0.05)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "it is captured")
    assert [order["when"] for order in world.sentry.asked("hold")] == ["now"]
    await world.until(lambda: world.watch.holds == (), "it is let go")


def tentacle(key: ProcessKey) -> Sample:
    meaning = Meaning(role="tentacle-service", label="Tentacle", dotnet=True)
    return sample_of(info(key, name="Tentacle"), meanings={key: meaning})


async def test_a_tentacle_is_never_held_unless_it_was_said_twice(world: WatchWorld, sleeper: Sleeper) -> None:
    sample = tentacle(sleeper.key)
    world.watch.see(sample)
    with pytest.raises(Refused, match="Tentacle"):
        await world.watch.hold(sleeper.key)
    with pytest.raises(Refused) as refused:
        await world.arm(When(), Whom(key=sleeper.key), sample, hold=True)
    assert "--yes-hold-service" in refused.value.hint
    assert world.sentry.asked("hold") == []
    state = await world.watch.hold(sleeper.key, 5.0, services=True)
    assert (state.by, state.limit_seconds) == ("you", 5.0)
    await world.watch.release(sleeper.key)
    await world.until(lambda: world.watch.holds == (), "it is let go")


async def test_a_rule_that_catches_a_tentacle_captures_it_as_it_runs(world: WatchWorld, sleeper: Sleeper) -> None:
    sample = tentacle(sleeper.key)
    await world.arm(When(threads=1), Whom(filter="Tentacle"), sample, hold=True)
    await world.until(lambda: world.rule.captured == 1, "it is captured")
    assert world.sentry.asked("hold") == []
    assert "is not held" in world.said


async def test_a_hold_that_is_refused_says_why(world: WatchWorld, sleeper: Sleeper) -> None:
    world.sentry.is_mute = True
    world.watch.see(world.sample(sleeper.key))
    about = {"pid": sleeper.key.pid, "started": sleeper.key.started}
    world.sentry.tell("refused", code="process-gone", message="it ended just then", hint="look again", **about)

    async def answer() -> None:
        await world.until(lambda: bool(world.sentry.asked("hold")), "it is asked")
        world.sentry.tell("refused", code="process-gone", message="it ended just then", hint="look again", **about)

    answering = asyncio.create_task(answer())
    with pytest.raises(ProcessGone, match="ended just then"):
        await world.watch.hold(sleeper.key)
    await answering


async def test_when_the_sentry_dies_rules_are_over_and_nothing_counts_as_held(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm(hold=True)
    world.watch.see(world.sample(sleeper.key))
    hold_at_start(world, sleeper.key)
    await world.until(lambda: world.rule.seen == 1, "it is held")
    world.sentry.die()
    await world.until(lambda: world.rule.ending is Ending.ERROR, "the rule is over")
    assert world.watch.holds == ()
    assert world.rule.left == 1
    await world.arm(whom=Whom(name="other"))
    assert world.sentry.starts == 2


async def test_disarming_lets_go_of_what_the_rule_holds_but_not_of_what_you_hold(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    world.watch.see(world.sample(sleeper.key))
    await world.watch.hold(sleeper.key)
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), hold=True)
    await world.watch.disarm(1)
    await world.until(lambda: world.rule.ending is Ending.HAND, "it is over")
    assert [held.by for held in world.watch.holds] == ["you"]
    assert world.sentry.asked("release") == []
