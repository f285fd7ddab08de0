"""Event sessions of a runtime: begun over its diagnostics socket, read as a stream, and always ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from octotui.dotnet import wire
from octotui.dotnet.connection import Deadline, UnknownCommand, ask, begin, failed
from octotui.dotnet.model import DiagnosticsSocket
from octotui.errors import DiagnosticsError

PIECE_BYTES = 1 << 18
END_SECONDS = 3.0
"""How long the end of a session is waited for: the runtime writes its stream every 0.1 s, a rundown takes longer."""

_NETTRACE = 1
_STOP, _COLLECT_2, _COLLECT_4 = 0x01, 0x03, 0x05
_METHOD_NAMES = 0x138
"""Rundown of loader, JIT, NGEN and the end of all: names of methods without the maps of their IL."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A source of events in the runtime: which of its events, by keyword bits and level, with arguments as k=v;k=v."""

    name: str
    keywords: int
    level: int
    arguments: str = ""


class Rundown(Enum):
    """What the runtime tells at the end of a session of what was there before it."""

    NONE = "none"
    METHODS = "methods"


class TraceSession:
    """A session that runs in the target. One task reads; `stop` may be called beside it."""

    def __init__(self, target: DiagnosticsSocket, connection: sockets.socket, number: int, most_bytes: int) -> None:
        self.id = number
        self.bytes_read = 0
        self._target = target
        self._connection = connection
        self._most_bytes = most_bytes
        self._is_over = False
        self._stopping: asyncio.Task[None] | None = None

    async def read(self) -> bytes:
        """The next piece of the stream, at most 256 KB; b"" at its end. Raises DiagnosticsError, also past the cap."""
        if self._is_over:
            return b""
        try:
            piece = await asyncio.get_running_loop().sock_recv(self._connection, PIECE_BYTES)
        except OSError as error:
            self._is_over = True
            raise failed(self._target, error) from None
        self.bytes_read += len(piece)
        if not piece:
            self._is_over = True
        elif self.bytes_read > self._most_bytes:
            raise DiagnosticsError(
                f"process {self._target.pid} sent more than the {self._most_bytes >> 20} MB that are taken of it",
                code="diagnostics-too-much",
            )
        return piece

    async def stop(self) -> None:
        """Ends the session: what is buffered still comes, then the end. To be called while somebody reads, since the
        runtime answers only after its stream was taken. Raises DiagnosticsError."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._ask_to_stop())
        await asyncio.shield(self._stopping)

    async def close(self) -> None:
        """Ends the session wherever it stands, within `END_SECONDS`, and drops the rest of its stream."""
        try:
            if not self._is_over:
                with contextlib.suppress(DiagnosticsError, TimeoutError):
                    async with asyncio.timeout(END_SECONDS):
                        await self._stop_and_drain()
        finally:
            # A session whose reader is gone ends by itself, at the next event that it would write.
            self._connection.close()
            if self._stopping is not None:
                self._stopping.cancel()
                await asyncio.gather(self._stopping, return_exceptions=True)

    async def _stop_and_drain(self) -> None:
        """Nobody waits at the connection afterwards, whatever ends this: the next one may get its number."""
        draining = asyncio.ensure_future(self._drain())
        try:
            await self.stop()
            await draining
        finally:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)

    async def _ask_to_stop(self) -> None:
        await ask(self._target, wire.message(wire.EVENT_COMMANDS, _STOP, struct.pack("<Q", self.id)))

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while await loop.sock_recv(self._connection, PIECE_BYTES):
                pass
        self._is_over = True


@contextlib.asynccontextmanager
async def trace(
    target: DiagnosticsSocket,
    providers: Sequence[Provider],
    *,
    rundown: Rundown = Rundown.NONE,
    buffer_mb: int = 64,
    most_bytes: int = 64 << 20,
    timeout: float = 3.0,  # noqa: ASYNC109
) -> AsyncIterator[TraceSession]:
    """A session of `providers` that ends with the block, whatever ends that.

    `buffer_mb` is what the runtime may use for events that were not read yet; it takes memory as it needs it, and
    events beyond are lost. `timeout` (seconds) is for the beginning. Raises DiagnosticsError.
    """
    async with Deadline(target, timeout):
        connection, number = await _begun(target, providers, rundown, buffer_mb)
    session = TraceSession(target, connection, number, most_bytes)
    try:
        yield session
    finally:
        await _to_its_end(session)


async def _begun(
    target: DiagnosticsSocket, providers: Sequence[Provider], rundown: Rundown, buffer_mb: int
) -> tuple[sockets.socket, int]:
    beginning = asyncio.ensure_future(_asked(target, providers, rundown, buffer_mb))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        # The session may begin after nobody waits for it any more, and one without events would stay for ever.
        beginning.add_done_callback(partial(_abandon, target))
        raise


async def _asked(
    target: DiagnosticsSocket, providers: Sequence[Provider], rundown: Rundown, buffer_mb: int
) -> tuple[sockets.socket, int]:
    try:
        if rundown is Rundown.METHODS:
            with contextlib.suppress(UnknownCommand):
                return await _collect(target, _COLLECT_4, struct.pack("<QB", _METHOD_NAMES, 1), providers, buffer_mb)
        return await _collect(target, _COLLECT_2, struct.pack("<B", rundown is not Rundown.NONE), providers, buffer_mb)
    except UnknownCommand:
        raise DiagnosticsError(
            f"the runtime of process {target.pid} knows no event sessions",
            hint="take a dump instead",
            code="diagnostics-too-old",
        ) from None


async def _collect(
    target: DiagnosticsSocket, command: int, options: bytes, providers: Sequence[Provider], buffer_mb: int
) -> tuple[sockets.socket, int]:
    payload = struct.pack("<II", buffer_mb, _NETTRACE) + options + struct.pack("<I", len(providers))
    for provider in providers:
        payload += struct.pack("<QI", provider.keywords, provider.level)
        payload += wire.string(provider.name) + wire.string(provider.arguments)
    connection, reply = await begin(target, wire.message(wire.EVENT_COMMANDS, command, payload))
    if len(reply) < 8:
        connection.close()
        raise DiagnosticsError(f"process {target.pid} began a session without saying which", code="diagnostics-garbled")
    return connection, int.from_bytes(reply[:8], "little")


_ENDING: set[asyncio.Task[None]] = set()
"""Ends of sessions that nobody waits for; a task that nobody refers to may be collected."""


def _abandon(target: DiagnosticsSocket, beginning: asyncio.Future[tuple[sockets.socket, int]]) -> None:
    if beginning.cancelled() or beginning.exception() is not None:
        return
    connection, number = beginning.result()
    task = asyncio.ensure_future(TraceSession(target, connection, number, 0).close())
    _ENDING.add(task)
    task.add_done_callback(_ENDING.discard)


async def _to_its_end(session: TraceSession) -> None:
    """Closes it; a cancellation meanwhile is raised afterwards."""
    closing = asyncio.ensure_future(session.close())
    cancellation: asyncio.CancelledError | None = None
    while not closing.done():
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        raise cancellation
