"""Asks a .NET process through its diagnostics socket: who it is, and to write its own dump."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.dotnet import wire
from octotui.dotnet.connection import Deadline, UnknownCommand, ask
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.wire import DumpKind
from octotui.errors import DiagnosticsError
from octotui.text import printable

__all__ = ["DumpKind", "RuntimeInfo", "generate_core_dump", "process_info"]


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """What a runtime says of itself: printable, not redacted, and no more to be trusted than the process.

    `pid` is its own in its pid namespace, `command` its command line; `cookie` (hex) is made anew at each start of a
    runtime, `rid` is its platform (linux-x64), known from .NET 8 on.
    """

    pid: int
    version: str = ""
    entry_assembly: str = ""
    arch: str = ""
    command: str = ""
    cookie: str = ""
    rid: str = ""


async def process_info(socket: DiagnosticsSocket, *, timeout: float = 3.0) -> RuntimeInfo:  # noqa: ASYNC109
    """Asks the runtime who it is, by the newest of the three questions that it knows; a cheap proof that it answers.

    A runtime before .NET 5 knows none of them: then only `pid` is set. Raises DiagnosticsError when there is no whole
    and sensible answer within `timeout` seconds.
    """
    async with Deadline(socket, timeout):
        for command in (0x08, 0x04, 0x00):
            try:
                payload = await ask(socket, wire.message(wire.PROCESS_COMMANDS, command))
            except UnknownCommand:
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
    async with Deadline(socket, timeout):
        for request in requests[:-1]:
            try:
                await ask(socket, request)
                return
            except UnknownCommand:
                continue
        await ask(socket, requests[-1])


def _parse_info(target: DiagnosticsSocket, command: int, payload: bytes) -> RuntimeInfo:
    reader = wire.Reader(payload)
    try:
        if command == 0x08:
            reader.u32()
        pid = reader.u64()
        cookie = reader.take(16).hex()
        command_line, _, arch = reader.string(), reader.string(), reader.string()
        entry_assembly, version = (reader.string(), reader.string()) if command else ("", "")
        rid = reader.string() if command == 0x08 else ""
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
        cookie=cookie,
        rid=printable(rid, 40),
    )
