"""Old traces of an unlucky instant: staging that no journal knows, records that were half written."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from octotui.dumps.disk.files import HALF_WRITTEN, remove_half_copy
from octotui.dumps.keeping.records import RECORD_SUFFIX
from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Journal
from octotui.dumps.staged.shared_memory import home_of, is_our_home
from octotui.dumps.staged.staging import PREFIX, Staging

ABANDONED_SECONDS = 3600.0
EMPTY_SECONDS = 60.0
"""An empty staging directory is in the journal within milliseconds, unless its octotui was ended in between."""


def sweep(store: Store, journal: Journal) -> None:
    """Removes staging directories that the journal does not know and what was half written, when old."""
    in_memory = home_of(store.state)
    places = [store.directory, store.staging]
    if is_our_home(in_memory):
        # Its name can be foreseen, and anybody may put a link or a directory there: nothing is removed behind those.
        places.append(in_memory)
    known = {entry.staging for entry in journal.entries().values()}
    for place in places:
        for path in place.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                if str(path) not in known:
                    _remove_old(path)
    with contextlib.suppress(OSError):
        # It goes with the last that was in it.
        in_memory.rmdir()
    journal.sweep()
    for directory in (store.directory, store.jobs):
        for half in directory.glob(HALF_WRITTEN):
            with contextlib.suppress(OSError):
                if _age(half.lstat().st_mtime) > ABANDONED_SECONDS:
                    half.unlink()


def remove_half_written(directory: int, name: str) -> None:
    """Removes what the octotui that captured the dump `name` was writing beside it when it was ended."""
    remove_half_copy(directory, name)
    half = f".{(name + RECORD_SUFFIX)[:200]}."
    with contextlib.suppress(OSError):
        for found in os.listdir(directory):
            if found.startswith(half) and len(found) == len(half) + 8:
                with contextlib.suppress(OSError):
                    os.unlink(found, dir_fd=directory)


def _remove_old(path: Path) -> None:
    found = path.lstat()
    with os.scandir(path) as entries:
        is_empty = next(entries, None) is None
    if _age(found.st_mtime) > (EMPTY_SECONDS if is_empty else ABANDONED_SECONDS):
        staging = Staging.reopen(path, "", found.st_dev, found.st_ino, found.st_uid)
        if staging is not None:
            staging.remove()


def _age(moment: float) -> float:
    """Seconds since `moment`. A time well in the future is none that a file gets by itself, so it counts as old."""
    age = time.time() - moment
    return age if age > -ABANDONED_SECONDS else ABANDONED_SECONDS + 1
