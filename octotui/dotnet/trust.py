"""Whether root may run what lies at a path: nobody but root can have changed it, or can change it yet."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from octotui.dotnet.pathwalk import walk

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


ROOT = frozenset({0})
MOST_BELOW = 2000


def first_untrusted(path: str, *, root: Path = Path("/"), owners: Collection[int] = ROOT) -> str:
    """The first component of the absolute `path` that someone not among `owners` (root) can change; "" for none.

    Each directory, link and file on the way must belong to one of `owners` and must not be writable by its group or
    by others; a sticky directory may be, since only the owner of a name in it can take that name away. A component
    that is absent or cannot be looked at counts as untrusted, and so does a path that is not absolute.
    """
    reached = path
    try:
        for component in walk(path, root):
            reached = component.path
            if not _is_trusted(component.status, owners):
                return reached
    except (OSError, ValueError):
        return path
    return ""


def first_untrusted_below(directory: str, *, owners: Collection[int] = ROOT) -> str:
    """The first file or directory below `directory` that someone not among `owners` can change; "" for none.

    The way to `directory` is not looked at. A tree of more than `MOST_BELOW` names, or one that cannot be looked
    through, counts as untrusted.
    """
    waiting, seen = [directory], 0
    while waiting:
        reached = waiting.pop()
        try:
            with os.scandir(reached) as entries:
                for entry in entries:
                    seen += 1
                    if seen > MOST_BELOW or not _is_trusted(entry.stat(follow_symlinks=False), owners):
                        return entry.path
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            return reached
    return ""


def others_can_change(status: os.stat_result) -> bool:
    """Whether someone other than root can change this file, or put a name into this directory (sticky or not)."""
    return status.st_uid != 0 or bool(status.st_mode & _WRITABLE_BY_OTHERS)


def _is_trusted(status: os.stat_result, owners: Collection[int]) -> bool:
    if status.st_uid not in owners:
        return False
    if stat.S_ISLNK(status.st_mode) or not status.st_mode & _WRITABLE_BY_OTHERS:
        return True
    return stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX)
