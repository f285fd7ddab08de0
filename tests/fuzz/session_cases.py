"""Hostile event sessions over real sockets: a beginning, a stream and an answer to the stop, each of them broken."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from pathlib import Path
from random import Random
from unittest import mock

from mutations import mutate_bytes
from socket_cases import TOLERANCE_SECONDS
from stream_cases import STREAMS
from verifier_cases import Figures

from octotui.dotnet import sessions, wire
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.sessions import Provider, Rundown, trace
from octotui.errors import DiagnosticsError
from octotui.text import printable

PATIENCE_SECONDS = 0.1
END_SECONDS = 0.02
MOST_BYTES = 300_000
_SESSION = wire.message(wire.SERVER, 0x00, struct.pack("<Q", 7))
_UNKNOWN = wire.message(wire.SERVER, 0xFF, struct.pack("<I", wire.UNKNOWN_COMMAND))
_FULL = wire.message(wire.SERVER, 0xFF, struct.pack("<I", 0x80004005))
_STOP = 0x01


class HostileRuntime:
    """What it says depends on `random` alone; `kind` is a word for it."""

    def __init__(self, random: Random) -> None:
        self._stream = STREAMS[random.choice(sorted(STREAMS))]
        self.kind = random.choice(("whole", "mutated", "cut", "endless", "begins", "refuses", "silent"))
        if self.kind == "mutated":
            self._stream = mutate_bytes(self._stream, random)
        elif self.kind == "cut":
            self._stream = self._stream[: random.randrange(len(self._stream))]
        self._begins = mutate_bytes(_SESSION, random) if self.kind == "begins" else _SESSION
        self._refusals = [random.choice((_UNKNOWN, _FULL)), _FULL] if self.kind == "refuses" else []
        self._stopped = random.choice((_SESSION, _SESSION, b"", _FULL, random.randbytes(40)))
        self._serving: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self._writers.add(writer)
        try:
            header = await reader.readexactly(wire.HEADER.size)
            command = wire.HEADER.unpack(header)[3]
            if self.kind != "silent":
                await self._speak(command, writer)
            if command == _STOP or self.kind in ("silent", "begins"):
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def aclose(self) -> None:
        """Hangs up on whoever still waits."""
        for writer in self._writers:
            writer.close()
        if self._serving:
            await asyncio.wait(self._serving, timeout=TOLERANCE_SECONDS)

    async def _speak(self, command: int, writer: asyncio.StreamWriter) -> None:
        if command == _STOP:
            writer.write(self._stopped)
            return
        if self._refusals:
            writer.write(self._refusals.pop(0))
            return
        writer.write(self._begins)
        while True:
            writer.write(self._stream)
            await writer.drain()
            if self.kind != "endless":
                return


class SessionFuzzer:
    """Sessions with a hostile runtime at a socket in `directory`; each depends on the seed and its number alone."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "s"
        self.current = ""

    async def run(self, seed: int, case: int, figures: Figures) -> None:
        """What is raised besides a DiagnosticsError; TimeoutError when it hangs."""
        random = Random(f"{seed}:session:{case}")
        runtime = HostileRuntime(random)
        self.current = f"{runtime.kind}, seed {seed}, case {case}"
        rundown = random.choice(tuple(Rundown))
        server = await asyncio.start_unix_server(runtime.serve, str(self._path))
        begun = asyncio.get_running_loop().time()
        is_refused = False
        try:
            with mock.patch.object(sessions, "END_SECONDS", END_SECONDS):
                async with asyncio.timeout(TOLERANCE_SECONDS):
                    await _traced(DiagnosticsSocket(str(self._path), os.getpid(), os.geteuid()), rundown)
        except DiagnosticsError as refusal:
            is_refused = True
            assert refusal.message, self.current
            assert printable(refusal.message) == refusal.message, self.current
        finally:
            server.close()
            await runtime.aclose()
            await server.wait_closed()
            self._path.unlink(missing_ok=True)
        figures.count(runtime.kind, asyncio.get_running_loop().time() - begun, is_refused=is_refused)
        self.current = ""


async def _traced(target: DiagnosticsSocket, rundown: Rundown) -> None:
    """Reads it to its end, or leaves it while it says nothing more."""
    reader = NettraceReader(lambda _: None)
    with contextlib.suppress(TimeoutError):
        async with trace(
            target, [Provider("P", 1, 4)], rundown=rundown, most_bytes=MOST_BYTES, timeout=PATIENCE_SECONDS
        ) as session:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while piece := await session.read():
                    reader.feed(piece)
                await session.stop()
