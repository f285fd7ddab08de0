"""Emptying a directory that a stranger filled: by descriptor, without following links, within bounds."""

from __future__ import annotations

import contextlib
import os
import stat
from itertools import islice

MOST_ENTRIES = 10_000
MOST_DEPTH = 16

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def claim(descriptor: int) -> None:
    """Makes an open directory ours and closes it to all others, whatever mode its owner gave it. Raises OSError."""
    if os.fstat(descriptor).st_uid != os.geteuid():
        os.fchown(descriptor, os.geteuid(), os.getegid())
    os.fchmod(descriptor, 0o700)


def clear(descriptor: int, writer_uid: int, *, is_claimed: bool) -> None:
    """Removes what is in an open directory, as far as that can be done. Never raises.

    With `is_claimed` each directory below is made ours before it is entered; else its owner's rights have to do.
    """
    _clear(descriptor, writer_uid, is_claimed, MOST_ENTRIES, MOST_DEPTH)


def _clear(directory: int, writer_uid: int, is_claimed: bool, left: int, depth: int) -> int:
    """As `clear`; returns how many more entries may be looked at."""
    found: list[os.DirEntry[str]] = []
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        found = list(islice(entries, left))
    for entry in found:
        left -= 1
        if left >= 0:
            with contextlib.suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.name, dir_fd=directory)
                elif depth > 0:
                    left = _clear_below(directory, entry.name, writer_uid, is_claimed, left, depth)
                    os.rmdir(entry.name, dir_fd=directory)
    return max(left, 0)


def _clear_below(parent: int, name: str, writer_uid: int, is_claimed: bool, left: int, depth: int) -> int:
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        found = os.fstat(descriptor)
        was_claimed = found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077
        if found.st_uid != writer_uid and not was_claimed:
            return left
        if is_claimed:
            claim(descriptor)
        else:
            os.fchmod(descriptor, 0o700)
        return _clear(descriptor, writer_uid, is_claimed, left, depth - 1)
    finally:
        os.close(descriptor)
