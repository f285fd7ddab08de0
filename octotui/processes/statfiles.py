"""The `stat` files of processes, kept open where that is cheaper than opening them again at every look."""

from __future__ import annotations

import errno
import os
import resource
import weakref

from octotui.processes.entry import LONGEST_STAT

RESERVED = 256
"""Descriptors that are left to the rest of the program."""

MOST = 8192


class StatFiles:
    """Reads `stat` of a pid below a proc file system. At most `most` files stay open; the rest is opened each time.

    A kept file answers for one process only: after its end it gives nothing, whoever has the pid then.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[int, int] = {}
        self._close = weakref.finalize(self, _close_all, self._kept)

    def read(self, directory: int, pid: int) -> bytes:
        """The content of the `stat` file of `pid` below the open `directory`; nothing when there is no such process.

        Raises OSError when there are no descriptors left: that says nothing of the process.
        """
        descriptor = self._kept.get(pid)
        if descriptor is not None:
            try:
                return os.pread(descriptor, LONGEST_STAT, 0)
            except OSError:
                # That process is gone; the pid may be another one's by now.
                self.forget(pid)
        try:
            descriptor = os.open(f"{pid}/stat", os.O_RDONLY, dir_fd=directory)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise
            return b""
        try:
            raw = os.read(descriptor, LONGEST_STAT)
        except OSError:
            raw = b""
        if raw and len(self._kept) < self._most:
            self._kept[pid] = descriptor
        else:
            os.close(descriptor)
        return raw

    def forget(self, pid: int) -> None:
        descriptor = self._kept.pop(pid, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close all files; further reads open them anew."""
        _close_all(self._kept)


def most_files() -> int:
    """How many files may be kept open within the limit of this process, which is left as it is."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(0, min(MOST, MOST if soft == resource.RLIM_INFINITY else soft - RESERVED))


def _close_all(kept: dict[int, int]) -> None:
    while kept:
        os.close(kept.popitem()[1])
