"""Which pids were given out since the last look, by the newest one: one small file, however many processes run."""

from __future__ import annotations

from octotui.processes.entry import content

MOST = 2048
"""Pids that are worth a look one by one; where more were given out, a list of all processes is cheaper."""


class NewestPid:
    """Reads `loadavg`, whose last word is the pid that was given out last, to a process or to a thread."""

    def __init__(self) -> None:
        self._last: int | None = None

    def appeared(self, directory: int) -> range | None:
        """The pids given out since the call before; None when that cannot be told, or when they are too many.

        `directory` is an open proc file system. After the highest pid the kernel begins anew, which counts as not told.
        """
        last, self._last = self._last, _newest(directory)
        newest = self._last
        if last is None or newest is None or newest < last or newest - last > MOST:
            return None
        return range(last + 1, newest + 1)


def is_process(directory: int, pid: int) -> bool:
    """Whether `pid` is that of a process: those of threads have files too, though no list names them."""
    for line in content(directory, f"{pid}/status", 4096).splitlines():
        if line.startswith(b"Tgid:"):
            return line.split()[-1] == b"%d" % pid
    return False


def _newest(directory: int) -> int | None:
    words = content(directory, "loadavg", 256).split()
    return int(words[-1]) if words and words[-1].isdigit() and len(words[-1]) < 10 else None
