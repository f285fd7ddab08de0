"""Which process ids were handed out since the last look: what finds new processes where the kernel tells of none.

`/proc/loadavg` ends with the id that was handed out last. One small read instead of a listing of all processes; what
began and ended between two looks is missed.
"""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from types import TracebackType

MOST_CANDIDATES = 1000
"""More ids than this cost more to try one by one than a listing of all processes does."""

_LONGEST_LINE = 128
_FIRST_AFTER_WRAP = 300
"""The kernel keeps the ids below for what starts with the host."""

_PROC = Path("/proc")
_EXIT_SIGNAL = 35
_NO_SIGNAL = b"-1"


class NewestPid:
    """The ids that were handed out below `root`, a mounted proc file system, since the last look."""

    def __init__(self, root: Path = _PROC, *, most: int = MOST_CANDIDATES) -> None:
        self._root = root
        self._most = most
        self._descriptor = _opened(root)
        self._last = self._newest()
        self._told: tuple[int, ...] = ()

    def __enter__(self) -> NewestPid:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def appeared(self) -> tuple[int, ...] | None:
        """Candidates, oldest first; None if only a full listing can tell.

        A candidate may be gone again, or be a thread, which answers below `/proc` like a process: see `is_thread`.
        Each is told at two looks, for an id is handed out a moment before its process can be seen.
        """
        told, self._told = self._told, ()
        handed_out = self._handed_out()
        if handed_out is None:
            return None
        self._told = handed_out
        return told + handed_out

    def _handed_out(self) -> tuple[int, ...] | None:
        last, newest = self._last, self._newest()
        self._last = newest
        if 0 in (last, newest):
            return None
        if newest >= last:
            return tuple(range(last + 1, newest + 1)) if newest - last <= self._most else None
        limit = self._limit()
        if limit <= last or newest < _FIRST_AFTER_WRAP:
            return None
        wrapped = (range(last + 1, limit), range(_FIRST_AFTER_WRAP, newest + 1))
        return tuple(chain(*wrapped)) if sum(map(len, wrapped)) <= self._most else None

    def close(self) -> None:
        """Closes the file. A later look asks for a full listing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _newest(self) -> int:
        """The id that was handed out last, 0 if it cannot be known."""
        if self._descriptor < 0:
            return 0
        try:
            return max(0, int(os.pread(self._descriptor, _LONGEST_LINE, 0).split()[4]))
        except (OSError, ValueError, IndexError):
            return 0

    def _limit(self) -> int:
        """The id that is never reached, 0 if it cannot be known. It can be changed at any time."""
        try:
            return int((self._root / "sys/kernel/pid_max").read_bytes())
        except (OSError, ValueError):
            return 0


def is_thread(stat: bytes) -> bool:
    """Whether the `stat` of a candidate is that of a mere thread, which signals nobody when it ends."""
    fields = stat[stat.rfind(b")") + 2 :].split(None, _EXIT_SIGNAL + 1)
    return len(fields) > _EXIT_SIGNAL and fields[_EXIT_SIGNAL] == _NO_SIGNAL


def _opened(root: Path) -> int:
    """The load averages kept open; -1 if they are not there or are a container runtime's own, with ids of its own."""
    try:
        descriptor = os.open(root / "loadavg", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
    if os.fstat(descriptor).st_dev != os.stat(root).st_dev:
        os.close(descriptor)
        return -1
    return descriptor
