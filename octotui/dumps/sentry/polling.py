"""New processes where the kernel tells of none: by the newest pid, and by what Tentacle started, 50 times a second.

What begins and ends between two looks is missed. A process is met once when it is new and again each time it became
another program while it is young, for a shell that execs keeps its pid.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import NamedTuple

from octotui.dumps.sentry.glance import Glance
from octotui.dumps.sentry.loop import Loop, Timer
from octotui.octopus.roles import Role
from octotui.processes.newest import NewestPid, is_thread
from octotui.processes.statfile import parse_stat

LOOK_SECONDS = 0.02
SHORTEST_MS = 50
"""The shortest life of which each one was caught by looking so often (benchmarks/catch.py polling)."""

YOUNG_SECONDS = 2.0
LISTING_SECONDS = 1.0
LISTING_ALONE_SECONDS = 0.1
"""Between listings of all processes where not even the newest pid can be known."""

MOST_YOUNG = 2000
MOST_BELOW = 500
_SIZE_AT = 20
_PARENTS_OF_TASKS = frozenset({Role.TENTACLE, Role.SERVER, Role.K8S_RUNNER})
_Program = tuple[int, bytes, int]
"""Start ticks, name, size of the address space: what another process or an exec changes for everybody to see."""


class _Young(NamedTuple):
    """A process that may still become another program: what it was, its age at the last look, when it is due again."""

    program: _Program
    began: float
    due: float


class Polling:
    """Calls `meet` for what a look finds, from the loop, as long as anybody waits."""

    polling_ms = int(LOOK_SECONDS * 1000)

    def __init__(self, loop: Loop, meet: Callable[[int, int], None], reason: str) -> None:
        self.reason = reason
        self._loop = loop
        self._meet = meet
        self._newest = NewestPid()
        self._timer: Timer | None = None
        self._known: set[int] = set()
        self._young: dict[int, _Young] = {}
        self._services: set[int] = set()
        self._listed_at = 0.0
        self._is_blind = False

    def start(self, is_needed: bool) -> None:
        """Whether anybody waits for execs now. What runs when the first one does is not new."""
        if is_needed and self._timer is None:
            # Twice, for each pid is told at two looks.
            self._is_blind = self._newest.appeared() is None or self._newest.appeared() is None
            self._known = set(_listed())
            self._services = set(filter(_is_service, self._known)) if self._is_blind else set()
            self._listed_at = time.monotonic()
            self._timer = self._loop.later(LOOK_SECONDS, self._look)
        elif not is_needed and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._young.clear()

    def close(self) -> None:
        self.start(False)
        self._newest.close()

    def _look(self) -> None:
        now = time.monotonic()
        self._timer = self._loop.later(LOOK_SECONDS, self._look)
        appeared = self._newest.appeared()
        self._is_blind = appeared is None
        if now - self._listed_at >= (LISTING_ALONE_SECONDS if self._is_blind else LISTING_SECONDS):
            self._list(now)
        # A pid that was handed out just now is new, whatever had it before.
        candidates = self._below_services() - self._known if appeared is None else set(appeared)
        for pid in candidates - self._young.keys():
            self._try(pid, now)
        for pid in [pid for pid, young in self._young.items() if young.due <= now]:
            self._try_again(pid, now)

    def _list(self, now: float) -> None:
        """All processes: what the newest pid skipped, and which pids are free to be handed out again."""
        self._listed_at = now
        listed = set(_listed())
        new = listed - self._known - self._young.keys()
        self._known &= listed
        self._services &= listed
        for pid in new:
            self._try(pid, now)

    def _try(self, pid: int, now: float) -> None:
        program = _program(pid, with_zombies=True)
        if program is None:
            return
        self._known.discard(pid)
        self._meet(pid, time.monotonic_ns())
        if len(self._young) < MOST_YOUNG:
            self._young[pid] = _Young(program, now, now + LOOK_SECONDS / 2)
        else:
            self._known.add(pid)

    def _try_again(self, pid: int, now: float) -> None:
        young = self._young[pid]
        program = _program(pid)
        if program is None:
            del self._young[pid]
            return
        if program != young.program:
            self._meet(pid, time.monotonic_ns())
        age = now - young.began
        if age >= YOUNG_SECONDS:
            del self._young[pid]
            self._known.add(pid)
            if self._is_blind and _is_service(pid):
                self._services.add(pid)
        else:
            # Most execs follow their fork at once; the longer one waits, the rarer it is looked at.
            self._young[pid] = _Young(program, young.began, now + age / 2)

    def _below_services(self) -> set[int]:
        """What Tentacle and Server have started and what that has started, where the kernel lists children."""
        found: set[int] = set()
        waiting = list(self._services)
        while waiting and len(found) < MOST_BELOW:
            for child in _children(waiting.pop()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return found


def _listed() -> Iterable[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return []


def _is_service(pid: int) -> bool:
    glance = Glance.at(pid)
    if glance is None:
        return False
    with closing(glance):
        return glance.finding.role in _PARENTS_OF_TASKS


def _children(pid: int) -> list[int]:
    """Children of every thread of a process: each is listed with the thread that forked it."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += [int(child) for child in _read(f"/proc/{pid}/task/{thread}/children").split()]
    except OSError:
        return found
    return found


def _program(pid: int, *, with_zombies: bool = False) -> _Program | None:
    """What runs in the process; None for one that is gone, a zombie unless they are wanted, or a mere thread."""
    try:
        raw = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    stat = parse_stat(raw)
    if stat is None or (stat.state in "ZX" and not with_zombies) or is_thread(raw):
        return None
    return stat.started, stat.name, int(raw[raw.rfind(b")") + 2 :].split(None, _SIZE_AT + 1)[_SIZE_AT])


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
