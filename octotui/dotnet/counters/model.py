"""Counters of a runtime, as values. All immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CounterReading:
    """What a runtime said of itself for one interval.

    `values` has the runtime's own names and units (`cpu-usage` in %, `gc-heap-size` in MB, `alloc-rate` in bytes of
    the interval, …; see `catalogue`). `taken_at` is seconds since the epoch, `interval_seconds` what it covers.
    """

    taken_at: float
    interval_seconds: float
    values: Mapping[str, float]
