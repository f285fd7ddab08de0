"""The watch with the real sentry on real .NET processes that start after their rule was armed."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator

import pytest
from dotnet_targets import DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, sample_of, status_of, until

from octotui.config import Settings
from octotui.dumps.arming.rule import Rule, When, Whom
from octotui.dumps.arming.state import Ending, RuleState, Stage
from octotui.dumps.catching.watch import Watch
from octotui.dumps.model import DumpType
from octotui.dumps.results import JobState
from octotui.dumps.sentry.client import Sentry
from octotui.dumps.targets.target import read_status
from octotui.dumps.verifying.verify import Writer, verify
from octotui.host import Host
from octotui.processes.model import ProcessKey

pytestmark = needs_root


@pytest.fixture
async def watch(bench: Bench) -> AsyncIterator[Watch]:
    made = Watch(bench.service)
    yield made
    await made.aclose()


def below_us() -> Whom:
    """The .NET programs that this test starts."""
    status = read_status(os.getpid())
    assert status is not None
    return Whom(name="dotnet", under=ProcessKey(os.getpid(), status.started))


async def arm(watch: Watch, rule: Rule) -> RuleState:
    host = Host.open(Settings())
    try:
        return await watch.arm(rule, await asyncio.to_thread(host.read_sample))
    finally:
        host.close()


async def test_a_process_held_at_its_exec_runs_until_it_has_a_runtime_and_is_captured_standing(
    watch: Watch, bench: Bench, start_target: StartTarget
) -> None:
    await arm(watch, Rule(below_us(), hold=True, hold_seconds=0.5, type=DumpType.MINI))
    starting = asyncio.create_task(asyncio.to_thread(start_target))
    await until(lambda: bool(watch.holds), "it is held")
    assert watch.holds[0].is_early
    assert watch.rules[0].caught[0].stage is Stage.HELD
    await until(lambda: watch.rules[0].ending is Ending.COUNT, "it is captured")
    await watch.settle()
    target = await starting
    (result,) = watch.results
    assert (result.outcome, result.backend) == (JobState.FINISHED, "createdump"), result.failure
    check_finished(result, target)
    await until(lambda: status_of(target).state != "T", "it runs again")
    assert watch.holds == ()
    assert bench.leftovers() == []


async def test_without_events_it_says_what_can_be_missed_and_still_captures(
    bench: Bench, start_target: StartTarget
) -> None:
    watch = Watch(bench.service, start_sentry=functools.partial(Sentry.start, events=False))
    try:
        await arm(watch, Rule(below_us(), type=DumpType.MINI))
        assert "ms can be missed" in watch.reach
        target = await asyncio.to_thread(start_target)
        await until(lambda: watch.rules[0].ending is Ending.COUNT, "it is captured")
        await watch.settle()
        check_finished(watch.results[0], target)
    finally:
        await watch.aclose()


async def test_a_target_that_reaches_its_age_is_traced_from_then_on_and_captured_at_its_end(
    watch: Watch, bench: Bench, start_target: StartTarget
) -> None:
    target: DotnetTarget = start_target(marker="kept to the very end", env={"OCTOTUI_STANDIN_END": "3000 exit 7"})
    await watch.arm(Rule(Whom(key=target.key), When(at_exit=True, after_seconds=0.5)), sample_of(target))
    watch.see(sample_of(target))
    await until(lambda: watch.rules[0].ending is Ending.COUNT, "it is captured")
    await watch.settle()
    (result,) = watch.results
    assert result.outcome is JobState.FINISHED, result.failure
    assert result.path is not None
    assert verify(result.path).writer is Writer.OCTOTUI
    assert target.marker_bytes in await asyncio.to_thread(result.path.read_bytes)
    (caught,) = watch.rules[0].caught
    assert caught.exit_status == 7 << 8
    await watch.aclose()
    assert bench.leftovers() == []


async def test_of_twelve_that_start_at_once_four_are_captured_two_at_a_time_and_the_rest_is_told_as_left(
    watch: Watch, bench: Bench, start_target: StartTarget
) -> None:
    await arm(watch, Rule(below_us(), count=4, max_parallel=2, type=DumpType.MINI))
    at_once: list[int] = []
    looks = asyncio.create_task(_look(at_once, bench))
    await asyncio.gather(*(asyncio.to_thread(start_target) for _ in range(12)))
    await until(lambda: watch.rules[0].ending is Ending.COUNT, "four are captured")
    await watch.settle()
    looks.cancel()
    state = watch.rules[0]
    assert (state.captured, state.failed, state.ended_early) == (4, 0, 0)
    assert state.seen == state.captured + state.left > 4
    assert [result.outcome for result in watch.results] == [JobState.FINISHED] * 4
    assert 1 <= max(at_once) <= 2
    assert bench.leftovers() == []


async def _look(at_once: list[int], bench: Bench) -> None:
    while True:
        at_once.append(sum(not job.state.is_over for job in bench.service.jobs))
        await asyncio.sleep(0.005)
