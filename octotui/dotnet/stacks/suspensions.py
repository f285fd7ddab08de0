"""For how long the process stood still, by the events with which its runtime stops its threads and lets them go."""

from __future__ import annotations

import struct
from statistics import median

from octotui.dotnet.nettrace.values import Event
from octotui.dotnet.stacks.methods import RUNTIME
from octotui.dotnet.stacks.model import Stops

_BEGINS, _ALL_RUN_AGAIN = 9, 3
SUSPENSIONS: frozenset[tuple[str, int | None]] = frozenset({(RUNTIME, _BEGINS), (RUNTIME, _ALL_RUN_AGAIN)})
"""The events to read a stream for: keyword 1 of the runtime's provider, level 4."""

_FOR_COLLECTION = (1, 6)
"""Reasons of a suspension: for a garbage collection, and in preparation of one."""
_REASON = struct.Struct("<I")
_MOST_BEGUN = 1000
_MOST_STOPS = 100_000


class Suspensions:
    """Pairs the beginning of each suspension with its end, by the thread that asked for it.

    Those for garbage collections are left out: the process would have had them without being looked at.
    """

    def __init__(self) -> None:
        self._begun: dict[int, int] = {}
        self._ticks: list[int] = []

    def take(self, event: Event) -> None:
        """One event of `SUSPENSIONS`, in the order of the stream."""
        if event.id == _ALL_RUN_AGAIN:
            begun = self._begun.pop(event.thread, None)
            if begun is not None and event.time >= begun and len(self._ticks) < _MOST_STOPS:
                self._ticks.append(event.time - begun)
        elif len(event.payload) >= _REASON.size and _REASON.unpack_from(event.payload)[0] in _FOR_COLLECTION:
            self._begun.pop(event.thread, None)
        elif len(self._begun) < _MOST_BEGUN:
            self._begun[event.thread] = event.time

    def stops(self, ticks_per_second: int) -> Stops:
        if not self._ticks:
            return Stops()
        seconds = [ticks / ticks_per_second for ticks in self._ticks]
        return Stops(len(seconds), median(seconds), max(seconds), sum(self._ticks) / ticks_per_second)
