"""A runtime of a test's own making: listens at a socket, says who it is, and sends the streams that it is given."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from octotui.dotnet import wire
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.processes.model import ProcessKey

STREAMS = Path(__file__).parents[1] / "fixtures" / "stacks"
_TRACE = struct.pack("<16xqqiiiiii", 0, 1_000_000_000, 8, 1, 2, 0, 0, 0)[:48]
EMPTY_STREAM = (
    b"Nettrace\x14\0\0\0!FastSerialization.1"
    + b"\5\5\1" + struct.pack("<iii", 4, 4, 5) + b"Trace\6" + _TRACE + b"\6"
    + b"\1"
)  # fmt: skip
"""A stream without any event."""


def recorded(name: str) -> bytes:
    """What a real runtime sent, as make_streams.py there recorded it."""
    return gzip.decompress((STREAMS / f"{name}.nettrace.gz").read_bytes())


class FakeRuntime:
    """Answers each CollectTracing with the next of `streams`; its end is sent when StopTracing comes.

    `asked` has True for each session with a rundown. A stream of None is never sent; the last one repeats. One that
    `is_old` does not say who it is; one that `is_silent` answers nothing.
    """

    def __init__(self, path: Path, streams: Sequence[bytes | None]) -> None:
        self.path = path
        self.streams = list(streams)
        self.asked: list[bool] = []
        self.stops = 0
        self.cookie = bytes(range(16))
        self.is_silent = False
        self.is_old = False
        self.has_begun = asyncio.Event()
        self.was_stopped = asyncio.Event()
        self._waiting: dict[int, tuple[asyncio.StreamWriter, bytes | None]] = {}
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def facts(self) -> RuntimeFacts:
        key = ProcessKey(os.getpid(), 1)
        socket = DiagnosticsSocket(str(self.path), os.getpid(), os.geteuid())
        return RuntimeFacts(key, RuntimeKind.CORECLR, version="8.0.4", socket=socket)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            header = await reader.readexactly(wire.HEADER.size)
            _, size, command_set, command, _ = wire.HEADER.unpack(header)
            payload = await reader.readexactly(size - wire.HEADER.size)
            if self.is_silent:
                return
            await self._answer(writer, command_set, command, payload)

    async def _answer(self, writer: asyncio.StreamWriter, command_set: int, command: int, payload: bytes) -> None:
        if command_set == wire.PROCESS_COMMANDS and command == 0x08 and not self.is_old:
            secret = wire.string("Calamari run-script -password=Secret123")
            said = b"".join(map(wire.string, ("linux", "x64", "Calamari", "8.0.4", "linux-x64")))
            await self._reply(writer, struct.pack("<IQ", 1, os.getpid()) + self.cookie + secret + said)
        elif (command_set, command) == (wire.EVENT_COMMANDS, 0x03):
            number = len(self.asked) + 1
            stream = self.streams[min(number, len(self.streams)) - 1]
            self.asked.append(bool(payload[8]))
            self._waiting[number] = writer, stream
            await self._reply(writer, struct.pack("<Q", number), closes=False)
            self.has_begun.set()
        elif (command_set, command) == (wire.EVENT_COMMANDS, 0x01):
            self.stops += 1
            self.was_stopped.set()
            (number,) = struct.unpack("<Q", payload)
            streaming, stream = self._waiting.pop(number)
            if stream is None:
                return
            with contextlib.suppress(ConnectionError):
                streaming.write(stream)
                await streaming.drain()
            streaming.close()
            await self._reply(writer, struct.pack("<Q", number))
        else:
            await self._reply(writer, struct.pack("<I", wire.UNKNOWN_COMMAND), is_ok=False)

    async def _reply(
        self, writer: asyncio.StreamWriter, payload: bytes, *, is_ok: bool = True, closes: bool = True
    ) -> None:
        size = wire.HEADER.size + len(payload)
        writer.write(wire.HEADER.pack(wire.MAGIC, size, wire.SERVER, 0x00 if is_ok else 0xFF, 0) + payload)
        await writer.drain()
        if closes:
            writer.close()

    async def aclose(self) -> None:
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def fake_runtime(directory: Path, *streams: bytes | None) -> AsyncIterator[FakeRuntime]:
    path = directory / "socket"
    runtime = FakeRuntime(path, streams)
    server = await asyncio.start_unix_server(runtime.serve, str(path))
    try:
        yield runtime
    finally:
        server.close()
        await runtime.aclose()
        await server.wait_closed()
