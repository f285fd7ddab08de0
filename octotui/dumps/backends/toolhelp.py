"""What a createdump says of itself: whom it would dump, read from its file and never by starting it."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from octotui.dotnet.kernel import read_foreign

LARGEST_TOOL = 32 << 20
"""Bytes read of one tool; createdump 8.0 has a tenth of a megabyte."""

FIRST_VERSION_WITHOUT_PID = 11

_TAKES_A_PID = b"createdump [options] pid"
_DUMPS_ITS_PARENT = (
    b"of its parent process",
    b"pid argument is no longer supported",
    b"a target PID cannot be specified",
)
_NEEDS_NO_LIBRARY = b"--singlefile"


class Whom(StrEnum):
    """Whom a createdump dumps when it is started with a pid."""

    THE_PID = "pid"
    ITS_PARENT = "parent"
    UNKNOWN = "unknown"


def whom(path: str, version: str = "") -> Whom:
    """Whom the createdump at `path` would dump. One that was never seen to take a pid is not taken to do so.

    `version` is its runtime's: from .NET 11 on it dumps its parent, whatever its file says.
    """
    major = version.partition(".")[0]
    if major.isdigit() and int(major) >= FIRST_VERSION_WITHOUT_PID:
        return Whom.ITS_PARENT
    return _said_by(path)[0]


def knows_single_file(path: str) -> bool:
    """Whether it can write a full dump without opening a library of the target."""
    return _said_by(path)[1]


def _said_by(path: str) -> tuple[Whom, bool]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return Whom.UNKNOWN, False
    return _read(os.path.realpath(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: str, *_identity: int) -> tuple[Whom, bool]:
    try:
        content = read_foreign(Path(path), LARGEST_TOOL)
    except (OSError, ValueError):
        return Whom.UNKNOWN, False
    if any(words in content for words in _DUMPS_ITS_PARENT):
        return Whom.ITS_PARENT, False
    if _TAKES_A_PID in content:
        return Whom.THE_PID, _NEEDS_NO_LIBRARY in content
    return Whom.UNKNOWN, False
