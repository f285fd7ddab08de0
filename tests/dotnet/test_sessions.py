"""Event sessions with runtimes of a test's own making: what is asked, and that every session is ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from octotui.dotnet import sessions, wire
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.sessions import Provider, Rundown, TraceSession, trace
from octotui.errors import DiagnosticsError

STOP, COLLECT_2, COLLECT_4 = 0x01, 0x03, 0x05
PROVIDERS = [Provider("P", 0x0123, 4), Provider("Q", 1, 5, "k=v")]
SESSION = 0x1122334455667788


class Runtime:
    """Begins each session as `session` says, sends `stream` and holds the end of it back until StopTracing.

    `commands` and `payloads` are what it was asked. The sets and switches say what it does wrong.
    """

    def __init__(self, path: Path) -> None:
        self.target = DiagnosticsSocket(str(path), os.getpid(), os.geteuid())
        self.commands: list[int] = []
        self.requests: list[bytes] = []
        self.unknown: set[int] = set()
        self.silent: set[int] = set()
        self.refused: set[int] = set()
        self.session = struct.pack("<Q", SESSION)
        self.stream = b"stream"
        self.rest = b"rest"
        self.sends_on = False
        self.may_begin = asyncio.Event()
        self.may_begin.set()
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()
        self.hung_up = asyncio.Event()
        self.streaming: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = STOP
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            header = await reader.readexactly(wire.HEADER.size)
            _, size, command_set, command, _ = wire.HEADER.unpack(header)
            assert command_set == wire.EVENT_COMMANDS
            self.requests.append(header + await reader.readexactly(size - wire.HEADER.size))
            self.commands.append(command)
            self.asked.set()
            await self._answer(command, writer)
            await reader.read()
        if command != STOP:
            self.hung_up.set()
        writer.close()

    async def _answer(self, command: int, writer: asyncio.StreamWriter) -> None:
        if command in self.silent:
            return
        if command in self.unknown | self.refused:
            code = wire.UNKNOWN_COMMAND if command in self.unknown else 0x80004005
            writer.write(wire.message(wire.SERVER, 0xFF, struct.pack("<I", code)))
        elif command == STOP:
            self.stopped.set()
            writer.write(wire.message(wire.SERVER, 0x00, self.session))
            self.end()
        else:
            await self.may_begin.wait()
            self.streaming = writer
            writer.write(wire.message(wire.SERVER, 0x00, self.session) + self.stream)
        await writer.drain()

    def end(self) -> None:
        """The rest of the stream and its end, unless it `sends_on`."""
        assert self.streaming is not None
        self.streaming.write(self.rest)
        if not self.sends_on:
            self.streaming.close()


@pytest.fixture
async def runtime(short_directory: Path) -> AsyncIterator[Runtime]:
    made = Runtime(short_directory / "socket")
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(made.serve(reader, writer)))

    server = await asyncio.start_unix_server(connected, made.target.path)
    before = asyncio.all_tasks()
    yield made
    left = asyncio.all_tasks() - before - serving - {asyncio.current_task()}
    _, still = await asyncio.wait(left, timeout=30) if left else (left, left)
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    await server.wait_closed()
    assert still == set()


@pytest.fixture
def short_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "END_SECONDS", 0.05)


async def all_of(session: TraceSession) -> bytes:
    found = b""
    while piece := await session.read():
        found += piece
    return found


async def test_a_session_without_rundown_is_asked_for_as_the_protocol_says(runtime: Runtime) -> None:
    async with trace(runtime.target, PROVIDERS, buffer_mb=8, timeout=30) as session:
        assert session.id == SESSION
    options = bytes.fromhex("08000000 01000000 00 02000000")
    first = bytes.fromhex("2301000000000000 04000000 02000000 50000000 00000000")
    second = bytes.fromhex("0100000000000000 05000000 02000000 51000000 04000000 6b003d0076000000")
    assert runtime.requests[0][20:] == options + first + second
    assert runtime.requests[0][:20] == b"DOTNET_IPC_V1\0" + struct.pack("<HBBH", len(runtime.requests[0]), 2, 3, 0)
    assert runtime.requests[1] == wire.message(2, 1, struct.pack("<Q", SESSION))


async def test_names_of_methods_are_asked_for_without_the_maps_of_their_il(runtime: Runtime) -> None:
    async with trace(runtime.target, PROVIDERS[:1], rundown=Rundown.METHODS, timeout=30):
        pass
    assert runtime.commands == [COLLECT_4, STOP]
    options = bytes.fromhex("40000000 01000000 3801000000000000 01 01000000")
    assert runtime.requests[0][20:] == options + bytes.fromhex("2301000000000000 04000000 02000000 50000000 00000000")


async def test_a_runtime_before_net_9_gives_all_of_its_rundown(runtime: Runtime) -> None:
    runtime.unknown = {COLLECT_4}
    async with trace(runtime.target, PROVIDERS, rundown=Rundown.METHODS, timeout=30):
        pass
    assert runtime.commands == [COLLECT_4, COLLECT_2, STOP]
    assert runtime.requests[1][20:33] == bytes.fromhex("40000000 01000000 01 02000000")


async def test_a_runtime_that_knows_no_sessions_is_an_error_with_another_way(runtime: Runtime) -> None:
    runtime.unknown = {COLLECT_2, COLLECT_4}
    with pytest.raises(DiagnosticsError) as raised:
        async with trace(runtime.target, PROVIDERS, rundown=Rundown.METHODS, timeout=30):
            pass
    assert (raised.value.code, raised.value.hint) == ("diagnostics-too-old", "take a dump instead")
    assert runtime.commands == [COLLECT_4, COLLECT_2]


async def test_a_runtime_whose_table_of_sessions_is_full_is_an_error_and_nothing_is_stopped(runtime: Runtime) -> None:
    runtime.refused = {COLLECT_2}
    with pytest.raises(DiagnosticsError) as raised:
        async with trace(runtime.target, PROVIDERS, timeout=30):
            pass
    assert raised.value.code == "diagnostics-failed"
    assert runtime.commands == [COLLECT_2]


@pytest.mark.parametrize("reply", [b"", b"\1", bytes(7)])
async def test_a_session_that_was_begun_without_saying_which_is_hung_up_on(runtime: Runtime, reply: bytes) -> None:
    runtime.session, runtime.stream = reply, b""
    with pytest.raises(DiagnosticsError) as raised:
        async with trace(runtime.target, PROVIDERS, timeout=30):
            pass
    assert raised.value.code == "diagnostics-garbled"
    await runtime.hung_up.wait()


async def test_what_is_buffered_comes_after_the_stop_and_then_the_end(runtime: Runtime) -> None:
    async with trace(runtime.target, PROVIDERS, timeout=30) as session:
        assert await session.read() == b"stream"
        _, rest = await asyncio.gather(session.stop(), all_of(session))
        assert rest == b"rest"
        assert await session.read() == b""
        assert session.bytes_read == 10
        await session.stop()
    assert runtime.commands == [COLLECT_2, STOP]


async def test_a_stream_that_has_ended_needs_no_stop(runtime: Runtime) -> None:
    async with trace(runtime.target, PROVIDERS, timeout=30) as session:
        await session.read()
        runtime.end()
        await all_of(session)
    assert runtime.commands == [COLLECT_2]


async def test_leaving_the_block_stops_the_session_and_hangs_up(runtime: Runtime) -> None:
    async with trace(runtime.target, PROVIDERS, timeout=30):
        pass
    assert runtime.commands == [COLLECT_2, STOP]
    await runtime.hung_up.wait()


async def test_an_error_in_the_block_stops_the_session_and_is_the_one_that_is_raised(runtime: Runtime) -> None:
    with pytest.raises(ZeroDivisionError):
        async with trace(runtime.target, PROVIDERS, timeout=30):
            raise ZeroDivisionError
    assert runtime.commands == [COLLECT_2, STOP]


async def test_a_cancellation_in_the_block_stops_the_session_first(runtime: Runtime) -> None:
    reading = asyncio.Event()

    async def watch() -> None:
        async with trace(runtime.target, PROVIDERS, timeout=30) as session:
            await session.read()
            reading.set()
            await session.read()

    watching = asyncio.create_task(watch())
    await reading.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert runtime.commands == [COLLECT_2, STOP]
    await runtime.hung_up.wait()


@pytest.mark.usefixtures("short_end")
async def test_a_second_cancellation_does_not_leave_the_session_behind(runtime: Runtime) -> None:
    """The first press of ctrl+c ends the look, the second must not end its clean-up."""
    reading = asyncio.Event()

    async def watch() -> None:
        async with trace(runtime.target, PROVIDERS, timeout=30) as session:
            reading.set()
            await asyncio.sleep(3600)
            await session.read()

    runtime.silent = {STOP}
    watching = asyncio.create_task(watch())
    await reading.wait()
    runtime.asked.clear()
    watching.cancel()
    await runtime.asked.wait()
    watching.cancel()
    await asyncio.sleep(0)
    assert not watching.done()
    with pytest.raises(asyncio.CancelledError):
        await watching
    await runtime.hung_up.wait()


@pytest.mark.usefixtures("short_end")
async def test_a_runtime_that_never_answers_the_stop_is_given_up_on(runtime: Runtime) -> None:
    runtime.silent = {STOP}
    async with asyncio.timeout(30):
        async with trace(runtime.target, PROVIDERS, timeout=30):
            pass
        await runtime.hung_up.wait()
    assert runtime.commands == [COLLECT_2, STOP]


@pytest.mark.usefixtures("short_end")
async def test_a_runtime_that_answers_the_stop_and_never_ends_its_stream_is_given_up_on(runtime: Runtime) -> None:
    runtime.sends_on = True
    runtime.rest = bytes(1 << 24)
    async with asyncio.timeout(30):
        async with trace(runtime.target, PROVIDERS, timeout=30) as session:
            await session.read()
        await runtime.hung_up.wait()
    assert runtime.commands == [COLLECT_2, STOP]


async def test_a_runtime_that_refuses_to_stop_is_hung_up_on_and_nobody_reads_on(runtime: Runtime) -> None:
    runtime.refused = {STOP}
    async with trace(runtime.target, PROVIDERS, timeout=30) as session:
        await session.read()
    await runtime.hung_up.wait()
    assert runtime.commands == [COLLECT_2, STOP]


async def test_a_connection_made_after_a_refused_stop_works(runtime: Runtime) -> None:
    """It may get the number of the one that was closed, at which nobody may be waiting any more."""
    runtime.refused = {STOP}
    for _ in range(5):
        async with trace(runtime.target, PROVIDERS, timeout=30) as session:
            assert await session.read() == b"stream"


async def test_more_bytes_than_are_taken_are_an_error_and_the_session_is_stopped(runtime: Runtime) -> None:
    runtime.stream = bytes(3 << 20)
    with pytest.raises(DiagnosticsError) as raised:
        async with trace(runtime.target, PROVIDERS, most_bytes=1 << 20, timeout=30) as session:
            await all_of(session)
    assert raised.value.code == "diagnostics-too-much"
    assert "more than the 1 MB" in raised.value.message
    assert session.bytes_read <= (1 << 20) + sessions.PIECE_BYTES
    assert runtime.commands == [COLLECT_2, STOP]


async def test_a_runtime_that_does_not_begin_in_time_is_an_error(runtime: Runtime) -> None:
    runtime.may_begin.clear()
    with pytest.raises(DiagnosticsError) as raised:
        async with trace(runtime.target, PROVIDERS, timeout=0.05):
            pass
    assert raised.value.code == "diagnostics-timeout"
    runtime.may_begin.set()
    await runtime.stopped.wait()
    await runtime.hung_up.wait()


async def test_a_session_that_begins_after_a_cancellation_is_stopped(runtime: Runtime) -> None:
    """One without events would stay in the target for ever, and there is room for 64."""
    runtime.may_begin.clear()

    async def watch() -> None:
        async with trace(runtime.target, PROVIDERS, timeout=30):
            raise AssertionError("nobody waits for it")

    watching = asyncio.create_task(watch())
    await runtime.asked.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert runtime.commands == [COLLECT_2]
    runtime.may_begin.set()
    await runtime.stopped.wait()
    await runtime.hung_up.wait()
    assert runtime.commands == [COLLECT_2, STOP]


async def test_a_beginning_that_fails_after_a_cancellation_is_forgotten(runtime: Runtime) -> None:
    runtime.may_begin.clear()
    runtime.session, runtime.stream = b"", b""
    watching = asyncio.create_task(trace(runtime.target, PROVIDERS, timeout=30).__aenter__())
    await runtime.asked.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    runtime.may_begin.set()
    await runtime.hung_up.wait()
    assert runtime.commands == [COLLECT_2]


async def test_a_runtime_that_ends_in_the_middle_is_the_end_of_the_stream(runtime: Runtime) -> None:
    async with trace(runtime.target, PROVIDERS, timeout=30) as session:
        assert await session.read() == b"stream"
        assert runtime.streaming is not None
        runtime.streaming.transport.abort()
        assert await session.read() == b""
    assert runtime.commands == [COLLECT_2]
