"""Counters of real .NET 8.0 and 3.1 processes: what they tell, and that nothing is left in them afterwards."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_root
from sessions_left import no_more_than, sockets_of

from octotui.demo.program import plain_program
from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import start_ticks
from octotui.dotnet.counters.catalogue import CATALOGUE, scaled
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.observer import Observer
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey


@pytest.fixture
async def observer() -> AsyncIterator[Observer]:
    made = Observer()
    yield made
    await made.aclose()


async def taken(observer: Observer, target: DotnetTarget, count: int) -> list[CounterReading]:
    found = []
    async with asyncio.timeout(60), aclosing(observer.counters(target.key)) as counters:
        async for one in counters:
            found.append(one)
            if len(found) == count:
                break
    return found


def resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/statm", "rb") as stream:
        return int(stream.read().split()[1]) * 4096 / 1e6


async def test_a_process_tells_once_a_second_and_keeps_nothing_open(
    observer: Observer, start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime, ballast_mb=40, busy=50)
    before = sockets_of(target.pid)
    first, second = await taken(observer, target, 2)
    assert all(scaled(counter, second.values, 1.0) is not None for counter in CATALOGUE)
    assert second.values["working-set"] == pytest.approx(resident_mb(target.pid), rel=0.2)
    assert second.values["cpu-usage"] > 2
    assert second.values["threadpool-queue-length"] <= 2, "3.1 counts in the pool itself"
    assert 0.8 < second.interval_seconds < 1.3
    assert second.taken_at > first.taken_at
    await no_more_than(before, target.pid)
    assert target.alive()


async def test_counters_end_with_their_process(observer: Observer, start_target: StartTarget) -> None:
    target = start_target()
    count = 0
    async with asyncio.timeout(60):
        async for _ in observer.counters(target.key):
            count += 1
            target.stop()
    assert count == 1


async def test_counters_of_a_task_that_is_cancelled_leave_no_session(
    observer: Observer, start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime)
    before = sockets_of(target.pid)
    for seconds in (0.0, 0.01, 0.05, 0.3, 1.2):
        watching = asyncio.ensure_future(taken(observer, target, 99))
        await asyncio.sleep(seconds)
        watching.cancel()
        await asyncio.wait({watching})
    await no_more_than(before, target.pid)
    assert len(await taken(observer, target, 1)) == 1


async def test_a_stopped_process_is_not_asked_and_the_next_step_is_said(
    observer: Observer, start_target: StartTarget
) -> None:
    target = start_target()
    target.hold()
    found = await observer.why_not(target.key)
    assert found is not None
    assert (found.code, found.hint) == ("stopped", f"kill -CONT {target.pid}")
    with pytest.raises(OctotuiError) as raised:
        await observer.look(target.key)
    assert raised.value.code == "stopped"
    target.release()
    assert len(await taken(observer, target, 1)) == 1


async def test_a_process_that_is_stopped_meanwhile_keeps_nobody(observer: Observer, start_target: StartTarget) -> None:
    target = start_target()
    before = sockets_of(target.pid)
    async with asyncio.timeout(30):
        async with aclosing(observer.counters(target.key)) as counters:
            await anext(counters)
            target.hold()
    target.release()
    await no_more_than(before, target.pid)


@needs_root
async def test_another_users_process_is_not_asked_without_rights(observer: Observer, start_target: StartTarget) -> None:
    target = start_target()
    os.seteuid(NOBODY)
    try:
        found = await observer.why_not(target.key)
    finally:
        os.seteuid(0)
    assert found is not None
    assert found.code in ("unreadable", "denied")
    assert "sudo" in (found.hint or "")


@contextmanager
def suspended(home: str) -> Iterator[ProcessKey]:
    """A real .NET 8.0 process that waits at its start until a tool lets it go on."""
    program = plain_program(find_runtime("8.0"))
    environment = {"HOME": home, "TMPDIR": home, **program.environment, "DOTNET_DefaultDiagnosticPortSuspend": "1"}
    with subprocess.Popen(
        program.command, env=environment, cwd=home, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield ProcessKey(process.pid, start_ticks(process.pid))
        finally:
            process.kill()


def wait_for_socket(home: Path) -> None:
    for _ in range(1500):
        if any(home.glob("dotnet-diagnostic*")):
            return
        time.sleep(0.02)
    raise AssertionError("it made no socket")


def thread_names(pid: int) -> set[str]:
    return {(task / "comm").read_text() for task in Path(f"/proc/{pid}/task").iterdir()}


async def test_one_that_waits_at_its_start_is_not_asked_and_never_resumed(observer: Observer) -> None:
    with tempfile.TemporaryDirectory(prefix="oct-") as home, suspended(home) as key:
        wait_for_socket(Path(home))
        for question in (observer.look(key), anext(observer.counters(key)), observer.heap_plan(key)):
            with pytest.raises(OctotuiError) as raised:
                await question
            assert raised.value.code == "suspended"
        found = await observer.why_not(key)
        assert found is not None
        assert "waits at its start" in found.message
        assert not any("Finalizer" in name for name in thread_names(key.pid)), "it would run managed code"
