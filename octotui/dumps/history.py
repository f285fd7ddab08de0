"""What earlier captures on this host cost: the ground for the next estimate. One JSON line each, never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from octotui.dumps.files import open_regular

MOST_USED = 20
LARGEST_BYTES = 1 << 20
SMALLEST_TOLD_BYTES = 32 << 20
"""Below this the fixed part of a pause says more than the throughput: such captures are left out of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One capture that succeeded. `pause_seconds` was measured."""

    backend: str
    type: str
    bytes: int
    seconds: float
    pause_seconds: float


class History:
    """Remembers captures in `path`, or in memory only when it is None."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: list[Entry] | None = None if path else []

    def entries(self) -> tuple[Entry, ...]:
        """Oldest first; lines that make no sense are skipped. Blocks for a small file."""
        if self._entries is None:
            self._entries = list(_read(self._path)) if self._path else []
        return tuple(self._entries)

    def add(self, entry: Entry) -> None:
        """Remembers `entry`. A file that cannot be written costs the memory of this run only."""
        known = list(self.entries())
        self._entries = [*known, entry]
        if self._path is None:
            return
        try:
            descriptor = open_regular(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        except OSError:
            return
        try:
            os.write(descriptor, (json.dumps(asdict(entry)) + "\n").encode())
        except OSError:
            return
        finally:
            os.close(descriptor)

    def fixed_seconds(self, backend: str) -> float | None:
        """Median pause of the last small captures of `backend`: what a pause costs before much is written."""
        pauses = [e.pause_seconds for e in self.entries() if e.backend == backend and e.bytes < SMALLEST_TOLD_BYTES]
        return median(pauses[-MOST_USED:]) if pauses else None

    def throughput(self, backend: str, fixed_seconds: float) -> float | None:
        """Median bytes per second over the last captures of `backend`; None when there are none to tell.

        `fixed_seconds` is taken off each pause, but never more than half of it.
        """
        rates = [
            entry.bytes / max(entry.pause_seconds - fixed_seconds, entry.pause_seconds / 2)
            for entry in self.entries()
            if entry.backend == backend and entry.bytes >= SMALLEST_TOLD_BYTES
        ]
        return median(rates[-MOST_USED:]) if rates else None


def _read(path: Path) -> Iterable[Entry]:
    try:
        with open(open_regular(path, os.O_RDONLY), "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - LARGEST_BYTES))
            lines = stream.read(LARGEST_BYTES).splitlines()
    except OSError:
        return
    for line in lines:
        try:
            found = json.loads(line)
            entry = Entry(
                backend=str(found["backend"]),
                type=str(found["type"]),
                bytes=int(found["bytes"]),
                seconds=float(found["seconds"]),
                pause_seconds=float(found["pause_seconds"]),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
        if entry.bytes > 0 and 0 < entry.pause_seconds < 1e6:
            yield entry
