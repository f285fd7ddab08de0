"""Rules that capture a process while it lives: caught, ready, captured, counted."""

from __future__ import annotations

from dump_doubles import Sleeper, Sleepers, facts_of
from watch_world import WatchWorld

from octotui.dotnet.model import RuntimeKind
from octotui.dumps.arming.rule import When, Whom
from octotui.dumps.arming.state import Ending, Stage
from octotui.dumps.model import DumpRequest
from octotui.dumps.results import JobState
from octotui.errors import CaptureFailed


async def test_the_next_calamari_is_captured_when_its_runtime_is_ready_once(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    state = await world.arm()
    assert state.sentence == "the next Calamari: captured when its runtime is ready, once"
    world.sentry.of("caught", sleeper.key, name="Calamari", heard_ns=1, held=False)
    await world.until(lambda: world.rule.seen == 1, "it is caught")
    assert world.rule.caught[0].stage is Stage.STARTING
    assert not world.backend.runs
    world.watch.see(world.sample(sleeper.key))
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "it is captured")
    await world.watch.settle()
    (result,) = world.watch.results
    assert result.outcome is JobState.FINISHED
    assert result.sha256
    assert (world.rule.seen, world.rule.captured) == (1, 1)
    assert world.sentry.asked("disarm") == [{"do": "disarm", "id": 1}]
    assert "Rule 1 is over (all that was asked for is captured): 1 seen: 1 captured" in world.said


async def test_a_calamari_that_ends_before_its_runtime_is_ready_is_counted_and_said(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm()
    world.watch.see(world.sample(sleeper.key))
    world.sentry.of("caught", sleeper.key, name="Calamari", held=False)
    world.sentry.of("ended", sleeper.key)
    await world.until(lambda: world.rule.ended_early == 1, "it is counted")
    assert "ended early, it ended before its runtime was ready" in world.said
    assert world.rule.ending is None


async def test_a_process_that_ended_while_its_capture_was_planned_ended_early(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    await world.arm()
    world.watch.see(world.sample(sleeper.key))
    world.sentry.of("caught", sleeper.key, name="Calamari", held=False)
    await world.until(lambda: world.rule.seen == 1, "it is caught")
    sleeper.end()
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: world.rule.ended_early == 1, "it is counted")
    assert not world.backend.runs


async def test_a_shell_below_the_tentacle_is_no_failure_of_the_rule(world: WatchWorld, sleeper: Sleeper) -> None:
    world.facts[sleeper.key] = facts_of(sleeper.key, kind=RuntimeKind.NONE)
    await world.arm(When(after_seconds=0.01), Whom(filter="calamari"), world.sample(sleeper.key))
    await world.until(lambda: world.rule.passed == 1, "it is passed")
    assert "it is not a .NET process" in world.said
    assert world.rule.ending is None


async def test_a_full_disk_leaves_the_process_and_says_so(world: WatchWorld, sleeper: Sleeper) -> None:
    world.facts[sleeper.key] = facts_of(sleeper.key, private_bytes=1 << 60)
    await world.arm(When(threads=1), sample=world.sample(sleeper.key))
    await world.until(lambda: world.rule.left == 1, "it is left")
    assert world.watch.results[0].outcome is JobState.REFUSED
    assert any(news.hint for news in world.news)


async def test_fifty_at_once_are_captured_within_the_limits_and_the_rest_is_left(
    world: WatchWorld, start_sleeper: Sleepers
) -> None:
    sleepers = [start_sleeper() for _ in range(50)]
    world.backend.holds = True
    sample = world.sample(*(sleeper.key for sleeper in sleepers))
    await world.arm(When(threads=1), sample=sample, count=5, max_parallel=2)
    await world.until(lambda: len(world.service.jobs) == 2, "two are under way")
    assert sum(found.stage is Stage.CAPTURING for found in world.rule.caught) == 2
    world.backend.release.set()
    await world.until(lambda: world.rule.ending is Ending.COUNT, "five are captured")
    assert (world.rule.seen, world.rule.captured, world.rule.left) == (50, 5, 45)
    assert len(world.service.jobs) == 5


async def test_a_process_that_a_person_captures_already_is_left(world: WatchWorld, sleeper: Sleeper) -> None:
    world.backend.holds = True
    sample = world.sample(sleeper.key)
    jobs = world.service.submit(await world.service.plan(DumpRequest((sleeper.key,)), sample))
    await world.arm(When(threads=1), sample=sample)
    await world.until(lambda: world.rule.left == 1, "it is left")
    assert "captured already" in world.said or "being captured" in world.said
    world.backend.release.set()
    await world.service.wait(jobs)


async def test_five_failures_in_a_row_end_the_rule(world: WatchWorld, start_sleeper: Sleepers) -> None:
    world.backend.fails = CaptureFailed("the tool broke", hint="mend it")
    keys = [start_sleeper().key for _ in range(6)]
    await world.arm(When(threads=1), sample=world.sample(*keys), max_parallel=1)
    await world.until(lambda: world.rule.ending is Ending.ERROR, "it is over")
    assert (world.rule.failed, world.rule.left) == (5, 1)
    assert any(news.hint == "mend it" for news in world.news)


async def test_a_series_is_made_of_one_process(world: WatchWorld, start_sleeper: Sleepers) -> None:
    keys = [start_sleeper().key for _ in range(2)]
    await world.arm(When(threads=1), sample=world.sample(*keys), count=3, every_seconds=0.05)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "three dumps are made")
    assert (world.rule.dumps, world.rule.captured, world.rule.left, world.rule.seen) == (3, 1, 1, 2)
    await world.watch.settle()
    assert len({result.target.key for result in world.watch.results}) == 1
    assert len({result.path for result in world.watch.results}) == 3


async def test_the_time_of_a_rule_is_up(world: WatchWorld) -> None:
    await world.arm(timeout_seconds=0.05)
    await world.until(lambda: world.rule.ending is Ending.TIME, "it is over")
    assert "nothing was seen" in world.said
