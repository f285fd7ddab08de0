"""Notices the instant in which the .NET runtime of a young process can be captured."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from octotui.dotnet import kernel, maps
from octotui.dotnet.sockets import candidate_paths, is_socket_of, read_environment
from octotui.dumps.sentry.loop import Loop, Timer
from octotui.processes.model import ProcessKey

QUICK_SECONDS = 0.005
QUICK_FOR_SECONDS = 3.0
SLOW_SECONDS = 0.05
SLOW_FOR_SECONDS = 60.0
RARE_SECONDS = 1.0
LOOKS_PER_SECOND = 2000
"""Of all processes together, each of which takes about 25 us: hundreds without a runtime must not cost a core."""

UNNAMED_SECONDS = 0.1
"""After so long a runtime counts as ready though it names no finalizer, as those before .NET 6."""

_LOOKS_PER_MAP = 8
_PROC = Path("/proc")
_FINALIZER = b".NET Finalizer\n"
_MOST_THREADS = 64


class Readiness:
    """Looks at processes until their runtime is ready: its diagnostics socket is there, or its library is mapped, and
    its finalizer runs, which it starts when all that a dump needs is in place.
    """

    def __init__(self, loop: Loop, tell_ready: Callable[[ProcessKey], None]) -> None:
        self._loop = loop
        self._tell_ready = tell_ready
        self._waiting: dict[ProcessKey, _Start] = {}
        self._timer: Timer | None = None

    def wait_for(self, key: ProcessKey) -> None:
        """Begins to look; `tell_ready` is called once, unless `drop` comes first."""
        if key not in self._waiting:
            self._waiting[key] = _Start(key)
            self._schedule(0.0)

    def rest(self, key: ProcessKey, is_resting: bool) -> None:
        """Leaves a process alone while it stands still; what it needs after that begins again."""
        if (start := self._waiting.get(key)) is not None:
            start.is_resting = is_resting
            if not is_resting:
                start.begin()
                self._schedule(0.0)

    def drop(self, key: ProcessKey) -> None:
        self._waiting.pop(key, None)

    def _schedule(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        if self._timer is not None:
            if self._timer.due <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        now = time.monotonic()
        soonest: float | None = None
        share = sum(not start.is_resting for start in self._waiting.values()) / LOOKS_PER_SECOND
        for start in list(self._waiting.values()):
            if start.is_resting:
                continue
            if start.next_at <= now:
                if start.is_ready(now):
                    del self._waiting[start.key]
                    self._tell_ready(start.key)
                    continue
                start.next_at = now + max(start.pace(now), share)
            soonest = start.next_at if soonest is None else min(soonest, start.next_at)
        if soonest is not None:
            # Not for each by itself: whoever is due within the same moment is looked at together.
            self._schedule(max(QUICK_SECONDS, soonest - time.monotonic()))


class _Start:
    """One process on its way."""

    def __init__(self, key: ProcessKey) -> None:
        self.key = key
        self.is_resting = False
        self.begin()

    def begin(self) -> None:
        self._begun = self.next_at = time.monotonic()
        self._looks = 0
        self._paths: tuple[str, ...] = ()
        self._uid = -1
        self._seen_at: float | None = None

    def pace(self, now: float) -> float:
        """Seconds until it is looked at again."""
        waited = now - self._begun
        if waited < QUICK_FOR_SECONDS:
            return QUICK_SECONDS
        return SLOW_SECONDS if waited < SLOW_FOR_SECONDS else RARE_SECONDS

    def is_ready(self, now: float) -> bool:
        try:
            if self._seen_at is None and not self._is_there():
                return False
            if self._seen_at is None:
                self._seen_at = now
            return now - self._seen_at >= UNNAMED_SECONDS or _has_finalizer(self.key.pid)
        except OSError:
            # It may not be looked at, or it ended just now, of which its pidfd tells.
            return False

    def _is_there(self) -> bool:
        if self._looks % _LOOKS_PER_MAP == 0:
            # A program that changes its user, as one that starts others does, moves its socket with it.
            self._find_paths()
        self._looks += 1
        if any(is_socket_of(path, self._uid) for path in self._paths):
            return True
        return self._looks % _LOOKS_PER_MAP == 0 and maps.has_runtime(self.key.pid, _PROC)

    def _find_paths(self) -> None:
        pid = self.key.pid
        status = kernel.parse_status(kernel.read_bounded(_PROC / str(pid) / "status"))
        try:
            is_shared = kernel.same_namespace(pid, "mnt", _PROC) and kernel.same_root(pid, _PROC)
        except OSError:
            is_shared = True
        self._uid = status.uid
        self._paths = candidate_paths(
            self.key,
            namespace_pid=status.namespace_pid or pid,
            same_root=is_shared,
            environment=read_environment(pid, _PROC),
            cwd=os.readlink(_PROC / str(pid) / "cwd"),
        )


def _has_finalizer(pid: int) -> bool:
    directory = f"/proc/{pid}/task"
    for thread in os.listdir(directory)[:_MOST_THREADS]:
        try:
            descriptor = os.open(f"{directory}/{thread}/comm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if os.read(descriptor, 64) == _FINALIZER:
                return True
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return False
