"""Looks through all processes a few at a time, between events: after events were lost, and when a rule is armed."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing

from octotui.dumps.sentry.glance import Glance
from octotui.dumps.sentry.loop import Loop

AT_ONCE = 16
"""Processes between two looks at the events, which is about a millisecond."""

Show = Callable[[Glance, int], None]
"""Called with each process and the monotonic stamp, in nanoseconds, of its look."""


class Scan:
    """One scan at a time is under way; one that is asked for meanwhile follows it, however often it was asked for."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._waiting: deque[Show] = deque()
        self._pids: deque[int] = deque()
        self._show: Show | None = None

    def begin(self, show: Show) -> None:
        if show not in self._waiting:
            self._waiting.append(show)
        self._loop.soon(self._step)

    def _step(self) -> None:
        if self._show is None:
            if not self._waiting:
                self._loop.soon(None)
                return
            self._show = self._waiting.popleft()
            self._pids.extend(int(name) for name in os.listdir("/proc") if name.isdecimal())
        for _ in range(min(AT_ONCE, len(self._pids))):
            glance = Glance.at(self._pids.popleft())
            if glance is not None:
                with closing(glance):
                    self._show(glance, time.monotonic_ns())
        if not self._pids:
            self._show = None
