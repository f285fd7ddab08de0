"""How fast a target makes threads, and what follows: each is traced from its start, or looked for now and then.

Tracing a thread from its start costs a third of a millisecond, which nobody notices until thousands are made.
"""

from __future__ import annotations

from collections import deque

LOOK_SECONDS = 0.025
QUICK_THREADS = 32
QUICK_SECONDS = 0.25
CALM_SECONDS = 1.0
LONGEST_CALM_SECONDS = 30.0
_LOOKING_SHARE = 0.02


class Pace:
    """Times are `time.monotonic()`. `is_quick`: new threads are looked for instead of traced from their start."""

    def __init__(self) -> None:
        self.is_quick = False
        self.was_quick = False
        self._made: deque[float] = deque(maxlen=QUICK_THREADS)
        self._calm_seconds = CALM_SECONDS
        self._since = 0.0
        self._next_look = 0.0

    def made(self, now: float) -> None:
        """A thread was made."""
        self._made.append(now)
        if self.is_quick or len(self._made) < QUICK_THREADS or now - self._made[0] > QUICK_SECONDS:
            return
        # One that has just become calm and is quick again is given longer next time.
        is_again = self.was_quick and now - self._since < 2 * self._calm_seconds
        self._calm_seconds = min(self._calm_seconds * 2, LONGEST_CALM_SECONDS) if is_again else CALM_SECONDS
        self.is_quick = self.was_quick = True
        self._since = now

    def calmed(self, now: float) -> bool:
        """Whether it is time to trace threads from their start again; True once each time."""
        if not self.is_quick or now - self._since < self._calm_seconds:
            return False
        self.is_quick = False
        self._since = now
        self._made.clear()
        return True

    def looks(self, now: float) -> bool:
        """Whether it is time to look for threads."""
        return now >= self._next_look

    def looked(self, began: float, now: float) -> None:
        """A look took that long: many threads are looked for less often, so that it costs little of a core."""
        self._next_look = now + max(LOOK_SECONDS, (now - began) / _LOOKING_SHARE)
