"""The order of siblings: by a fixed property, or by use, lazily, so that rows do not dance."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from octotui.processes.model import ProcessKey, Sample
from octotui.processes.state import SortColumn, ViewState

CLEAR_SHARE = 0.1
"""A sibling passes another one only when it uses more than this share more,"""

CLEAR_STEP = {SortColumn.CPU: 1.0, SortColumn.MEMORY: float(1 << 20)}
"""and more than this much: percent of one core, bytes;"""

LASTING_SECONDS = 1.5
"""and has done so for this long, which is at least two samples."""

USE = (SortColumn.CPU, SortColumn.MEMORY)
"""Columns whose values change all the time."""


@dataclass
class LazyOrder:
    """Keeps siblings, sample after sample, in the order they had, but for those that clearly and lastingly passed.

    Newcomers go where their value says. Ghosts keep the value they had, and so their place.
    """

    _orders: dict[ProcessKey | None, tuple[Sequence[ProcessKey], list[ProcessKey]]] = field(default_factory=dict)
    _values: dict[ProcessKey, float] = field(default_factory=dict)
    _passing_since: dict[ProcessKey, float] = field(default_factory=dict)
    _ghosts: Container[ProcessKey] = ()
    _asked: tuple[SortColumn, bool, bool] | None = None
    _now: float = 0.0
    _step: float = 0.0

    def begin(self, sample: Sample, state: ViewState, values: Mapping[ProcessKey, float]) -> None:
        """Go on with what `sample` says each process uses. Another sort than the last one starts from nothing."""
        asked = (state.sort, state.descending, state.is_tree)
        if asked != self._asked:
            self._orders, self._values, self._passing_since = {}, {}, {}
            self._asked = asked
        sign = 1.0 if state.descending else -1.0
        known = self._values
        self._values = {key: sign * value for key, value in values.items()}
        for ghost in sample.ghosts:
            if ghost in known and ghost in self._values:
                self._values[ghost] = known[ghost]
        self._ghosts = sample.ghosts
        self._now = sample.snapshot.monotonic
        self._step = CLEAR_STEP[state.sort]
        if len(self._passing_since) > 64:
            self._passing_since = {key: since for key, since in self._passing_since.items() if key in values}
        if len(self._orders) > 2 * len(values) + 16:
            self._orders = {parent: order for parent, order in self._orders.items() if parent in values}

    def siblings(self, parent: ProcessKey | None, keys: Sequence[ProcessKey]) -> list[ProcessKey]:
        """`keys`, which are in start order, as they are to be shown below `parent`."""
        before = self._orders.get(parent)
        if before is None:
            order = sorted(keys, key=self._values.__getitem__, reverse=True)
        else:
            order = self._settled(before, keys)
        self._orders[parent] = (keys, order)
        return order

    def _settled(
        self, before: tuple[Sequence[ProcessKey], list[ProcessKey]], keys: Sequence[ProcessKey]
    ) -> list[ProcessKey]:
        asked, kept = before
        new: list[ProcessKey] = []
        if asked is not keys and asked != keys:
            now_here = set(keys)
            kept = [key for key in kept if key in now_here]
            old = set(kept)
            new = [key for key in keys if key not in old]
        passing = self._passing(kept)
        if not passing and not new:
            return kept
        gone = set(passing)
        staying = [key for key in kept if key not in gone] if gone else kept
        # The lowest value so far, negated so that it rises: what bisect needs.
        values, lowest, rising = self._values, inf, list[float]()
        for key in staying:
            lowest = min(lowest, values[key])
            rising.append(-lowest)
        places = [(bisect_right(rising, -_clearly_below(values[key], self._step)), key) for key in passing]
        places += [(bisect_right(rising, -values[key]), key) for key in new]
        places.sort(key=lambda place: (place[0], -values[place[1]]))
        return _merged(staying, places)

    def _passing(self, order: Sequence[ProcessKey]) -> list[ProcessKey]:
        """Those that have been clearly above one that stands before them for long enough."""
        values, since, step = self._values, self._passing_since, self._step
        found: list[ProcessKey] = []
        lowest = inf
        for key in order:
            value = values[key]
            if value - lowest > step and _clearly_below(value, step) > lowest and key not in self._ghosts:
                if self._now - since.setdefault(key, self._now) >= LASTING_SECONDS:
                    found.append(key)
                    del since[key]
            else:
                if value < lowest:
                    lowest = value
                if since:
                    since.pop(key, None)
        return found


def _clearly_below(value: float, step: float) -> float:
    """What a sibling must be under so that `value` is clearly above it."""
    share = value * (1 - CLEAR_SHARE) if value >= 0 else value / (1 - CLEAR_SHARE)
    return min(value - step, share)


def _merged(staying: Sequence[ProcessKey], places: Sequence[tuple[int, ProcessKey]]) -> list[ProcessKey]:
    """`staying` with each of `places` put before the index it names."""
    merged: list[ProcessKey] = []
    at = 0
    for index, key in places:
        merged.extend(staying[at:index])
        merged.append(key)
        at = index
    merged.extend(staying[at:])
    return merged


def fixed_rank(sample: Sample, column: SortColumn) -> Callable[[ProcessKey], float | str]:
    """What siblings are ranked by in a column of which the order hardly changes."""
    match column:
        case SortColumn.PID:
            return lambda key: key.pid
        case SortColumn.AGE:
            return lambda key: -key.started
        case SortColumn.NAME:
            return lambda key: _name(sample, key)
        case SortColumn.ROLE:
            return lambda key: sample.meaning(key).label.lower()
    return lambda key: key.started


def own_use(sample: Sample, column: SortColumn, keys: Iterable[ProcessKey]) -> dict[ProcessKey, float]:
    """What each process itself uses: percent of one core or bytes; nothing where it is not known."""
    if column is SortColumn.CPU:
        rates = sample.cpu_percent
        return {key: rates.get(key, 0.0) for key in keys}
    alive = sample.snapshot.processes
    return {key: 0.0 if (process := alive.get(key)) is None else float(process.rss_bytes) for key in keys}


def _name(sample: Sample, key: ProcessKey) -> str:
    process = sample.process(key)
    return "" if process is None else process.name.lower()
