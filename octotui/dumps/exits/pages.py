"""Which pages of a mapping have to be read: what was never touched stays a hole, and is not touched by us either."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from octotui.dumps.exits.memorymap import PAGE, Mapping, Source

Run = tuple[int, int]
"""(start, end) of addresses, whole pages."""

_ENTRY = 8
_PAGES_AT_ONCE = 1 << 17
# Of each entry's highest byte: bit 63 present, bit 62 swapped out.
_HAS_CONTENT = bytes(1 if byte & 0xC0 else 0 for byte in range(256))


def touched(pagemap: int, start: int, end: int) -> Iterator[Run]:
    """The runs of pages that the process has, in memory or swapped out, by an open `/proc/PID/pagemap`."""
    first, last = start // PAGE, end // PAGE
    while first < last:
        count = min(last - first, _PAGES_AT_ONCE)
        raw = os.pread(pagemap, count * _ENTRY, first * _ENTRY)
        flags = raw[_ENTRY - 1 :: _ENTRY].translate(_HAS_CONTENT)
        if not flags:
            yield first * PAGE, last * PAGE
            return
        at = flags.find(1)
        while at >= 0:
            stop = flags.find(0, at)
            stop = len(flags) if stop < 0 else stop
            yield (first + at) * PAGE, (first + stop) * PAGE
            at = flags.find(1, stop)
        first += len(flags)


def merged(runs: Iterator[Run]) -> Iterator[Run]:
    """Sorted runs of which some meet or overlap, as runs that do not."""
    low = high = -1
    for start, end in runs:
        if start <= high:
            high = max(high, end)
            continue
        if high > low:
            yield low, high
        low, high = start, end
    if high > low:
        yield low, high


def runs_of(mapping: Mapping, pagemap: int, files: str) -> Iterator[Run]:
    """What to read of a mapping. `files` is `/proc/PID/map_files` of the process.

    May block where a file's system does not answer. A file that turns out to be a device is not read at all.
    """
    if mapping.source is Source.PRIVATE:
        yield from touched(pagemap, mapping.start, mapping.end)
    elif mapping.source is Source.KERNEL:
        yield mapping.start, mapping.end
    else:
        yield from _of_file(mapping, pagemap, f"{files}/{mapping.start:x}-{mapping.end:x}")


def _of_file(mapping: Mapping, pagemap: int, link: str) -> Iterator[Run]:
    try:
        kind = os.stat(link)
    except OSError:
        # Only the privileged may follow the link: without, the path has to do.
        yield mapping.start, mapping.end
        return
    is_regular, is_zero = stat.S_ISREG(kind.st_mode), kind.st_rdev == os.makedev(1, 5)
    if not is_regular and not is_zero:
        return
    held = list(_written(link, mapping)) if is_regular else [(mapping.start, mapping.end)]
    if held == [(mapping.start, mapping.end)]:
        yield from held
        return
    # A private mapping has changed pages of its own where its file has holes.
    yield from merged(iter(sorted([*held, *touched(pagemap, mapping.start, mapping.end)])))


def _written(link: str, mapping: Mapping) -> Iterator[Run]:
    """What of the mapping its file holds: holes of a sparse file would be filled by reading them."""
    try:
        descriptor = os.open(link, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        yield mapping.start, mapping.end
        return
    try:
        position, stop = mapping.offset, mapping.offset + mapping.length
        while position < stop:
            begin = os.lseek(descriptor, position, os.SEEK_DATA)
            end = os.lseek(descriptor, begin, os.SEEK_HOLE)
            if begin >= stop or end <= position:
                return
            low = mapping.start + max(begin, mapping.offset) - mapping.offset
            high = mapping.start + min(end, stop) - mapping.offset
            yield low // PAGE * PAGE, min(-(-high // PAGE) * PAGE, mapping.end)
            position = end
    except OSError as error:
        if error.errno != errno.ENXIO:
            yield mapping.start, mapping.end
    finally:
        os.close(descriptor)
