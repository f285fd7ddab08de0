"""The loop that takes samples: one scan at a time in a thread, sooner when an event asks for it, later when dear."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Set

from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.ui.background import in_daemon_thread
from octotui.ui.ports import HostPort

SECOND_SAMPLE_SECONDS = 0.4
"""How soon after the first sample the second one is taken, for rates."""

LARGEST_SHARE = 0.02
"""Of one core, what sampling may take; the pause between two scans grows where it would take more."""

SOONEST_SECONDS = 0.25
"""The shortest pause before a scan that an event asks for."""

LISTENING_REST_SECONDS = 0.1
"""How long events gather, after some were taken in, before the next are."""

LISTENING_SHARE = 0.01
"""Of one core, what listening may take beside the scans while a host starts hundreds of programs a second."""

_STEADY = 5


class Sampling:
    """Paces the scans. `kept` and `watched` are asked before each one; `interval_seconds` may change at any time."""

    def __init__(
        self,
        host: HostPort,
        *,
        interval_seconds: Callable[[], float],
        kept: Callable[[], frozenset[ProcessKey]],
        watched: Callable[[], Set[ProcessKey] | None],
    ) -> None:
        self._host = host
        self._interval_seconds = interval_seconds
        self._kept = kept
        self._watched = watched
        self._wanted = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._listened_on: int | None = None
        self._scanned_at = 0.0
        self._has_rates = False
        self._scan_cost = 0.0
        self._loop_costs: deque[float] = deque(maxlen=_STEADY)
        self._loop_mark: float | None = None

    @property
    def pause_seconds(self) -> float:
        """The pause between two scans now: the interval, or more where sampling is dear."""
        return max(self._interval_seconds(), self._cost / LARGEST_SHARE)

    @property
    def is_slow(self) -> bool:
        return self.pause_seconds > 1.05 * self._interval_seconds()

    def rescan(self) -> None:
        """Take the next sample now."""
        self._wanted.set()

    async def next_sample(self) -> Sample:
        """The next sample, after the pause that is due. Raises OctotuiError and OSError when the scan fails."""
        if self._scanned_at:
            await self._pause(self.pause_seconds if self._has_rates else SECOND_SAMPLE_SECONDS)
        self._note_loop_cost()
        try:
            sample, cost = await in_daemon_thread(self._read)
            # The first scan reads everything there is to know, and is dear as none after it.
            self._scan_cost = cost if self._has_rates else 0.0
        finally:
            self._has_rates = self._scanned_at > 0
            self._scanned_at = time.monotonic()
        return sample

    def _read(self) -> tuple[Sample, float]:
        begun = time.thread_time()
        sample = self._host.read_sample(self._kept(), self._watched())
        return sample, time.thread_time() - begun

    @property
    def _cost(self) -> float:
        """CPU seconds of one sample: the scan, and the least that the loop took of late, for keys cost it time too."""
        return self._scan_cost + min(self._loop_costs, default=0.0)

    def _note_loop_cost(self) -> None:
        now = time.thread_time()
        if self._loop_mark is not None and self._has_rates:
            self._loop_costs.append(now - self._loop_mark)
        self._loop_mark = now

    async def _pause(self, seconds: float) -> None:
        self._listen()
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return
        finally:
            self._stop_listening()
            self._wanted.clear()

    def _listen(self) -> None:
        self._timer = None
        descriptor = self._host.events_descriptor()
        if descriptor is not None:
            asyncio.get_running_loop().add_reader(descriptor, self._heard)
            self._listened_on = descriptor

    def _heard(self) -> None:
        """Take in what is there, then let events gather: a flood of them costs no more than a bounded share."""
        self._stop_listening()
        begun = time.thread_time()
        try:
            is_wanted = self._host.listen()
        except (OctotuiError, OSError):
            # The scan meets the same obstacle, and what it meets is told.
            is_wanted = True
        cost = time.thread_time() - begun
        loop = asyncio.get_running_loop()
        if is_wanted:
            due = self._scanned_at + max(SOONEST_SECONDS, self._cost / LARGEST_SHARE)
            self._timer = loop.call_later(max(0.0, due - time.monotonic()), self._wanted.set)
        else:
            self._timer = loop.call_later(max(LISTENING_REST_SECONDS, cost / LISTENING_SHARE), self._listen)

    def _stop_listening(self) -> None:
        if self._listened_on is not None:
            asyncio.get_running_loop().remove_reader(self._listened_on)
            self._listened_on = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
