"""Which parts of a file were written and which are holes, where the file system can tell."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from octotui.dumps.disk.filesystems import file_system_of

MAKES_HOLES_OF_ZEROS = frozenset({"zfs"})
"""File systems that show written zeros as holes when they compress."""


def written(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the stretches of the first `size` bytes that were written; all of it where nobody can tell."""
    position = 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno != errno.ENXIO:
                yield position, size
            return
        if start >= size or end <= position:
            return
        yield start, end
        position = end


def holes(descriptor: int, size: int, most: int = 1000) -> Iterator[tuple[int, int]]:
    """(offset, length) of the first `most` stretches that were never written; none where nobody can tell."""
    position = 0
    for start, end in written(descriptor, size):
        if start > position:
            yield position, start - position
            most -= 1
        position = end
        if most <= 0:
            return
    if position < size:
        yield position, size - position


def ends_in_hole(descriptor: int, size: int) -> bool:
    """True when the last byte was never written, however many holes there are before it."""
    try:
        os.lseek(descriptor, size - 1, os.SEEK_DATA)
    except OSError as error:
        return error.errno == errno.ENXIO
    return False


def is_mostly_holes(descriptor: int, size: int | None = None) -> bool:
    """True when less than half of the file takes up space and holes are the reason, not compression.

    `size` in bytes, asked for when None.
    """
    found = os.fstat(descriptor)
    size = found.st_size if size is None else size
    if found.st_blocks * 512 >= size // 2 or not any(holes(descriptor, size, 1)):
        return False
    return file_system_of(Path(f"/proc/self/fd/{descriptor}")).kind not in MAKES_HOLES_OF_ZEROS
