"""One conversation with a diagnostics socket: connected, its peer checked, asked one question, in bounded time."""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import struct

from octotui.dotnet import wire
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.sockets import LONGEST_ADDRESS
from octotui.errors import DiagnosticsError
from octotui.text import printable

_CREDENTIALS = struct.Struct("3i")
_STUCK = "it may be stopped or stuck; direct createdump can capture it then"


class UnknownCommand(DiagnosticsError):
    """The runtime is older than the question."""

    default_code = "diagnostics-unknown-command"


class Deadline:
    """`asyncio.timeout` whose end is a DiagnosticsError."""

    def __init__(self, socket: DiagnosticsSocket, seconds: float) -> None:
        self._socket = socket
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *raised: object) -> None:
        try:
            await self._timeout.__aexit__(*raised)  # type: ignore[arg-type]
        except TimeoutError:
            raise DiagnosticsError(
                f"the runtime of process {self._socket.pid} did not answer within {self._seconds:.3g} s",
                hint=_STUCK,
                code="diagnostics-timeout",
            ) from None


async def ask(target: DiagnosticsSocket, request: bytes) -> bytes:
    """Sends one request on a connection of its own and returns the payload of the OK reply.

    Raises DiagnosticsError, UnknownCommand when the runtime is older than the request. Takes as long as it takes: see
    `Deadline`.
    """
    connection, payload = await begin(target, request)
    connection.close()
    return payload


async def begin(target: DiagnosticsSocket, request: bytes) -> tuple[sockets.socket, bytes]:
    """As `ask`, with the connection left open for what follows the reply; the caller closes it. Not blocking."""
    loop = asyncio.get_running_loop()
    connection: sockets.socket | None = None
    try:
        connection = await _connected(target)
        _check_peer(connection, target)
        await loop.sock_sendall(connection, request)
        length, is_ok = wire.reply_header(await _receive(connection, wire.HEADER.size))
        payload = await _receive(connection, length)
        if not is_ok:
            raise error_of(target, *wire.error_reply(payload))
        kept, connection = connection, None
        return kept, payload
    except wire.Garbled as error:
        raise DiagnosticsError(
            f"process {target.pid} answered with something else than the diagnostics protocol ({error})",
            code="diagnostics-garbled",
        ) from None
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise DiagnosticsError(
            f"process {target.pid} ended or closed the connection before it answered", code="diagnostics-closed"
        ) from None
    except OSError as error:
        raise failed(target, error) from None
    finally:
        if connection is not None:
            connection.close()


async def _connected(target: DiagnosticsSocket) -> sockets.socket:
    """Connects in a thread, since looking up the path can take long. A full queue says so and cannot be waited for."""
    while True:
        connecting = asyncio.ensure_future(asyncio.to_thread(_connect, target))
        try:
            return await asyncio.shield(connecting)
        except BlockingIOError:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            connecting.add_done_callback(_discard)
            raise


def _connect(target: DiagnosticsSocket) -> sockets.socket:
    directory, name = os.path.split(target.path)
    handle = -1
    address = target.path
    connection = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM | sockets.SOCK_CLOEXEC)
    try:
        connection.setblocking(False)
        if len(os.fsencode(address)) > LONGEST_ADDRESS:
            handle = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            address = f"/proc/self/fd/{handle}/{name}"
        connection.connect(os.fsencode(address))
    except BaseException:
        connection.close()
        raise
    finally:
        if handle >= 0:
            os.close(handle)
    return connection


def _discard(connecting: asyncio.Future[sockets.socket]) -> None:
    """Closes a connection that nobody waits for any more."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


def _check_peer(connection: sockets.socket, target: DiagnosticsSocket) -> None:
    """Anybody can listen at a name in /tmp: only the target itself may be at the other end."""
    raw = connection.getsockopt(sockets.SOL_SOCKET, sockets.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    if pid != target.pid or uid != target.uid:
        raise DiagnosticsError(
            f"process {pid} of uid {uid} listens at the socket of process {target.pid} of uid {target.uid}",
            hint=f"someone made a false socket; look at {printable(target.path, 300)}",
            code="diagnostics-impostor",
        )


async def _receive(connection: sockets.socket, count: int) -> bytes:
    """Exactly `count` bytes, in however many pieces they come. Raises EOFError."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < count:
        piece = await loop.sock_recv(connection, count - len(received))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)


def error_of(target: DiagnosticsSocket, code: int, said: str) -> DiagnosticsError:
    if code == wire.UNKNOWN_COMMAND:
        return UnknownCommand(f"the runtime of process {target.pid} does not know this command")
    lines = [printable(line.strip().removeprefix("[createdump] "), 300) for line in said.splitlines() if line.strip()]
    words = "; ".join(lines[:8])
    if not words:
        words = f"{wire.WORDS.get(code, 'the runtime reported an error')} (0x{code:08X})"
    return DiagnosticsError(words, code="diagnostics-failed")


def failed(target: DiagnosticsSocket, error: OSError) -> DiagnosticsError:
    path = printable(target.path, 300)
    if isinstance(error, ConnectionRefusedError):
        return DiagnosticsError(f"nobody listens at {path}: its process has ended", code="diagnostics-stale")
    if isinstance(error, FileNotFoundError):
        return DiagnosticsError(f"the socket {path} is gone", code="diagnostics-gone")
    if isinstance(error, PermissionError):
        return DiagnosticsError(
            f"uid {os.geteuid()} may not connect to {path}, which belongs to uid {target.uid}",
            hint=f"run octotui as uid {target.uid} or with sudo",
            code="diagnostics-denied",
        )
    return DiagnosticsError(f"{path} cannot be used ({printable(error.strerror or str(error))})", code="diagnostics-io")
