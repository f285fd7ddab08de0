"""Whether the octotui that armed everything is awake: one that is stopped (Ctrl+Z) cannot undo what it asked for."""

from __future__ import annotations

from collections.abc import Callable

from octotui.dumps.sentry.glance import stat_of
from octotui.dumps.sentry.loop import Loop, Timer

LOOK_SECONDS = 1.0
MOST_STOPPED_LOOKS = 3


class Owner:
    """Looks once a second while `begin` says that something depends on it; calls `asleep` with True when it has been
    stopped for three looks in a row, and with False when it is awake again.
    """

    def __init__(self, pid: int, loop: Loop, asleep: Callable[[bool], None]) -> None:
        self.pid = pid
        self._loop = loop
        self._asleep = asleep
        self._timer: Timer | None = None
        self._stopped_looks = 0
        self._was_asleep = False
        self._is_needed: Callable[[], bool] = lambda: False

    def begin(self, is_needed: Callable[[], bool]) -> None:
        """Looks for as long as `is_needed` answers True."""
        self._is_needed = is_needed
        if self._timer is None:
            self._timer = self._loop.later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._is_needed():
            self._stopped_looks = 0
            return
        stat = stat_of(self.pid)
        self._stopped_looks = self._stopped_looks + 1 if stat is not None and stat.state in "Tt" else 0
        is_asleep = self._stopped_looks >= MOST_STOPPED_LOOKS
        if is_asleep is not self._was_asleep:
            self._was_asleep = is_asleep
            self._asleep(is_asleep)
        self._timer = self._loop.later(LOOK_SECONDS, self._look)
