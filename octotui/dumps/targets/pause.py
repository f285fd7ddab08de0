"""The measured pause: how long the target really stood still, watched from outside while it happens."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

FAST_SECONDS = 0.005
SLOW_SECONDS = 0.020
FAST_UNTIL_SECONDS = 5.0
URGENCY = -10


class Stillness:
    """Adds up the time spent stopped from samples at irregular moments. Pure: fed by hand in tests.

    A change between two samples is taken to have happened in the middle between them.
    """

    def __init__(self) -> None:
        self._total = 0.0
        self._since: float | None = None
        self._last: float | None = None

    def add(self, at: float, is_stopped: bool) -> None:
        """One sample; `at` in seconds, never going back."""
        middle = at if self._last is None else (self._last + at) / 2
        if is_stopped and self._since is None:
            self._since = middle
        elif not is_stopped and self._since is not None:
            self._total += middle - self._since
            self._since = None
        self._last = at

    @property
    def is_stopped(self) -> bool:
        return self._since is not None

    def seconds(self, now: float | None = None) -> float:
        """Seconds stopped so far; a stop still going on counts up to `now`, or to the last sample."""
        if self._since is None:
            return self._total
        until = now if now is not None else (self._last or self._since)
        return self._total + max(0.0, until - self._since)


class PauseMeter:
    """Samples the state of a process from a thread of its own, between `start` and `stop`.

    The open descriptor of `/proc/PID/stat` belongs to this very process: a later one with its pid never answers on it.
    """

    def __init__(
        self,
        pid: int,
        *,
        was_stopped: bool = False,
        proc: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # A process that was stopped beforehand (T) is only paused by us while it is traced (t).
        self._letters = b"t" if was_stopped else b"tT"
        self._path = proc / str(pid) / "stat"
        self._clock = clock
        self._stillness = Stillness()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="octotui-pause", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> float | None:
        """Ends the watch; blocks for at most two samples. Seconds stood still, None when it never did."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        seconds = self._stillness.seconds()
        return seconds if seconds > 0 else None

    @property
    def is_paused(self) -> bool:
        with self._lock:
            return self._stillness.is_stopped

    @property
    def seconds(self) -> float:
        """Seconds stood still so far."""
        with self._lock:
            return self._stillness.seconds(self._clock() if self._stillness.is_stopped else None)

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            # A late sample at either end is an error of half the delay; only root may be first in line.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), URGENCY)
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            began = self._clock()
            is_last = False
            while True:
                before = self._clock()
                try:
                    line = os.pread(descriptor, 1024, 0)
                except OSError:
                    return
                at = (before + self._clock()) / 2
                state = line[line.rfind(b")") + 2 :][:1]
                with self._lock:
                    self._stillness.add(at, bool(state) and state in self._letters)
                if is_last:
                    return
                is_last = self._over.wait(FAST_SECONDS if at - began < FAST_UNTIL_SECONDS else SLOW_SECONDS)
        finally:
            os.close(descriptor)
