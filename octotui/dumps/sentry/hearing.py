"""Where the sentry learns of processes that have just execed: from the kernel, or else by looking again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from octotui.dumps.sentry.loop import Loop
from octotui.dumps.sentry.polling import Polling
from octotui.processes.events import EventKind, EventsUnavailable, ProcessEvents

BURST = 256
"""Events that are seen to before orders and timers get their turn."""

Meet = Callable[[int, int], None]
"""Called with the pid and the monotonic stamp, in nanoseconds, of each exec."""


class Hearing(Protocol):
    """A source of execs. It calls back from the loop, until `close`."""

    polling_ms: int
    reason: str

    def start(self, is_needed: bool) -> None:
        """Whether anybody waits for execs now."""
        ...

    def close(self) -> None: ...


class KernelHearing:
    """Execs by the kernel's process connector. `lost` is told of each overflow, after what was left has been met."""

    polling_ms = 0
    reason = ""

    def __init__(self, events: ProcessEvents, loop: Loop, meet: Meet, lost: Callable[[int], None]) -> None:
        self._events = events
        self._loop = loop
        self._meet = meet
        self._lost = lost
        self._counted = 0
        loop.watch(events.fileno(), self._hear, is_first=True)

    def start(self, is_needed: bool) -> None:
        """Nothing to do: what nobody waits for is heard and dropped."""

    def close(self) -> None:
        self._loop.unwatch(self._events.fileno())
        self._events.close()

    def _hear(self) -> None:
        drain, meet = self._events.drain, self._meet
        for _ in range(BURST):
            # One by one: the first must not wait until the last has been read.
            heard = drain(1)
            for event in heard.events:
                meet(event.pid, event.monotonic_ns)
            if not heard.has_more:
                if self._events.lost_count != self._counted:
                    self._counted, count = self._events.lost_count, self._events.lost_count - self._counted
                    self._lost(count)
                return


def open_hearing(
    loop: Loop, meet: Meet, lost: Callable[[int], None], *, wants_events: bool = True
) -> KernelHearing | Polling:
    """The kernel's events where it tells them, else polling with the reason in words."""
    if not wants_events:
        return Polling(loop, meet, "events were not asked for")
    try:
        return KernelHearing(ProcessEvents.open(want=(EventKind.EXEC,)), loop, meet, lost)
    except EventsUnavailable as refusal:
        return Polling(loop, meet, refusal.reason)
