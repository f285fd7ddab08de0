"""Captures at one moment, with backends that do as they are told on processes that really stand still."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dump_doubles import ScriptedBackend, Sleeper, Sleepers, facts_of, info, sample_of

from octotui.dumps.backends.base import Availability
from octotui.dumps.captures.capture import StepCapture
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, Order
from octotui.dumps.results import Job, JobState
from octotui.dumps.service import DumpService
from octotui.dumps.targets import holding, watchdog
from octotui.dumps.targets.pause import PauseMeter
from octotui.dumps.targets.target import read_status
from octotui.errors import CaptureFailed

RUNNING = (JobState.RUNNING, JobState.VERIFYING)


class Desk:
    """A service with a scripted socket and a scripted createdump."""

    def __init__(self, directory: Path) -> None:
        self.socket, self.tool = ScriptedBackend("ipc"), ScriptedBackend("createdump")
        self.store = Store(directory / "dumps")
        self.history = History()
        self.service = DumpService(
            self.store, backends=(self.socket, self.tool), history=self.history, inspect=facts_of, limits=Limits.none()
        )

    async def plan(self, *sleepers: Sleeper, order: Order = Order.TOGETHER, backend: str = "auto") -> DumpPlan:
        keys = tuple(sleeper.key for sleeper in sleepers)
        request = DumpRequest(keys, frozenset(keys), backend=backend, order=order)
        return await self.service.plan(request, sample_of(*(info(key) for key in keys)))

    async def started(self, count: int) -> None:
        for _ in range(4000):
            if len(self.socket.runs) + len(self.tool.runs) >= count:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{count} captures never ran side by side")

    async def paused(self) -> None:
        """Until every job tells that its target stands still."""
        for _ in range(4000):
            if all(job.is_paused for job in self.service.jobs):
                return
            await asyncio.sleep(0.005)
        raise AssertionError("not every job was seen to stand still")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    await made.service.aclose()
    assert own_watchdogs() == []


def own_watchdogs() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        pid = int(path.parent.name)
        try:
            is_one = watchdog.__file__.encode() in path.read_bytes()
        except OSError:
            continue
        status = read_status(pid)
        if is_one and status is not None and status.parent_pid == os.getpid() and status.state not in "ZX":
            found.append(pid)
    return found


def states(*sleepers: Sleeper) -> str:
    found = [read_status(sleeper.key.pid) for sleeper in sleepers]
    return "".join(status.state if status else "-" for status in found)


def wait_until_stopped(sleeper: Sleeper) -> None:
    for _ in range(4000):
        if states(sleeper) == "T":
            return
        time.sleep(0.005)
    raise AssertionError("it never stopped")


def outcomes(results: tuple[object, ...]) -> list[JobState]:
    return [result.outcome for result in results]  # type: ignore[attr-defined]


async def test_all_stand_still_before_the_first_is_written_and_each_runs_when_its_own_is(
    desk: Desk, start_sleeper: Sleepers
) -> None:
    sleepers = [start_sleeper() for _ in range(3)]
    desk.tool.holds = True
    plan = await desk.plan(*sleepers)
    assert [step.backend for step in plan.steps] == ["createdump"] * 3
    jobs = desk.service.submit(plan)
    await desk.started(3)
    assert states(*sleepers) == "TTT"
    assert {job.state for job in desk.service.jobs} == {JobState.RUNNING}
    await desk.paused()
    desk.tool.release.set()
    results = await desk.service.wait(jobs)
    assert outcomes(results) == [JobState.FINISHED] * 3
    assert all(result.pause_seconds for result in results)
    assert "T" not in states(*sleepers)
    assert [entry.pause_seconds for entry in desk.history.entries()] == [0.0] * 3


async def test_the_pause_of_a_held_target_is_told_though_no_sample_fell_into_it(
    desk: Desk, start_sleeper: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PauseMeter, "stop", lambda meter: None)
    monkeypatch.setattr(PauseMeter, "start", lambda meter: None)
    sleepers = [start_sleeper() for _ in range(2)]
    results = await desk.service.wait(desk.service.submit(await desk.plan(*sleepers)))
    assert outcomes(results) == [JobState.FINISHED] * 2
    assert all(result.pause_seconds for result in results)


async def test_a_target_runs_before_its_dump_is_looked_at(
    desk: Desk, start_sleeper: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleepers = {sleeper.key: sleeper for sleeper in (start_sleeper(), start_sleeper())}
    finish, seen = StepCapture._finish, []

    def looked_at(capture: StepCapture, *arguments: Any) -> None:
        seen.append(states(sleepers[capture._step.target.key]))
        finish(capture, *arguments)

    monkeypatch.setattr(StepCapture, "_finish", looked_at)
    results = await desk.service.wait(desk.service.submit(await desk.plan(*sleepers.values())))
    assert outcomes(results) == [JobState.FINISHED] * 2
    assert len(seen) == 2 and set(seen) <= {"R", "S"}


async def test_cancelling_one_lets_it_go_and_the_others_stand_still_until_they_are_written(
    desk: Desk, start_sleeper: Sleepers
) -> None:
    first, second, third = (start_sleeper() for _ in range(3))
    desk.tool.holds = True
    jobs = desk.service.submit(await desk.plan(first, second, third))
    await desk.started(3)
    cancelled = next(job for job in jobs if job.key == second.key)
    desk.service.cancel(cancelled.id)
    (result,) = await desk.service.wait([cancelled])
    assert result.outcome is JobState.CANCELLED
    assert states(first, second, third) == "TST"
    desk.tool.release.set()
    results = await desk.service.wait(jobs)
    assert sorted(outcomes(results)) == [JobState.CANCELLED, JobState.FINISHED, JobState.FINISHED]
    assert "T" not in states(first, second, third)


async def test_cancelling_at_once_does_not_keep_the_others_waiting(desk: Desk, start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper() for _ in range(3)]
    jobs = desk.service.submit(await desk.plan(*sleepers))
    await asyncio.sleep(0)
    desk.service.cancel(jobs[0].id)
    results = await desk.service.wait(jobs)
    assert outcomes(results) == [JobState.CANCELLED, JobState.FINISHED, JobState.FINISHED]
    assert "T" not in states(*sleepers)


async def test_a_failing_capture_lets_its_own_target_go_at_once(desk: Desk, start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper(), start_sleeper()]
    desk.tool.fails = CaptureFailed("createdump: out of memory")
    results = await desk.service.wait(desk.service.submit(await desk.plan(*sleepers)))
    assert outcomes(results) == [JobState.FAILED] * 2
    assert "T" not in states(*sleepers)


async def test_one_that_ended_before_the_moment_is_reported_and_the_others_are_captured(
    desk: Desk, start_sleeper: Sleepers
) -> None:
    ends, stays = start_sleeper(), start_sleeper()
    plan = await desk.plan(ends, stays)
    ends.end()
    results = {result.target.key: result for result in await desk.service.wait(desk.service.submit(plan))}
    assert results[ends.key].outcome is JobState.FAILED
    assert results[stays.key].outcome is JobState.FINISHED


async def test_one_that_was_stopped_by_a_person_stays_stopped(desk: Desk, start_sleeper: Sleepers) -> None:
    stopped, runs = start_sleeper(), start_sleeper()
    stopped.process.send_signal(signal.SIGSTOP)
    await asyncio.to_thread(wait_until_stopped, stopped)
    results = await desk.service.wait(desk.service.submit(await desk.plan(stopped, runs)))
    assert outcomes(results) == [JobState.FINISHED] * 2
    assert states(stopped, runs) == "TS"


async def test_without_a_watchdog_nothing_is_stopped_and_the_reason_is_said(
    desk: Desk, start_sleeper: Sleepers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleepers = [start_sleeper(), start_sleeper()]
    monkeypatch.setattr(holding.sys, "executable", str(tmp_path / "no-python"))
    results = await desk.service.wait(desk.service.submit(await desk.plan(*sleepers)))
    assert outcomes(results) == [JobState.FAILED] * 2
    for result in results:
        assert result.failure is not None
        assert result.failure.code == "no-watchdog"
        assert "no process was stopped" in result.failure.message
        assert "--together" in result.failure.hint
    assert desk.tool.runs == []
    assert states(*sleepers) == "SS"


async def test_closing_lets_everything_go(desk: Desk, start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper(), start_sleeper()]
    desk.tool.holds = True
    jobs = desk.service.submit(await desk.plan(*sleepers))
    await desk.started(2)
    await desk.service.aclose()
    assert outcomes(await desk.service.wait(jobs)) == [JobState.CANCELLED] * 2
    assert "T" not in states(*sleepers)
    assert own_watchdogs() == []


async def test_a_plan_waits_for_one_that_is_captured_together(desk: Desk, start_sleeper: Sleepers) -> None:
    first, second, third, fourth = (start_sleeper() for _ in range(4))
    desk.tool.holds = True
    jobs = desk.service.submit(await desk.plan(first, second))
    later = desk.service.submit(await desk.plan(third, fourth, order=Order.ONE_BY_ONE))
    seen: list[set[int]] = []

    async def look(changes: AsyncIterator[Job]) -> None:
        async for _ in changes:
            seen.append({job.id for job in desk.service.jobs if job.state in RUNNING})

    looking = asyncio.create_task(look(desk.service.subscribe()))
    await desk.started(2)
    assert [job.state for job in desk.service.jobs[2:]] == [JobState.QUEUED] * 2
    assert desk.socket.runs == []
    desk.tool.release.set()
    assert outcomes(await desk.service.wait([*jobs, *later])) == [JobState.FINISHED] * 4
    await desk.service.aclose()
    await looking
    together, alone = {job.id for job in jobs}, {job.id for job in later}
    assert all(running <= together or (running <= alone and len(running) <= 1) for running in seen)


async def test_one_process_is_captured_as_ever(desk: Desk, sleeper: Sleeper) -> None:
    plan = await desk.plan(sleeper)
    assert (plan.steps[0].backend, plan.request.order, plan.offers) == ("ipc", Order.ONE_BY_ONE, ())
    (result,) = await desk.service.wait(desk.service.submit(plan))
    assert result.outcome is JobState.FINISHED
    assert len(desk.history.entries()) in (0, 1)


async def test_what_only_its_runtime_can_capture_is_not_held(desk: Desk, start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper(), start_sleeper()]
    desk.tool.available = Availability(False, "it sees other files than octotui")
    desk.socket.holds = True
    plan = await desk.plan(*sleepers)
    assert [step.backend for step in plan.steps] == ["ipc"] * 2
    jobs = desk.service.submit(plan)
    await desk.started(2)
    assert states(*sleepers) == "SS"
    desk.socket.release.set()
    assert outcomes(await desk.service.wait(jobs)) == [JobState.FINISHED] * 2
