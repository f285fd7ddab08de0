"""What a path passes on its way to a file: every directory and link, with owner and mode."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MOST_LINKS = 40


@dataclass(frozen=True, slots=True)
class Component:
    """A directory, link or file on the way. `path` is as seen from the root that was walked."""

    path: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)


def walk(path: str, root: Path = Path("/")) -> Iterator[Component]:
    """The components of the absolute `path`, root directory first, links followed inside `root` as a chroot would.

    Raises OSError when a component is absent or there are too many links, ValueError when `path` is not absolute.
    """
    if not path.startswith("/"):
        raise ValueError(f"not an absolute path: {path!r}")
    yield Component("/", os.stat(root))
    waiting = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    reached: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            reached = reached[:-1]
            continue
        here = "/".join([*reached, part])
        status = os.lstat(root / here)
        yield Component("/" + here, status)
        if not stat.S_ISLNK(status.st_mode):
            reached.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(f"too many links on the way to {path}")
        target = os.readlink(root / here)
        if target.startswith("/"):
            reached = []
        waiting += [step for step in reversed(target.split("/")) if step not in ("", ".")]


def resolved(path: str, root: Path) -> str:
    """The absolute `path` without links, as a process whose root directory is `root` reaches it.

    `path` as it is when it does not lead anywhere.
    """
    reached = path
    try:
        for component in walk(path, root):
            if not component.is_link:
                reached = component.path
    except (OSError, ValueError):
        return path
    return reached
