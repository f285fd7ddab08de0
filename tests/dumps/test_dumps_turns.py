"""Captures that wait while somebody else asks the same process, with backends that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, Sleeper, Sleepers, facts_of, info, sample_of

from octotui.dotnet.conversations import CAPTURE, HEAP, STACKS, Conversations
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, Order
from octotui.dumps.results import Job, JobState
from octotui.dumps.service import DumpService
from octotui.dumps.targets.target import read_status


class Desk:
    def __init__(self, directory: Path) -> None:
        self.socket, self.tool = ScriptedBackend("ipc"), ScriptedBackend("createdump")
        self.store = Store(directory / "dumps")
        self.conversations = Conversations()
        self.service = DumpService(
            self.store,
            backends=(self.socket, self.tool),
            history=History(),
            inspect=facts_of,
            limits=Limits.none(),
            conversations=self.conversations,
        )

    async def submitted(self, *sleepers: Sleeper, order: Order = Order.ONE_BY_ONE) -> tuple[Job, ...]:
        return self.service.submit(await self.plan(*sleepers, order=order))

    async def plan(self, *sleepers: Sleeper, order: Order = Order.ONE_BY_ONE) -> DumpPlan:
        keys = tuple(sleeper.key for sleeper in sleepers)
        request = DumpRequest(keys, frozenset(keys), order=order)
        return await self.service.plan(request, sample_of(*(info(key) for key in keys)))

    def job(self, job: Job) -> Job:
        return next(one for one in self.service.jobs if one.id == job.id)

    async def waits(self, job: Job) -> str:
        """What it waits for, once it does."""
        async with asyncio.timeout(20):
            async for one in self.service.subscribe():
                if one.id == job.id and one.waits_for:
                    return one.waits_for
        raise AssertionError("it never waited")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    await made.service.aclose()


async def test_a_capture_waits_for_stacks_and_says_so(desk: Desk, sleeper: Sleeper) -> None:
    async with desk.conversations.turn(sleeper.key, STACKS):
        jobs = await desk.submitted(sleeper)
        assert await desk.waits(jobs[0]) == f"waits for stacks of process {sleeper.key.pid} to end"
        assert desk.job(jobs[0]).state is JobState.QUEUED
        assert desk.socket.runs == []
        assert list(desk.store.staging.glob("*")) == [], "nothing is made before the turn has come"
    (result,) = await desk.service.wait(jobs)
    assert result.outcome is JobState.FINISHED
    assert desk.job(jobs[0]).waits_for == ""
    assert desk.conversations.busy_with(sleeper.key) == ""


async def test_nobody_asks_a_process_while_it_is_captured(desk: Desk, sleeper: Sleeper) -> None:
    desk.socket.holds = True
    jobs = await desk.submitted(sleeper)
    await desk.socket.started.wait()
    assert desk.conversations.busy_with(sleeper.key) == CAPTURE
    desk.socket.release.set()
    (result,) = await desk.service.wait(jobs)
    assert result.outcome is JobState.FINISHED


async def test_the_process_can_be_asked_again_once_its_dump_is_written(
    desk: Desk, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    changes = desk.service.subscribe()
    jobs = await desk.submitted(sleeper)
    async for job in changes:
        if job.state is JobState.VERIFYING:
            seen.append(desk.conversations.busy_with(sleeper.key))
            break
    await desk.service.wait(jobs)
    assert seen == [""]


@pytest.mark.parametrize("order", list(Order))
async def test_cancelling_one_that_waits_works_and_the_other_goes_on(
    desk: Desk, start_sleeper: Sleepers, order: Order
) -> None:
    busy, free = start_sleeper(), start_sleeper()
    async with desk.conversations.turn(busy.key, HEAP):
        jobs = {job.key: job for job in await desk.submitted(busy, free, order=order)}
        await desk.waits(jobs[busy.key])
        desk.service.cancel(jobs[busy.key].id)
        async with asyncio.timeout(20):
            cancelled, finished = await desk.service.wait([jobs[busy.key], jobs[free.key]])
    assert cancelled.outcome is JobState.CANCELLED
    assert finished.outcome is JobState.FINISHED
    assert desk.job(jobs[busy.key]).waits_for == ""


async def test_one_that_ends_while_its_capture_waits_is_reported_not_dumped(desk: Desk, sleeper: Sleeper) -> None:
    async with desk.conversations.turn(sleeper.key, STACKS):
        jobs = await desk.submitted(sleeper)
        await desk.waits(jobs[0])
        sleeper.end()
    (result,) = await desk.service.wait(jobs)
    assert result.failure is not None
    assert result.failure.code == "process-gone"
    assert desk.socket.runs == []


async def test_nothing_stands_still_while_one_of_the_moment_waits(desk: Desk, start_sleeper: Sleepers) -> None:
    busy, free = start_sleeper(), start_sleeper()
    async with desk.conversations.turn(busy.key, STACKS):
        jobs = {job.key: job for job in await desk.submitted(busy, free, order=Order.TOGETHER)}
        await desk.waits(jobs[busy.key])
        await asyncio.sleep(0.2)
        status = read_status(free.key.pid)
        assert status is not None
        assert status.state != "T"
        assert desk.socket.runs == []
        assert desk.tool.runs == []
    async with asyncio.timeout(60):
        results = await desk.service.wait(list(jobs.values()))
    assert [result.outcome for result in results] == [JobState.FINISHED] * 2


async def test_closing_the_service_while_a_capture_waits(desk: Desk, sleeper: Sleeper) -> None:
    async with desk.conversations.turn(sleeper.key, STACKS):
        jobs = await desk.submitted(sleeper)
        await desk.waits(jobs[0])
        async with asyncio.timeout(20):
            await desk.service.aclose()
    assert desk.job(jobs[0]).state is JobState.CANCELLED
    assert desk.conversations.busy_with(sleeper.key) == ""
