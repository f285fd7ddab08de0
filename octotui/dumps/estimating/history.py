"""What earlier captures on this host cost: the ground for the next estimate. One JSON line each, never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from octotui.dumps.disk.files import open_regular
from octotui.dumps.model import Medium

LARGEST_BYTES = 1 << 20
LONGEST_DEVICE = 24


@dataclass(frozen=True, slots=True)
class Entry:
    """One capture that succeeded. `pause_seconds` was measured; 0 where it says nothing of the pause of another.

    `medium` is what was written to while the target stood still, `device` its number ("8:1", "" when unknown);
    `foreseen_bytes` is what `/proc` had promised before anything learned was applied to it, 0 when unknown;
    `runtime` is the runtime's major version, "" when unknown.
    """

    backend: str
    type: str
    bytes: int
    seconds: float
    pause_seconds: float
    medium: str = Medium.DISK.value
    device: str = ""
    foreseen_bytes: int = 0
    runtime: str = ""


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


def device_name(device: int) -> str:
    """A device number as entries hold it."""
    return f"{os.major(device)}:{os.minor(device)}"


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
            entry = _parsed(json.loads(line))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, AttributeError):
            continue
        if 0 < entry.bytes < 1 << 60 and 0 <= entry.pause_seconds < 1e6:
            yield entry


def _parsed(found: dict[str, Any]) -> Entry:
    return Entry(
        backend=str(found["backend"]),
        type=str(found["type"]),
        bytes=int(found["bytes"]),
        seconds=float(found["seconds"]),
        pause_seconds=float(found["pause_seconds"]),
        medium=Medium(found.get("medium", Medium.DISK.value)).value,
        device=str(found.get("device", ""))[:LONGEST_DEVICE],
        foreseen_bytes=min(max(0, int(found.get("foreseen_bytes", 0))), 1 << 60),
        runtime=str(found.get("runtime", ""))[:LONGEST_DEVICE],
    )
