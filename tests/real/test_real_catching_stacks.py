"""Stacks at the moment of the catch, with the real sentry, of real .NET processes that start after their rule."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dotnet_targets import DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, status_of, until

from octotui.config import Settings
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.state import Ending, RuleState, Stage
from octotui.dumps.catching.watch import Watch
from octotui.dumps.model import DumpType, Severity
from octotui.dumps.results import JobState
from octotui.dumps.targets.target import read_status
from octotui.host import Host
from octotui.processes.model import ProcessKey

pytestmark = needs_root

Arm = Callable[[Rule], Awaitable[RuleState]]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host.open(Settings())
    yield made
    await made.dumps.aclose()
    await made.observer.aclose()
    made.close()


@pytest.fixture
async def watch(bench: Bench, host: Host) -> AsyncIterator[Watch]:
    made = Watch(bench.service, take_analysis=host.take_analysis)
    yield made
    await made.aclose()


@pytest.fixture
def arm(watch: Watch, host: Host) -> Arm:
    async def armed(rule: Rule) -> RuleState:
        return await watch.arm(rule, await asyncio.to_thread(host.read_sample))

    return armed


def below_us() -> Whom:
    """The .NET programs that this test starts."""
    status = read_status(os.getpid())
    assert status is not None
    return Whom(name="dotnet", under=ProcessKey(os.getpid(), status.started))


def document(path: Path | None) -> dict[str, Any]:
    assert path is not None
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


async def test_a_program_is_asked_for_its_stacks_as_soon_as_its_runtime_is_ready(
    watch: Watch, arm: Arm, bench: Bench, start_target: StartTarget, each_runtime: str, tmp_path: Path
) -> None:
    await arm(Rule(below_us(), take=Take.STACKS, destination=tmp_path / "out"))
    target = await asyncio.to_thread(start_target, runtime=each_runtime, threads=3)
    await until(lambda: bool(watch.analyses), "it was asked")
    await watch.settle()
    (result,) = watch.analyses
    assert result.outcome is JobState.FINISHED, result.failure
    state = watch.rules[0]
    assert (state.ending, state.looked, state.failed) == (Ending.COUNT, 1, 0)
    (process,) = document(result.document)["processes"]
    assert process["pid"] == target.pid
    assert result.text is not None
    assert f"{target.pid}" in result.text.read_text("utf-8")
    assert [path.stat().st_mode & 0o777 for path in (result.text.parent, result.text)] == [0o700, 0o600]
    assert not watch.results
    assert not bench.store.directory.exists()
    assert status_of(target).state not in "Tt"


async def test_a_program_that_was_held_is_let_go_and_asked_while_it_runs(
    watch: Watch, arm: Arm, host: Host, start_target: StartTarget, tmp_path: Path
) -> None:
    await arm(Rule(below_us(), take=Take.STACKS, hold=True, hold_seconds=0.4, destination=tmp_path / "out"))
    starting = asyncio.create_task(asyncio.to_thread(start_target))
    await until(lambda: bool(watch.holds), "it is held")
    assert watch.rules[0].caught[0].stage is Stage.HELD
    held = await asyncio.to_thread(host.read_sample)
    key = watch.holds[0].key
    # What a sample says of one without a runtime yet is no reason not to ask it later.
    watch.see(replace(held, meanings={**held.meanings, key: replace(held.meaning(key), dotnet=False)}))
    await until(lambda: watch.rules[0].ending is not None, "the rule is over")
    target = await starting
    (result,) = watch.analyses
    assert result.outcome is JobState.FINISHED, result.failure
    assert watch.rules[0].looked == 1
    assert watch.holds == ()
    assert status_of(target).state not in "Tt"


async def test_stacks_come_first_and_then_the_dump_of_the_same_process(
    watch: Watch, arm: Arm, bench: Bench, start_target: StartTarget, tmp_path: Path
) -> None:
    target = start_target(threads=3)
    rule = Rule(Whom(key=target.key), When(threads=1), Take.BOTH, type=DumpType.MINI, destination=tmp_path / "out")
    await arm(rule)
    await until(lambda: watch.rules[0].ending is not None, "the rule is over")
    await watch.settle()
    (look,), (dump,) = watch.analyses, watch.results
    assert look.outcome is JobState.FINISHED, look.failure
    (process,) = document(look.document)["processes"]
    assert process["looks"][0]["threads"], "its threads are in place, and have managed frames"
    check_finished(dump, target)
    assert look.text is not None and dump.path is not None
    assert look.text.stat().st_mtime_ns <= dump.path.stat().st_mtime_ns
    assert watch.rules[0].captured == 1
    assert bench.leftovers() == []


async def test_looks_of_one_process_follow_each_other(
    watch: Watch, arm: Arm, start_target: StartTarget, tmp_path: Path
) -> None:
    target = start_target(threads=3)
    when = When(threads=1)
    rule = Rule(Whom(key=target.key), when, Take.STACKS, count=3, every_seconds=0.2, destination=tmp_path / "out")
    await arm(rule)
    await until(lambda: watch.rules[0].ending is not None, "the rule is over")
    assert [one.outcome for one in watch.analyses] == [JobState.FINISHED] * 3
    assert len({one.text for one in watch.analyses}) == 3
    assert (watch.rules[0].looks, watch.rules[0].looked) == (3, 1)


async def test_one_that_somebody_stopped_is_refused_with_the_next_step_and_left_as_it_is(
    watch: Watch, arm: Arm, host: Host, start_target: StartTarget, tmp_path: Path
) -> None:
    target = start_target()
    target.hold()
    rule = Rule(Whom(key=target.key), When(threads=1), Take.STACKS, destination=tmp_path / "out")
    remarks = await watch.preflight(rule, await asyncio.to_thread(host.read_sample))
    assert (Severity.WARNING, "stopped") in [(one.severity, one.code) for one in remarks]
    await arm(rule)
    await until(lambda: watch.rules[0].ending is not None, "the rule is over")
    (result,) = watch.analyses
    assert result.outcome is JobState.REFUSED
    assert result.failure is not None and result.failure.hint == f"kill -CONT {target.pid}"
    assert (watch.rules[0].failed, watch.rules[0].ending) == (1, Ending.ERROR)
    assert status_of(target).state == "T"
    assert not (tmp_path / "out").exists()


async def test_one_that_is_killed_while_it_is_asked_is_counted_as_gone(
    watch: Watch, bench: Bench, host: Host, start_target: StartTarget, tmp_path: Path
) -> None:
    target: DotnetTarget = start_target()

    async def dying(sample: Any, key: ProcessKey, directory: Path | None, on_step: Callable[[str], None]) -> Any:
        os.kill(target.pid, signal.SIGKILL)
        return await host.take_analysis(sample, key, directory, on_step)

    mortal = Watch(bench.service, take_analysis=dying)
    try:
        rule = Rule(Whom(key=target.key), When(threads=1), Take.STACKS, destination=tmp_path / "out")
        await mortal.arm(rule, await asyncio.to_thread(host.read_sample))
        await until(lambda: mortal.rules[0].ending is not None, "the rule is over")
        assert (mortal.rules[0].ended_early, mortal.rules[0].failed, mortal.analyses) == (1, 0, ())
    finally:
        await mortal.aclose()
