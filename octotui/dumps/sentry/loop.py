"""The sentry's one loop: what becomes readable, and what has come due. One thread, no asyncio."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import select
import time
from collections.abc import Callable

Callback = Callable[[], None]


class Timer:
    """A call that is due once; `cancel` makes it none."""

    __slots__ = ("call", "due")

    def __init__(self, due: float, call: Callback) -> None:
        self.due = due
        self.call: Callback | None = call

    def cancel(self) -> None:
        self.call = None


class Loop:
    """Serves descriptors and timers until `stop`. `first` is a descriptor that is served before all others."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._first = -1
        self._soon: Callback | None = None
        self._is_over = False

    def watch(self, descriptor: int, callback: Callback, *, is_first: bool = False) -> None:
        """Calls back whenever `descriptor` is readable or its other end closed."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._callbacks[descriptor] = callback
        if is_first:
            self._first = descriptor

    def watch_room(self, descriptor: int, wanted: bool) -> None:
        """Calls back also when there is room to write, or no longer."""
        self._epoll.modify(descriptor, select.EPOLLIN | (select.EPOLLOUT if wanted else 0))

    def unwatch(self, descriptor: int) -> None:
        """Before the descriptor is closed. Harmless for one that is not watched."""
        if self._callbacks.pop(descriptor, None) is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)

    def later(self, seconds: float, call: Callback) -> Timer:
        timer = Timer(time.monotonic() + seconds, call)
        heapq.heappush(self._timers, (timer.due, next(self._numbers), timer))
        return timer

    def soon(self, call: Callback | None) -> None:
        """Calls this again and again, whenever what is readable has been served; None ends it."""
        self._soon = call

    def stop(self) -> None:
        self._is_over = True

    def run(self) -> None:
        poll, callbacks = self._epoll.poll, self._callbacks
        while not self._is_over:
            ready = poll(self._patience())
            if len(ready) > 1 and self._first >= 0:
                ready.sort(key=self._rank)
            for descriptor, _ in ready:
                callback = callbacks.get(descriptor)
                if callback is not None:
                    callback()
            self._run_due()
            if self._soon is not None:
                self._soon()

    def _rank(self, ready: tuple[int, int]) -> bool:
        return ready[0] != self._first

    def _patience(self) -> float:
        if self._soon is not None:
            return 0.0
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return -1.0
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _run_due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if timer.call is not None:
                timer.call()
