"""Rules that take the managed stacks of what they catch: instead of a dump, before it, again and again, or in vain."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from dump_doubles import Sleeper, Sleepers, facts_of, sample_of
from watch_world import WatchWorld

from octotui.dotnet.model import RuntimeKind
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.state import Ending, Stage
from octotui.dumps.catching.watch import Watch
from octotui.dumps.model import Severity
from octotui.dumps.results import JobState
from octotui.errors import DiagnosticsError, OctotuiError, Refused, StoreError
from octotui.processes.model import Meaning

SILENT = DiagnosticsError("it does not answer", hint="octotui dump", code="diagnostics-silent")


async def test_the_stacks_of_the_next_calamari_are_taken_when_its_runtime_is_ready_and_no_dump(
    world: WatchWorld, sleeper: Sleeper, tmp_path: Path
) -> None:
    await world.arm(take=Take.STACKS, destination=tmp_path / "out")
    world.watch.see(world.sample(sleeper.key))
    world.sentry.of("caught", sleeper.key, name="Calamari", held=False)
    await world.until(lambda: world.rule.seen == 1, "it is caught")
    assert not world.taker.asked
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "its stacks are taken")
    await world.watch.settle()
    (result,) = world.watch.analyses
    assert result.outcome is JobState.FINISHED
    assert result.text == tmp_path / "out" / f"analysis-{sleeper.key.pid}-1.txt"
    assert world.taker.asked == [(sleeper.key, tmp_path / "out")]
    assert not world.watch.results
    assert not world.backend.runs
    assert f"({sleeper.key.pid}) are in {result.text}" in world.said
    assert "Rule 1 is over (all stacks that were asked for are taken): 1 seen: 1 looked at" in world.said


async def test_the_task_that_a_sample_tells_while_it_is_asked_stands_in_the_result(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    world.taker.holds = True
    await world.arm(take=Take.STACKS)
    world.watch.see(world.sample())
    world.sentry.of("caught", sleeper.key, name="Calamari", held=False)
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: bool(world.taker.asked), "it is asked")
    known = Meaning(role="calamari", label="Calamari", task="ServerTasks-7")
    world.watch.see(sample_of(world.process(sleeper.key), meanings={sleeper.key: known}))
    world.taker.release.set()
    await world.until(lambda: bool(world.watch.analyses), "its stacks are taken")
    assert world.watch.analyses[0].target.task == "ServerTasks-7"


async def test_stacks_come_before_the_dump_and_are_told_apart(world: WatchWorld, sleeper: Sleeper) -> None:
    world.taker.holds, world.taker.step = True, "waits for a capture of process 7 to end"
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), take=Take.BOTH)
    await world.until(lambda: bool(world.taker.asked), "it is asked")
    await world.until(lambda: world.rule.caught[0].note == world.taker.step, "it says what it waits for")
    assert world.rule.caught[0].stage is Stage.LOOKING
    assert world.rule.is_busy
    assert not world.service.jobs
    world.taker.release.set()
    await world.until(lambda: world.rule.ending is Ending.COUNT, "both are taken")
    await world.watch.settle()
    assert [one.outcome for one in world.watch.analyses] == [JobState.FINISHED]
    assert [one.outcome for one in world.watch.results] == [JobState.FINISHED]
    assert (world.rule.captured, world.rule.looked, world.rule.looks, world.rule.dumps) == (1, 0, 1, 1)


async def test_a_process_that_does_not_answer_is_dumped_all_the_same(world: WatchWorld, sleeper: Sleeper) -> None:
    world.taker.fails = SILENT
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), take=Take.BOTH)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "its dump is made")
    await world.watch.settle()
    (result,) = world.watch.analyses
    assert (result.outcome, result.failure and result.failure.code) == (JobState.FAILED, "diagnostics-silent")
    warnings = [(news.text, news.hint) for news in world.news if news.severity is Severity.WARNING]
    assert any("no stacks, it does not answer" in text and hint == "octotui dump" for text, hint in warnings)
    assert world.rule.captured == 1


@pytest.mark.parametrize(
    ("error", "count", "outcome"),
    [
        (SILENT, "failed", JobState.FAILED),
        (Refused("it is stopped", hint="kill -CONT", code="stopped"), "failed", JobState.REFUSED),
        (Refused("it is no .NET process", code="not-dotnet"), "passed", None),
        (DiagnosticsError("it went away", code="process-gone"), "ended_early", None),
        (OSError(errno.EACCES, "Permission denied"), "failed", JobState.FAILED),
        (OSError(errno.ENOSPC, "No space left on device"), "left", JobState.FAILED),
        (StoreError("it cannot be written", hint="elsewhere", code="disk-full"), "left", JobState.FAILED),
        (RuntimeError("what nobody thought of\x1b[31m"), "failed", JobState.FAILED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_stacks_that_cannot_be_taken_are_counted_with_a_sentence(
    world: WatchWorld, sleeper: Sleeper, error: Exception, count: str, outcome: JobState | None
) -> None:
    world.taker.fails = error
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), take=Take.STACKS)
    await world.until(lambda: getattr(world.rule, count) == 1, "it is counted")
    assert [one.outcome for one in world.watch.analyses] == ([] if outcome is None else [outcome])
    assert world.rule.ending is None
    assert "\x1b" not in world.said
    hint = error.hint if isinstance(error, OctotuiError) and outcome else ""
    assert not hint or any(news.hint == hint for news in world.news)


@pytest.mark.parametrize("take", [Take.STACKS, Take.BOTH])
async def test_one_that_ended_while_it_was_asked_has_ended_early(
    world: WatchWorld, sleeper: Sleeper, take: Take
) -> None:
    world.taker.holds, world.taker.fails = True, SILENT
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), take=take)
    await world.until(lambda: bool(world.taker.asked), "it is asked")
    sleeper.end()
    world.taker.release.set()
    await world.until(lambda: world.rule.ended_early == 1, "it is counted")
    assert "it ended before its stacks could be taken" in world.said
    assert not world.watch.analyses
    assert not world.service.jobs


async def test_one_that_ended_before_it_could_be_asked_is_not_asked(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(take=Take.STACKS)
    world.watch.see(world.sample(sleeper.key))
    world.sentry.of("caught", sleeper.key, name="Calamari", held=False)
    await world.until(lambda: world.rule.seen == 1, "it is caught")
    sleeper.end()
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: world.rule.ended_early == 1, "it is counted")
    assert not world.taker.asked


async def test_a_series_of_looks_is_taken_of_one_process(world: WatchWorld, start_sleeper: Sleepers) -> None:
    keys = [start_sleeper().key for _ in range(2)]
    sample = world.sample(*keys)
    await world.arm(When(threads=1), sample=sample, take=Take.STACKS, count=3, every_seconds=0.05)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "three looks are taken")
    assert (world.rule.looks, world.rule.looked, world.rule.left, world.rule.dumps) == (3, 1, 1, 0)
    assert len({key for key, _ in world.taker.asked}) == 1
    assert len({one.text for one in world.watch.analyses}) == 3


async def test_no_more_are_asked_at_once_than_the_rule_allows(world: WatchWorld, start_sleeper: Sleepers) -> None:
    keys = [start_sleeper().key for _ in range(6)]
    world.taker.holds = True
    await world.arm(When(threads=1), sample=world.sample(*keys), take=Take.STACKS, count=4, max_parallel=2)
    await world.until(lambda: len(world.taker.asked) == 2, "two are asked")
    world.taker.release.set()
    await world.until(lambda: world.rule.ending is Ending.COUNT, "four are looked at")
    assert (world.rule.looked, world.rule.left, len(world.taker.asked)) == (4, 2, 4)


async def test_five_failures_in_a_row_end_a_rule_for_stacks(world: WatchWorld, start_sleeper: Sleepers) -> None:
    world.taker.fails = SILENT
    keys = [start_sleeper().key for _ in range(6)]
    await world.arm(When(threads=1), sample=world.sample(*keys), take=Take.STACKS, max_parallel=1)
    await world.until(lambda: world.rule.ending is Ending.ERROR, "it is over")
    assert (world.rule.failed, world.rule.left) == (5, 1)


async def test_a_held_one_is_let_go_and_asked_then(world: WatchWorld, sleeper: Sleeper) -> None:
    await world.arm(take=Take.STACKS, hold=True, hold_seconds=0.05)
    world.watch.see(world.sample(sleeper.key))
    order = {"pid": sleeper.key.pid, "started": sleeper.key.started}
    world.sentry.about("holding", order, by="rule 1", seconds=0.05)
    world.sentry.about("held", order, latency_ns=1)
    world.sentry.of("caught", sleeper.key, name="Calamari", held=True)
    await world.until(lambda: bool(world.sentry.asked("release")), "it is let go")
    assert not world.taker.asked
    world.sentry.of("runtime", sleeper.key)
    await world.until(lambda: world.rule.ending is Ending.COUNT, "its stacks are taken")
    assert "is let go, for its stacks" in world.said
    assert not world.sentry.asked("hold")


async def test_what_is_being_asked_when_octotui_ends_is_left_and_said_to_be_cancelled(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    world.taker.holds = True
    await world.arm(When(threads=1), sample=world.sample(sleeper.key), take=Take.STACKS)
    await world.until(lambda: bool(world.taker.asked), "it is asked")
    await world.watch.aclose()
    assert [one.outcome for one in world.watch.analyses] == [JobState.CANCELLED]
    assert (world.rule.left, world.rule.is_busy) == (1, False)


async def test_a_process_that_can_never_be_asked_is_refused_before_the_rule_is_armed(
    world: WatchWorld, sleeper: Sleeper
) -> None:
    world.facts[sleeper.key] = facts_of(sleeper.key, kind=RuntimeKind.NONE)
    rule = Rule(Whom(key=sleeper.key), When(threads=1), Take.STACKS)
    remarks = await world.watch.preflight(rule, world.sample(sleeper.key))
    assert [(one.severity, one.code) for one in remarks] == [(Severity.REFUSAL, "not-dotnet")]
    with pytest.raises(Refused, match=r"not a \.NET process"):
        await world.watch.arm(rule, world.sample(sleeper.key))


async def test_without_anybody_who_takes_stacks_no_rule_for_them_is_armed(world: WatchWorld) -> None:
    watch = Watch(world.service, start_sentry=world.sentry.start)
    try:
        with pytest.raises(Refused, match="stacks cannot be taken here"):
            await watch.arm(Rule(Whom(role="calamari"), take=Take.STACKS), world.sample())
    finally:
        await watch.aclose()
