"""Whether another user may run a file: what `execve` would say to it, without trying."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from octotui.dotnet.pathwalk import walk
from octotui.text import printable


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a file would be run. `overrides_modes`: holds CAP_DAC_OVERRIDE, as root does unless it was taken away."""

    uid: int
    gid: int
    groups: Collection[int] = ()
    overrides_modes: bool = False

    def may_execute(self, status: os.stat_result) -> bool:
        """By owner, group and other bits. A directory's x bit is its leave to pass; with the capability a directory
        is always passed and a file needs one x bit of the three."""
        mode = status.st_mode
        if self.overrides_modes:
            return stat.S_ISDIR(mode) or bool(mode & 0o111)
        if status.st_uid == self.uid:
            return bool(mode & stat.S_IXUSR)
        if status.st_gid == self.gid or status.st_gid in self.groups:
            return bool(mode & stat.S_IXGRP)
        return bool(mode & stat.S_IXOTH)


def why_not_runnable(path: str, who: Identity, *, root: Path = Path("/")) -> str:
    """Why `who` cannot execute the absolute `path` below `root`, in words; "" when it can.

    Looks at each directory on the way, the file's type and mode and its mount's noexec flag; access control lists
    and security modules are not asked.
    """
    last = None
    try:
        for component in walk(path, root):
            last = component
            if component.is_directory and not who.may_execute(component.status):
                return f"uid {who.uid} may not pass the directory {printable(component.path)}"
    except FileNotFoundError:
        return f"there is no {printable(path)}"
    except NotADirectoryError:
        return f"there is no {printable(path)}"
    except PermissionError:
        return f"octotui may not look at {printable(path)}"
    except (OSError, ValueError) as error:
        return f"{printable(path)} cannot be looked at ({printable(str(error))})"
    if last is None or not stat.S_ISREG(last.status.st_mode):
        return f"{printable(path)} is not a regular file"
    if not who.may_execute(last.status):
        mode = stat.S_IMODE(last.status.st_mode)
        return f"{printable(path)} is not executable for uid {who.uid} (mode {mode:04o})"
    if os.statvfs(root / last.path.lstrip("/")).f_flag & os.ST_NOEXEC:
        return f"{printable(path)} lies on a file system mounted noexec"
    return ""
