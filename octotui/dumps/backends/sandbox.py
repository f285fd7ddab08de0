"""Private mounts for a tool that root starts for another user: it can load nothing that this user could have written.

A createdump opens the library beside the runtime that the target's own memory names. Nothing there can be relied on,
so the kernel is told instead: in the mounts of the tool every file is without the right to be run or mapped as a
program, but for the host's libraries and the tool's own directory, where only root writes. The links of /proc to the
files of other processes would lead around this, into mounts that are not the tool's: it may follow none.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from octotui.dotnet.kernel import read_bounded
from octotui.dotnet.trust import first_untrusted, others_can_change
from octotui.errors import CaptureFailed
from octotui.text import printable

MOST_NAMES = 250_000
"""Names looked at below one directory; the largest library directories hold half of this."""
MOST_OPEN = 64
"""Places below one directory that others can change and that are closed one by one."""
LARGEST_TABLE = 16 << 20

_CLONE_NEWNS = 0x20000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_NOEXEC, _NOSYMFOLLOW = 0x8, 0x200000
_MOUNT_SETATTR = 442
_ESCAPED = re.compile(rb"\\([0-7]{3})")


class SandboxError(CaptureFailed):
    """The private mounts cannot be made here; says why."""

    default_code = "not-contained"


class _Attributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace"))


class _Mount(NamedTuple):
    """One line of a mountinfo."""

    place: bytes
    options: frozenset[bytes]
    type: bytes


class _Kept(NamedTuple):
    """A file or directory whose programs and libraries stay usable, but for the `open` places below it."""

    path: str
    open: tuple[str, ...] = ()


@cache
def why_not() -> str:
    """Why no tool can be started in mounts of its own here, in words; "" when it can. Tried once, in a thread."""
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(enter, ()).result()
    except SandboxError as error:
        return error.message
    return ""


def enter(programs: Collection[str]) -> None:
    """Gives the calling thread, which must end soon, mounts in which only root's own files can be run.

    What it starts inherits them. `programs` are the real paths of the files and directories that stay usable beside
    the host's libraries; what others can change below them does not. Raises SandboxError; the thread must start
    nothing then.
    """
    if threading.current_thread() is threading.main_thread():
        raise SandboxError("the mounts of octotui itself are not to be changed")
    kept = sorted({*_libraries(), *(_keep(path) for path in programs)}, key=lambda one: len(one.path))
    table = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/mountinfo")
    try:
        _call("unshare", _CLONE_NEWNS)
        # Private too: a mount that another user makes later must not come in with its programs.
        _change("/", _NOEXEC, propagation=_MS_PRIVATE, flags=_AT_RECURSIVE)
        for mount in _mounts(table):
            if mount.type == b"proc":
                _change(mount.place, _NOSYMFOLLOW)
        for one in kept:
            _bind(one.path)
            _change(one.path, clear=_NOEXEC)
            for place in one.open:
                _bind(place)
                _change(place, _NOEXEC)
        _check(table, {os.fsencode(one.path) for one in kept})
    except OSError as error:
        raise SandboxError(f"no private mounts can be made for it ({error.strerror})") from error


def _check(table: Path, kept: Collection[bytes]) -> None:
    """The kernel's own word that it is so, for every mount that can be reached."""
    for place, mount in {mount.place: mount for mount in _mounts(table)}.items():
        is_closed = b"noexec" in mount.options or place in kept
        if not is_closed or (mount.type == b"proc" and b"nosymfollow" not in mount.options):
            raise SandboxError(f"the mount {printable(os.fsdecode(place))} could not be closed")


def _keep(path: str) -> _Kept:
    """`path` as it may stay usable. Raises SandboxError when others can change it, or too much below it."""
    if untrusted := first_untrusted(path):
        raise SandboxError(f"someone other than root can change {printable(untrusted)}")
    if not os.path.isdir(path):
        return _Kept(path)
    places: list[str] = []
    for place in _open_below(path):
        places.append(place)
        if len(places) > MOST_OPEN:
            raise SandboxError(f"someone other than root can change too much of {printable(path)}")
    return _Kept(path, tuple(places))


def _open_below(directory: str) -> Iterator[str]:
    """What others can change below `directory`, on its own file system: what is mounted there stays closed anyway."""
    device = os.stat(directory).st_dev
    waiting, seen = [directory], 0
    while waiting:
        reached = waiting.pop()
        try:
            with os.scandir(reached) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    seen += 1
                    if seen > MOST_NAMES:
                        raise SandboxError(f"{printable(directory)} holds too many files to look at")
                    if status.st_dev != device or entry.is_symlink():
                        continue
                    if others_can_change(status):
                        yield entry.path
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError as error:
            raise SandboxError(f"{printable(reached)} cannot be looked through ({error.strerror})") from error


@cache
def _libraries() -> tuple[_Kept, ...]:
    """Where the host's shared libraries are. Looked through once: what only root can change, only root opens later."""
    multiarch = f"{platform.machine()}-linux-gnu"
    places = [f"/lib/{multiarch}", f"/usr/lib/{multiarch}", "/lib64", "/usr/lib64"]
    if any(name.startswith("ld-musl-") for name in os.listdir("/lib")):
        places += ["/lib", "/usr/lib"]
    real = dict.fromkeys(os.path.realpath(place) for place in places if os.path.isdir(place))
    return tuple(_keep(path) for path in real)


def _mounts(table: Path) -> list[_Mount]:
    found = []
    for line in read_bounded(table, LARGEST_TABLE).splitlines():
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        place = _ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), fields[4])
        found.append(_Mount(place, frozenset(fields[5].split(b",")), after.partition(b" ")[0]))
    return found


def _bind(path: str) -> None:
    raw = os.fsencode(path)
    _call("mount", raw, raw, None, ctypes.c_ulong(_MS_BIND | _MS_REC), None)


def _change(path: str | bytes, set: int = 0, *, clear: int = 0, propagation: int = 0, flags: int = 0) -> None:
    attributes = _Attributes(set, clear, propagation, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    number = ctypes.c_long(_MOUNT_SETATTR)
    _call("syscall", number, _AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags), ctypes.byref(attributes), size)


def _call(name: str, *arguments: object) -> None:
    """A function of the C library that gives -1 for a failure. Raises OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
