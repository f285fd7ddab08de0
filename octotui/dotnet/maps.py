"""The memory map of a process: which files it has mapped, and from where its .NET runtime came."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from octotui.dotnet.kernel import read_bounded
from octotui.text import decoded

LARGEST_MAP = 32 << 20
"""Bytes read of one memory map: 65,530 mappings, the kernel's default limit, with 500 bytes for each."""

RUNTIME_LIBRARY = "libcoreclr.so"
_DELETED = b" (deleted)"


class Mapping(NamedTuple):
    """One line of `/proc/PID/maps`. `path` is "" for anonymous memory, `[heap]` and the like for the kernel's own."""

    start: int
    end: int
    permissions: str
    inode: int
    path: str
    is_deleted: bool

    @property
    def is_file(self) -> bool:
        """Backed by a file of a file system: not anonymous, not a device, not memory that only has a name."""
        return self.inode != 0 and self.path.startswith("/") and not self.path.startswith(("/memfd:", "/dev/", "/SYSV"))


def parse_maps(raw: bytes) -> Iterator[Mapping]:
    """The mappings of `raw`; lines that are not one are skipped.

    The path is everything after the inode: it may hold spaces. The kernel writes a newline of a path as `\\012` and
    puts ` (deleted)` behind the path of a file that has no name any more.
    """
    for line in raw.split(b"\n"):
        fields = line.split(maxsplit=5)
        if len(fields) < 5:
            continue
        try:
            start, _, end = fields[0].partition(b"-")
            low, high, inode = int(start, 16), int(end, 16), int(fields[4])
        except ValueError:
            continue
        path = fields[5] if len(fields) == 6 else b""
        is_deleted = path.endswith(_DELETED)
        path = path.removesuffix(_DELETED).replace(b"\\012", b"\n")
        yield Mapping(low, high, fields[1].decode("ascii", "replace"), inode, decoded(path), is_deleted)


def runtime_library(mappings: Iterable[Mapping]) -> Mapping | None:
    """The mapping of the runtime's library, the one with code if several files have its name; None if there is none."""
    found = [m for m in mappings if m.is_file and os.path.basename(m.path) == RUNTIME_LIBRARY]
    with_code = [m for m in found if "x" in m.permissions]
    return next(iter(with_code or found), None)


def writable_bytes(mappings: Iterable[Mapping]) -> int:
    """Bytes of writable memory that no file backs, touched or not: createdump writes all of it into a heap dump."""
    return sum(m.end - m.start for m in mappings if not m.is_file and m.permissions.startswith("rw"))


def image_bytes(mappings: Iterable[Mapping]) -> int:
    """Bytes of readable file mappings: what a full dump writes and a heap dump leaves out."""
    return sum(m.end - m.start for m in mappings if m.is_file and m.permissions.startswith("r"))


def gcore_bytes(lines: Iterable[bytes]) -> int:
    """Bytes that gdb's gcore writes of a process with these lines of `/proc/PID/smaps`, to within some percent.

    It writes the whole of what no file backs, and of private files what the process changed: even what nobody may read
    and nobody touched, as the arenas that malloc sets aside, unless the owner told the kernel to leave it out of cores.
    """
    total = size = anonymous = 0
    is_file = is_private = False
    for line in lines:
        word = line.split(None, 1)[0] if line.strip() else b""
        if not word.endswith(b":"):
            found = next(iter(parse_maps(line)), None)
            size = found.end - found.start if found else 0
            is_file = found is not None and found.is_file
            is_private = found is not None and found.permissions.endswith("p")
            anonymous = 0
        elif word == b"Anonymous:":
            anonymous = int(line.split()[1])
        elif word == b"VmFlags:" and b"dd" not in line.split() and (not is_file or (is_private and anonymous)):
            total += size
    return total


def has_runtime(pid: int, proc: Path) -> bool:
    """Whether the runtime's library is mapped, by one read and no parsing. Raises OSError."""
    return f"/{RUNTIME_LIBRARY}\n".encode() in read_bounded(proc / str(pid) / "maps", LARGEST_MAP)
