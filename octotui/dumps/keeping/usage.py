"""What the files of a store take up on their disk, and which of its dumps have to go to make room."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from octotui.dumps.disk.filesystems import FileSystem, file_system_of
from octotui.dumps.keeping.limits import Fullness, Limits
from octotui.dumps.keeping.records import DumpRecord

BLOCK = 512
DEEPEST = 4
"""Levels of directories that are counted; octotui itself makes one."""


def used_bytes(directory: Path) -> int:
    """Bytes on disk of every file below `directory`, whoever put it there; 0 when it is absent.

    Holes take nothing, and a file with two names counts once. What cannot be looked into is left out.
    """
    seen: set[tuple[int, int]] = set()
    used = 0
    for found in _files(directory, DEEPEST):
        if found.st_nlink > 1:
            identity = found.st_dev, found.st_ino
            if identity in seen:
                continue
            seen.add(identity)
        used += found.st_blocks * BLOCK
    return used


def fullness(directory: Path, limits: Limits, disk: FileSystem | None = None) -> Fullness:
    """How the store in `directory` stands to `limits`. Raises OSError when its disk cannot be asked."""
    disk = disk or file_system_of(directory)
    return limits.fullness(used_bytes=used_bytes(directory), free_bytes=disk.free_bytes, total_bytes=disk.total_bytes)


def oldest_for(records: Iterable[DumpRecord], missing: int) -> tuple[DumpRecord, ...]:
    """The oldest dumps whose removal gives `missing` bytes back; () when all of them together do not."""
    if missing <= 0:
        return ()
    chosen: list[DumpRecord] = []
    for record in sorted(records, key=lambda record: (record.taken_at, record.name)):
        if record.path is not None and record.freed_bytes > 0:
            chosen.append(record)
            missing -= record.freed_bytes
            if missing <= 0:
                return tuple(chosen)
    return ()


def _files(directory: Path, levels: int) -> Iterator[os.stat_result]:
    """The regular files below `directory` on its own file system; links are not followed."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    yield found
                elif stat.S_ISDIR(found.st_mode) and levels > 0 and not os.path.ismount(entry.path):
                    yield from _files(Path(entry.path), levels - 1)
