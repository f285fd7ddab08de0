"""The memory map of a process that ends: which pieces go into the core, and how each may be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from octotui.errors import CaptureFailed

PAGE = 4096
MOST_MAPPINGS = (1 << 20) - 2
MOST_NAME_BYTES = 8 << 20
"""Bytes of paths kept of one map; mappings beyond them have none."""

_KERNEL_PIECES = frozenset({b"[vsyscall]", b"[vvar]", b"[vvar_vclock]"})
_HARMLESS_DEVICES = (b"/dev/shm/", b"/dev/zero")
_DEVICE_ROOTS = (b"/dev/", b"/sys/", b"/proc/")
_IN_MEMORY = (b"/memfd:", b"/dev/shm/", b"/dev/zero", b"/SYSV")


class Source(Enum):
    """Where the content of a mapping is: in pages of the process alone, in memory that may be shared, in a file."""

    PRIVATE = "private"
    SHARED = "shared"
    FILE = "file"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping; `path` as the kernel gives it, newlines restored. `offset` in its file, all in bytes."""

    start: int
    end: int
    permissions: bytes
    offset: int
    inode: int
    path: bytes

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def flags(self) -> int:
        """The p_flags of its program header."""
        return sum(bit for letter, bit in ((b"r", 4), (b"w", 2), (b"x", 1)) if letter in self.permissions)

    @property
    def is_named_file(self) -> bool:
        return self.path.startswith(b"/")

    @property
    def source(self) -> Source:
        if self.inode == 0:
            return Source.KERNEL if self.path.startswith(b"[v") else Source.PRIVATE
        if self.path.startswith(_IN_MEMORY):
            return Source.SHARED
        return Source.FILE

    @property
    def is_wanted(self) -> bool:
        """Whether a core holds it: readable memory, but no device, for reading one can change it or never end."""
        if b"r" not in self.permissions or self.path in _KERNEL_PIECES:
            return False
        return self.path.startswith(_HARMLESS_DEVICES) or not self.path.startswith(_DEVICE_ROOTS)

    @property
    def may_hold_managed_code(self) -> bool:
        """Whether a .NET runtime may run managed code there: code that it made at run time, or code of an assembly."""
        if b"x" not in self.permissions:
            return False
        bare = self.path.removesuffix(b" (deleted)")
        return self.source in (Source.PRIVATE, Source.SHARED) or bare.endswith((b".dll", b".exe"))


def read_map(directory: str) -> list[Mapping]:
    """The mappings of `/proc/PID/task/TID`. Raises OSError, and CaptureFailed where there are too many for a core."""
    found = []
    names = 0
    with open(f"{directory}/maps", "rb") as stream:
        for mapping in _parsed(stream):
            names += len(mapping.path)
            if names > MOST_NAME_BYTES and mapping.is_wanted and mapping.source is not Source.PRIVATE:
                mapping = _nameless(mapping)
            found.append(mapping)
            if len(found) > MOST_MAPPINGS:
                raise CaptureFailed(
                    f"it has more than {MOST_MAPPINGS} mappings, too many for a core file",
                    hint="look at vm.max_map_count: sysctl vm.max_map_count",
                    code="too-many-mappings",
                )
    return found


def _nameless(mapping: Mapping) -> Mapping:
    return Mapping(mapping.start, mapping.end, mapping.permissions, mapping.offset, mapping.inode, b"")


def _parsed(lines: Iterator[bytes]) -> Iterator[Mapping]:
    for line in lines:
        fields = line.rstrip(b"\n").split(None, 5)
        if len(fields) < 5:
            continue
        start, _, end = fields[0].partition(b"-")
        path = fields[5].replace(b"\\012", b"\n") if len(fields) == 6 else b""
        yield Mapping(int(start, 16), int(end, 16), fields[1], int(fields[2], 16), int(fields[4]), path)
