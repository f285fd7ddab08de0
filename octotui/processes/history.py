"""What each shown process used in the last two minutes: a point for every sample, placed by time."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from octotui.processes.model import ProcessKey, Sample

HISTORY_SECONDS = 120.0
"""How far back a history reaches."""
NEAREST_SECONDS = 1.0
"""Points nearer than this become one, which keeps the higher rate: a fast scan must not cost more memory."""

_FIELDS = 3
_SWEEP_SECONDS = 30.0
_GAP = 2.5
"""A point stands for the time since the one before it, unless that is this many times longer ago than usual."""


class Point(NamedTuple):
    """`at` is in seconds since the histories began; `cpu_percent` is of one core, None while no rate is known."""

    at: float
    cpu_percent: float | None
    rss_bytes: float


class Histories:
    """A ring of points for each process that was shown in the last two minutes.

    A process that is not shown for a while (folded away, filtered out) keeps its older points, so that a strip has a
    gap there and not a lie. Each point takes twelve bytes: thousands of rows are shown at a time.
    """

    def __init__(self) -> None:
        self._rings: dict[ProcessKey, array[float]] = {}
        self._began: float | None = None
        self._swept = 0.0
        self.now = 0.0

    def take(self, sample: Sample, shown: Iterable[ProcessKey]) -> None:
        """One more point for each of `shown` that is alive in `sample`."""
        monotonic = sample.snapshot.monotonic
        if self._began is None or monotonic < self._began:
            self._rings, self._began, self._swept = {}, monotonic, 0.0
        if monotonic - self._began < self.now:
            self._go_back(monotonic - self._began)
        self.now = now = monotonic - self._began
        rings, alive, rates = self._rings, sample.snapshot.processes, sample.cpu_percent
        oldest, nearest = now - HISTORY_SECONDS, now - NEAREST_SECONDS
        for key in shown:
            process = alive.get(key)
            if process is None:
                continue
            cpu = rates.get(key, math.nan)
            ring = rings.get(key)
            if ring is None:
                rings[key] = array("f", (now, cpu, process.rss_bytes))
            elif ring[-_FIELDS] > nearest:
                if not ring[-2] >= cpu:
                    ring[-2] = cpu if cpu == cpu else ring[-2]
                ring[-1] = process.rss_bytes
            else:
                if ring[0] < oldest:
                    del ring[:_FIELDS]
                ring.extend((now, cpu, process.rss_bytes))
        if now - self._swept >= _SWEEP_SECONDS:
            self._swept = now
            self._rings = {key: ring for key, ring in rings.items() if ring[-_FIELDS] >= oldest}

    def _go_back(self, now: float) -> None:
        """A replay stands at an earlier sample: what came after it is still to come."""
        for ring in self._rings.values():
            while ring and ring[-_FIELDS] >= now:
                del ring[-_FIELDS:]
        self._swept = now
        self._rings = {key: ring for key, ring in self._rings.items() if ring}

    def of(self, key: ProcessKey) -> tuple[Point, ...]:
        """The points of `key` within the last two minutes, oldest first."""
        ring = self._rings.get(key, ())
        oldest = self.now - HISTORY_SECONDS
        return tuple(
            Point(ring[i], None if math.isnan(ring[i + 1]) else ring[i + 1], ring[i + 2])
            for i in range(0, len(ring), _FIELDS)
            if ring[i] >= oldest
        )


def by_time(
    points: Sequence[tuple[float, float | None]], now: float, cells: int, seconds: float = HISTORY_SECONDS
) -> tuple[float | None, ...]:
    """`cells` equal stretches of the last `seconds`, oldest first: the highest value in each, None for a gap.

    `points` are (at, value), oldest first, on the clock of `now`. A point reaches back to the one before it, so that
    slow scans leave no holes, but not over a stretch in which the process was not looked at.
    """
    if cells < 1:
        return ()
    found: list[float | None] = [None] * cells
    gaps = sorted(later[0] - earlier[0] for earlier, later in pairwise(points))
    usual = gaps[len(gaps) // 2] if gaps else 0.0
    width = seconds / cells
    before = -math.inf
    for at, value in points:
        last = _cell(at, now, width, cells)
        first = _cell(before, now, width, cells) + 1 if at - before <= _GAP * usual else last
        before = at
        if value is None:
            continue
        for cell in range(max(0, min(first, last)), last + 1):
            known = found[cell]
            found[cell] = value if known is None else max(known, value)
    return tuple(found)


def _cell(at: float, now: float, width: float, cells: int) -> int:
    """The cell that `at` falls into; below 0 for what is older than the first one."""
    return cells - 1 - int((now - at) / width) if at > -math.inf and now >= at else cells - 1
