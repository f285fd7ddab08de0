"""Whether root may run what lies at a path: nobody but root can have changed it, or can change it yet."""

from __future__ import annotations

import stat
from pathlib import Path

from octotui.dotnet.pathwalk import Component, walk

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def first_untrusted(path: str, *, root: Path = Path("/"), owner: int = 0) -> str:
    """The first component of the absolute `path` that someone other than `owner` (root) can change; "" for none.

    Each directory, link and file on the way must belong to `owner` and must not be writable by its group or by
    others; a sticky directory may be, since only the owner of a name in it can take that name away. A component
    that is absent or cannot be looked at counts as untrusted, and so does a path that is not absolute.
    """
    reached = path
    try:
        for component in walk(path, root):
            reached = component.path
            if not _is_trusted(component, owner):
                return reached
    except (OSError, ValueError):
        return path
    return ""


def _is_trusted(component: Component, owner: int) -> bool:
    status = component.status
    if status.st_uid != owner:
        return False
    if component.is_link or not status.st_mode & _WRITABLE_BY_OTHERS:
        return True
    return component.is_directory and bool(status.st_mode & stat.S_ISVTX)
