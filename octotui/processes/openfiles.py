"""The open files of one process: each descriptor, what it leads to, and where its sockets are connected."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from octotui.errors import AccessDenied, OctotuiError
from octotui.processes.detail import check_alive
from octotui.processes.model import ProcessInfo
from octotui.processes.sockets import Socket, read_sockets
from octotui.text import decoded, printable

MOST_FILES = 500
"""Descriptors that are looked at; the count of all is told."""

_SOCKET = re.compile(r"socket:\[(\d{1,20})\]")
_INSIDE = re.compile(r"(pipe|anon_inode):\[?([\w.\-/]*)\]?")


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One descriptor. `target` is printable: a path, `pipe 1234`, `eventpoll`; for a socket see `socket`."""

    number: int
    target: str
    socket: Socket | None = None


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """`count` is of all descriptors; `files` are the first `MOST_FILES` by number."""

    count: int
    files: tuple[OpenFile, ...]

    @property
    def listening(self) -> tuple[Socket, ...]:
        return tuple(f.socket for f in self.files if f.socket is not None and f.socket.is_listening)

    @property
    def connected(self) -> tuple[Socket, ...]:
        return tuple(f.socket for f in self.files if f.socket is not None and f.socket.remote)


def open_files(process: ProcessInfo, *, proc: Path = Path("/proc")) -> OpenFiles:
    """Reads them (blocking: run in a thread). Raises ProcessGone when it ended, AccessDenied when it is another's."""
    home = proc / str(process.key.pid)
    check_alive(process, home)
    try:
        numbers = sorted(int(name) for name in os.listdir(home / "fd") if name.isdecimal())
    except PermissionError as error:
        raise AccessDenied(
            "The open files of this process are not permitted to this user", hint=f"sudo octotui --pid {process.pid}"
        ) from error
    except OSError as error:
        check_alive(process, home)
        raise OctotuiError(f"The open files cannot be read: {printable(error.strerror or str(error))}") from error
    targets = {number: target for number in numbers[:MOST_FILES] if (target := _target(home, number)) is not None}
    inodes = {number: int(found[1]) for number, target in targets.items() if (found := _SOCKET.fullmatch(target))}
    sockets = read_sockets(home, frozenset(inodes.values()))
    check_alive(process, home)
    files = (
        OpenFile(number, _shown(target), sockets.get(inodes[number]) if number in inodes else None)
        for number, target in targets.items()
    )
    return OpenFiles(len(numbers), tuple(files))


def _target(home: Path, number: int) -> str | None:
    try:
        return decoded(os.fsencode(os.readlink(home / "fd" / str(number))))
    except OSError:
        return None


def _shown(target: str) -> str:
    if inside := _INSIDE.fullmatch(target):
        return f"pipe {inside[2]}" if inside[1] == "pipe" else inside[2]
    if _SOCKET.fullmatch(target):
        return "socket"
    return printable(target)
