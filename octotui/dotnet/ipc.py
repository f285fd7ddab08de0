"""Asks a .NET process through its diagnostics socket: who it is, and to write its own dump."""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import struct
from dataclasses import dataclass

from octotui.dotnet import wire
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.sockets import LONGEST_ADDRESS
from octotui.dotnet.wire import DumpKind
from octotui.errors import DiagnosticsError
from octotui.text import printable

__all__ = ["DumpKind", "RuntimeInfo", "generate_core_dump", "process_info"]

_CREDENTIALS = struct.Struct("3i")
_STUCK = "it may be stopped or stuck; direct createdump can capture it then"


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """What a runtime says of itself: printable, not redacted, and no more to be trusted than the process.

    `pid` is its own in its pid namespace, `command` its command line.
    """

    pid: int
    version: str = ""
    entry_assembly: str = ""
    arch: str = ""
    command: str = ""


class _UnknownCommand(DiagnosticsError):
    default_code = "diagnostics-unknown-command"


async def process_info(socket: DiagnosticsSocket, *, timeout: float = 3.0) -> RuntimeInfo:  # noqa: ASYNC109
    """Asks the runtime who it is, by the newest of the three questions that it knows; a cheap proof that it answers.

    A runtime before .NET 5 knows none of them: then only `pid` is set. Raises DiagnosticsError when there is no whole
    and sensible answer within `timeout` seconds.
    """
    async with _Deadline(socket, timeout):
        for command in (0x08, 0x04, 0x00):
            try:
                payload = await _ask(socket, wire.message(wire.PROCESS_COMMANDS, command))
            except _UnknownCommand:
                continue
            return _parse_info(socket, command, payload)
    return RuntimeInfo(pid=socket.pid)


async def generate_core_dump(
    socket: DiagnosticsSocket,
    path: str,
    type: DumpKind | int = DumpKind.HEAP,
    *,
    timeout: float,  # noqa: ASYNC109
) -> None:
    """Has the process write its own dump to `path`, an absolute path in its own mount namespace.

    Returns when the runtime says that the dump is written, which is no proof that it is. The file belongs to the
    process's user. Giving up, by `timeout` (seconds) or by cancelling, ends the wait but not the dump: createdump
    runs on as a child of the process. Raises DiagnosticsError, with createdump's words where the runtime passes them
    on (.NET 7 and later).
    """
    try:
        requests = [wire.dump_request(command, path, int(type)) for command in (3, 2, 1)]
    except ValueError as error:
        raise DiagnosticsError(
            f"the path {printable(path, 200)} cannot be sent to a runtime ({printable(str(error), 120)})",
            hint="choose a shorter output directory with a plain name",
            code="diagnostics-path",
        ) from None
    async with _Deadline(socket, timeout):
        for request in requests[:-1]:
            try:
                await _ask(socket, request)
                return
            except _UnknownCommand:
                continue
        await _ask(socket, requests[-1])


class _Deadline:
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


async def _ask(target: DiagnosticsSocket, request: bytes) -> bytes:
    """Sends one request on a connection of its own and returns the payload of the OK reply."""
    loop = asyncio.get_running_loop()
    connection: sockets.socket | None = None
    try:
        connection = await _connected(target)
        _check_peer(connection, target)
        await loop.sock_sendall(connection, request)
        length, is_ok = wire.reply_header(await _receive(connection, wire.HEADER.size))
        payload = await _receive(connection, length)
        if is_ok:
            return payload
        raise _failure(target, *wire.error_reply(payload))
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
        raise _refusal(target, error) from None
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


def _parse_info(target: DiagnosticsSocket, command: int, payload: bytes) -> RuntimeInfo:
    reader = wire.Reader(payload)
    try:
        if command == 0x08:
            reader.u32()
        pid = reader.u64()
        reader.take(16)
        command_line, _, arch = reader.string(), reader.string(), reader.string()
        entry_assembly, version = (reader.string(), reader.string()) if command else ("", "")
    except wire.Garbled as error:
        raise DiagnosticsError(
            f"process {target.pid} gave an answer that makes no sense ({error})", code="diagnostics-garbled"
        ) from None
    return RuntimeInfo(
        pid=pid,
        version=printable(version, 80),
        entry_assembly=printable(entry_assembly, 200),
        arch=printable(arch, 20),
        command=printable(command_line),
    )


def _failure(target: DiagnosticsSocket, code: int, said: str) -> DiagnosticsError:
    if code == wire.UNKNOWN_COMMAND:
        return _UnknownCommand(f"the runtime of process {target.pid} does not know this command")
    lines = [printable(line.strip().removeprefix("[createdump] "), 300) for line in said.splitlines() if line.strip()]
    words = "; ".join(lines[:8])
    if not words:
        words = f"{wire.WORDS.get(code, 'the runtime reported an error')} (0x{code:08X})"
    return DiagnosticsError(words, code="diagnostics-failed")


def _refusal(target: DiagnosticsSocket, error: OSError) -> DiagnosticsError:
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
