"""Temporary homes of the demo: named after the process that made them, so that a later one can clear up."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from octotui.demo.standin import start_ticks

HOME_VARIABLE = "OCTOTUI_DEMO_HOME"
_NAME = re.compile(r"octotui-demo-(\d{1,10})-(\d{1,20})-\w+")
_LONGEST = 40


def temporary_root() -> Path:
    """The system's temp directory, or /tmp where its path is so long that a socket's would not fit below it."""
    chosen = Path(tempfile.gettempdir())
    return chosen if len(str(chosen)) <= _LONGEST else Path("/tmp")


def make_home(root: Path | None = None) -> Path:
    """A new directory of mode 0700 that names this process as its starter, with `tmp` in it."""
    pid = os.getpid()
    home = Path(tempfile.mkdtemp(prefix=f"octotui-demo-{pid}-{start_ticks(pid)}-", dir=root or temporary_root()))
    (home / "tmp").mkdir(mode=0o700)
    return home


def remove_stale_homes(root: Path | None = None) -> tuple[Path, ...]:
    """Removes the homes of this user whose starter has ended; returns those it removed."""
    directory = root or temporary_root()
    removed = []
    for name in os.listdir(directory):
        match = _NAME.fullmatch(name)
        if match is None or _is_running(int(match[1]), int(match[2])):
            continue
        path = directory / name
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
    return tuple(removed)


def _is_running(pid: int, started: int) -> bool:
    try:
        return start_ticks(pid) == started
    except (OSError, IndexError, ValueError):
        return False
