"""Where tracers write the dumps of ends, and what they tell of each end."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octotui.dumps.captures.workplace import STAGED_NAME, Workshop
from octotui.dumps.staged.journal import Entry, Journal, boot_id, new_token, own_identity
from octotui.dumps.staged.places import own_place
from octotui.dumps.staged.staging import Staging
from octotui.errors import CaptureFailed
from octotui.processes.model import ProcessKey

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def dump_name(key: ProcessKey) -> str:
    """What the sentry has a tracer call its file."""
    return f"dump-{key.pid}-{key.started}"


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a traced process ended, as its tracer tells. `status` is the wait status; seconds are None when unknown.

    `left_managed` are the ids of threads that had left managed code by then.
    """

    path: str
    status: int
    pause_seconds: float | None = None
    life_seconds: float | None = None
    threads: int = 0
    late: int = 0
    left_managed: tuple[int, ...] = ()

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> ProcessEnd:
        """From the news `written`."""
        left = message.get("left_managed")
        return cls(
            path=str(message.get("path") or ""),
            status=_whole(message.get("status")),
            pause_seconds=_seconds(message.get("pause_seconds")),
            life_seconds=_seconds(message.get("life_seconds")),
            threads=_count(message.get("threads")),
            late=_count(message.get("late")),
            left_managed=tuple(sorted(int(tid) for tid in left)) if isinstance(left, list | tuple) else (),
        )

    def as_json(self) -> dict[str, Any]:
        """What the record of the dump says of the end."""
        code = os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else None
        signal = os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None
        return {
            "wait_status": self.status,
            "exit_code": code,
            "signal": signal,
            "life_seconds": None if self.life_seconds is None else round(self.life_seconds, 3),
            "threads": self.threads,
            "threads_not_stopped": self.late,
            "threads_that_left_managed_code": list(self.left_managed),
        }


class TraceDirectory:
    """Where the tracers of one rule write: a private directory that the journal knows. Methods block shortly."""

    def __init__(self, staging: Staging, journal: Journal, token: str) -> None:
        self._staging = staging
        self._journal = journal
        self._token = token

    @classmethod
    def make(cls, workshop: Workshop, destination: Path) -> TraceDirectory:
        """Raises StoreError or CaptureFailed when there is no place for it."""
        store = workshop.store
        store.prepare(destination)
        os.close(store.open_destination(destination))
        staging = Staging.make(own_place(destination, store.staging), STAGED_NAME)
        owner, owner_started = own_identity()
        device, inode = staging.identity
        entry = Entry(
            owner_pid=owner,
            owner_started=owner_started,
            target_pid=0,
            target_started=0,
            namespace_pid=0,
            staging=str(staging.directory),
            device=device,
            inode=inode,
            file=STAGED_NAME,
            writer_uid=os.geteuid(),
            destination=str(destination),
            name="ends",
            record={},
            boot=boot_id(),
            is_common=True,
        )
        journal, token = Journal(store.jobs), new_token(staging.directory.name)
        try:
            journal.add(token, entry)
        except BaseException:
            staging.remove()
            raise
        return cls(staging, journal, token)

    @property
    def path(self) -> Path:
        return self._staging.directory

    def size_of(self, path: str) -> int:
        """Bytes of the file that a tracer wrote. Raises CaptureFailed when it is not there."""
        try:
            return os.stat(self._named(path), dir_fd=self._staging.descriptor, follow_symlinks=False).st_size
        except OSError as error:
            raise CaptureFailed(f"the tracer's dump is not there ({error.strerror})", code="no-file") from error

    def move_out(self, path: str, place: Staging) -> None:
        """Moves the file that a tracer wrote into a staging directory of its own. Raises CaptureFailed."""
        try:
            os.rename(self._named(path), place.name, src_dir_fd=self._staging.descriptor, dst_dir_fd=place.descriptor)
        except OSError as error:
            raise CaptureFailed(f"the tracer's dump cannot be taken ({error.strerror})", code="no-file") from error

    def _named(self, path: str) -> str:
        """The name of a file in this directory."""
        name = os.path.basename(path)
        if os.path.dirname(path) != str(self.path) or not _SAFE_NAME.fullmatch(name):
            raise CaptureFailed("the tracer wrote its dump to another place than it was told", code="tampered")
        return name

    def drop(self, path: str) -> None:
        """Removes a file that nobody wants any more."""
        name = os.path.basename(path)
        if _SAFE_NAME.fullmatch(name):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._staging.descriptor)

    def remove(self) -> None:
        """It and what is left in it. May be called twice."""
        self._staging.remove()
        self._journal.remove(self._token)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 16 else 0


def _count(value: object) -> int:
    """A number, or how many there are of what is listed."""
    if isinstance(value, list | tuple):
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
