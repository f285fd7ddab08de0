"""Captures, counters and stacks of one real process, each in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from dotnet_targets import StartTarget
from real_captures import sample_of
from sessions_left import no_more_than, sockets_of

from octotui.dotnet.conversations import COUNTERS
from octotui.dotnet.observer import Observer
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpRequest, DumpType, Order
from octotui.dumps.results import JobState
from octotui.dumps.service import DumpService


class World:
    def __init__(self, directory: Path) -> None:
        self.observer = Observer()
        self.service = DumpService(
            Store(directory / "dumps"), limits=Limits.none(), conversations=self.observer.conversations
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.service.aclose()
    await made.observer.aclose()


@pytest.mark.parametrize("backend", ["ipc", "createdump"])
async def test_open_counters_give_way_to_a_capture_and_go_on_afterwards(
    world: World, start_target: StartTarget, each_runtime: str, backend: str
) -> None:
    target = start_target(runtime=each_runtime)
    before = sockets_of(target.pid)
    request = DumpRequest((target.key,), frozenset({target.key}), type=DumpType.MINI, backend=backend)
    async with asyncio.timeout(120), aclosing(world.observer.counters(target.key)) as counters:
        await anext(counters)
        assert world.observer.conversations.busy_with(target.key) == COUNTERS
        plan = await world.service.plan(request, sample_of(target))
        (result,) = await world.service.wait(world.service.submit(plan))
        assert result.failure is None
        assert (result.outcome, result.verified) == (JobState.FINISHED, True)
        since = asyncio.get_running_loop().time()
        for _ in range(12):
            reading = await anext(counters)
        assert reading.values["working-set"] > 0
        assert asyncio.get_running_loop().time() > since
        assert world.observer.conversations.busy_with(target.key) == COUNTERS
    await no_more_than(before, target.pid)
    assert target.alive()


async def test_stacks_in_the_middle_of_open_counters(
    world: World, start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime)
    waits: list[str] = []
    async with asyncio.timeout(60), aclosing(world.observer.counters(target.key)) as counters:
        await anext(counters)
        found = await world.observer.look(target.key, on_wait=waits.append)
        assert found.threads
        assert waits == [f"waits for counters of process {target.pid} to end"]
        await anext(counters)


async def test_two_looks_at_once_queue_and_both_succeed(world: World, start_target: StartTarget) -> None:
    target = start_target()
    waits: list[str] = []
    first, second = await asyncio.gather(
        world.observer.look(target.key), world.observer.look(target.key, on_wait=waits.append)
    )
    assert first.threads
    assert second.threads
    assert waits == [f"waits for stacks of process {target.pid} to end"]


async def test_captures_at_one_moment_of_processes_whose_counters_are_open(
    world: World, start_target: StartTarget
) -> None:
    targets = start_target(), start_target()
    keys = tuple(target.key for target in targets)
    request = DumpRequest(keys, frozenset(keys), type=DumpType.MINI, order=Order.TOGETHER)
    async with asyncio.timeout(120):
        async with aclosing(world.observer.counters(keys[0])) as one, aclosing(world.observer.counters(keys[1])) as two:
            await asyncio.gather(anext(one), anext(two))
            plan = await world.service.plan(request, sample_of(*targets))
            results = await world.service.wait(world.service.submit(plan))
            assert [result.outcome for result in results] == [JobState.FINISHED] * 2
            await asyncio.gather(anext(one), anext(two))
