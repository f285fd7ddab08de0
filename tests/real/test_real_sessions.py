"""Event sessions of real .NET 8.0 and 3.1 processes: none stays behind, whatever ends it or stands in its way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, StartTarget
from matrix_targets import Started, has_socket, program

from octotui.demo.program import plain_program
from octotui.demo.runtimes import find_runtime
from octotui.dotnet import sessions
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import Event
from octotui.dotnet.runtime import inspect
from octotui.dotnet.sessions import Provider, Rundown, TraceSession, trace
from octotui.errors import DiagnosticsError

BUSY = Provider("Microsoft-DotNETCore-SampleProfiler", 0, 4)
QUIET = Provider("Microsoft-Windows-DotNETRuntime", 0x1, 4)
"""Collections of garbage, of which a program that sleeps has none: its session writes nothing."""

MOST_SESSIONS = 64
"""So many a runtime can have at a time."""


def socket_of(target: DotnetTarget | Started) -> DiagnosticsSocket:
    found = inspect(target.key).socket
    assert found is not None
    return found


def threads_of(target: DotnetTarget | Started) -> int:
    return len(os.listdir(f"/proc/{target.pid}/task"))


async def until(is_reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_reached():  # noqa: ASYNC110 -- the kernel's state has no event
            await asyncio.sleep(0.01)


async def read_to_the_end(session: TraceSession) -> tuple[NettraceReader, list[Event]]:
    found: list[Event] = []
    reader = NettraceReader(found.append)

    async def read() -> None:
        while piece := await session.read():
            reader.feed(piece)

    await asyncio.gather(session.stop(), read())
    return reader, found


async def sampled(where: DiagnosticsSocket) -> list[Event]:
    """Events of a session that samples until it has some."""
    found: list[Event] = []
    reader = NettraceReader(found.append)
    async with asyncio.timeout(60), trace(where, [BUSY], timeout=60) as session:
        while not found:
            reader.feed(await session.read())
    return found


@pytest.fixture
async def quiet(start_target: StartTarget, each_runtime: str) -> DotnetTarget:
    """A target that does nothing, and has had its first session: for that it makes threads that stay."""
    target = start_target(runtime=each_runtime, heartbeat=False)
    await sampled(socket_of(target))
    return target


async def test_more_sessions_than_fit_at_a_time_work_one_after_the_other(quiet: DotnetTarget) -> None:
    where, before = socket_of(quiet), threads_of(quiet)
    for _ in range(MOST_SESSIONS + 6):
        async with trace(where, [QUIET], timeout=60) as session:
            reader, _ = await read_to_the_end(session)
        assert reader.is_complete
        assert reader.trace is not None
        assert (reader.trace.pid, reader.trace.pointer_bytes) == (quiet.pid, 8)
    await until(lambda: threads_of(quiet) <= before)


async def test_sessions_that_are_left_without_reading_are_ended_too(quiet: DotnetTarget) -> None:
    where, before = socket_of(quiet), threads_of(quiet)
    for _ in range(10):
        async with trace(where, [QUIET], timeout=60):
            pass
    await until(lambda: threads_of(quiet) <= before)


async def test_a_cancelled_session_is_gone_from_the_target(quiet: DotnetTarget) -> None:
    where, before = socket_of(quiet), threads_of(quiet)

    async def watch(reading: asyncio.Event) -> None:
        async with trace(where, [BUSY], timeout=60) as session:
            await session.read()
            reading.set()
            while await session.read():
                pass

    for _ in range(3):
        reading = asyncio.Event()
        watching = asyncio.create_task(watch(reading))
        await asyncio.wait_for(reading.wait(), 60)
        assert threads_of(quiet) > before
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
    await until(lambda: threads_of(quiet) <= before)
    assert await sampled(where)


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.02])
async def test_a_session_that_is_cancelled_while_it_begins_is_gone_from_the_target(
    quiet: DotnetTarget, delay: float
) -> None:
    where, before, tasks = socket_of(quiet), threads_of(quiet), asyncio.all_tasks()

    async def watch() -> None:
        async with trace(where, [QUIET], timeout=60):
            await asyncio.sleep(3600)

    for _ in range(5):
        watching = asyncio.create_task(watch())
        await asyncio.sleep(delay)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
    await until(lambda: asyncio.all_tasks() <= tasks)
    await until(lambda: threads_of(quiet) <= before)
    assert await sampled(where)


async def test_a_session_whose_reader_died_is_gone_from_the_target(quiet: DotnetTarget) -> None:
    """As after a kill of octotui: nobody sends StopTracing, and the stream has no reader any more."""
    where, before = socket_of(quiet), threads_of(quiet)
    connection, _ = await sessions._begun(where, [BUSY], Rundown.NONE, 1)
    await asyncio.get_running_loop().sock_recv(connection, 1 << 16)
    assert threads_of(quiet) > before
    connection.close()
    await until(lambda: threads_of(quiet) <= before)
    assert await sampled(where)


async def test_a_target_that_stood_still_in_the_middle_answers_again(
    quiet: DotnetTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, before, tasks = socket_of(quiet), threads_of(quiet), asyncio.all_tasks()
    monkeypatch.setattr(sessions, "END_SECONDS", 0.3)
    try:
        async with asyncio.timeout(60), trace(where, [BUSY], timeout=60) as session:
            await session.read()
            quiet.hold()
        with pytest.raises(DiagnosticsError) as raised:
            async with trace(where, [BUSY], timeout=0.2):
                raise AssertionError("a stopped process answers nothing")
        assert raised.value.code == "diagnostics-timeout"
    finally:
        quiet.release()
    monkeypatch.setattr(sessions, "END_SECONDS", 60)
    assert await sampled(where)
    await until(lambda: asyncio.all_tasks() <= tasks)
    await until(lambda: threads_of(quiet) <= before)


async def test_a_target_that_dies_in_the_middle_is_the_end_of_its_stream(quiet: DotnetTarget) -> None:
    async with asyncio.timeout(60), trace(socket_of(quiet), [BUSY], timeout=60) as session:
        await session.read()
        quiet.send(signal.SIGKILL)
        while await session.read():
            pass


async def test_more_sessions_than_fit_at_a_time_are_refused_in_words(quiet: DotnetTarget) -> None:
    where, before = socket_of(quiet), threads_of(quiet)
    opened: list[TraceSession] = []
    with pytest.raises(DiagnosticsError) as raised:
        async with AsyncExitStack() as stack:
            while len(opened) <= MOST_SESSIONS:
                opened.append(await stack.enter_async_context(trace(where, [QUIET], timeout=60)))
    assert raised.value.code == "diagnostics-failed"
    assert len(opened) == MOST_SESSIONS
    await until(lambda: threads_of(quiet) <= before)
    assert await sampled(where)


async def test_a_runtime_that_waits_at_its_start_tells_nothing_and_is_not_resumed(tmp_path: Path) -> None:
    standin = plain_program(find_runtime("8.0"))
    ready = tmp_path / "ready"
    environment = {
        **standin.environment,
        "DOTNET_DefaultDiagnosticPortSuspend": "1",
        "OCTOTUI_STANDIN_READY": str(ready),
        "OCTOTUI_STANDIN_STDIN": "1",
    }
    with program(standin.command, environment, is_ready=has_socket) as target:
        where = socket_of(target)
        for rundown in Rundown:
            async with trace(where, [BUSY], rundown=rundown, timeout=60) as session:
                await asyncio.sleep(0.3)
                _, events = await read_to_the_end(session)
            assert events == []
        assert not ready.exists(), "managed code ran: somebody resumed the runtime"


async def test_a_socket_that_somebody_else_made_in_the_place_of_the_targets_is_told_nothing(
    start_target: StartTarget,
) -> None:
    target = start_target(heartbeat=False)
    where = socket_of(target)
    await asyncio.to_thread(Path(where.path).rename, f"{where.path}-true")
    with socket.socket(socket.AF_UNIX) as forged:
        forged.bind(where.path)
        forged.listen()
        os.chown(where.path, where.uid, where.uid)
        with pytest.raises(DiagnosticsError) as raised:
            async with trace(where, [BUSY], timeout=60):
                raise AssertionError("somebody else's events")
        assert raised.value.code == "diagnostics-impostor"
        assert f"process {os.getpid()}" in raised.value.message
        connection, _ = forged.accept()
        with connection:
            assert connection.recv(100) == b""
    await asyncio.to_thread(Path(f"{where.path}-true").replace, where.path)
    assert await sampled(where)
