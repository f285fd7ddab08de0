"""The counters of a runtime that are worth showing: what they are called, in which unit, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a value counts, once it is scaled."""

    PERCENT = "%"
    BYTES = "B"
    BYTES_PER_SECOND = "B/s"
    PER_SECOND = "/s"
    COUNT = ""


@dataclass(frozen=True, slots=True)
class Counter:
    """`name` is the runtime's; `factor` makes its value one of `unit`. `is_rate`: it counts since the last reading."""

    name: str
    label: str
    unit: Unit
    factor: float = 1.0
    is_rate: bool = False


CATALOGUE: tuple[Counter, ...] = (
    Counter("cpu-usage", "CPU of all cores", Unit.PERCENT),
    Counter("working-set", "Working set", Unit.BYTES, 1e6),
    Counter("gc-heap-size", "GC heap", Unit.BYTES, 1e6),
    Counter("gen-0-size", "Generation 0", Unit.BYTES),
    Counter("gen-1-size", "Generation 1", Unit.BYTES),
    Counter("gen-2-size", "Generation 2", Unit.BYTES),
    Counter("loh-size", "Large objects", Unit.BYTES),
    Counter("alloc-rate", "Allocates", Unit.BYTES_PER_SECOND, is_rate=True),
    Counter("time-in-gc", "Time in GC", Unit.PERCENT),
    Counter("gen-0-gc-count", "GCs of generation 0", Unit.PER_SECOND, is_rate=True),
    Counter("gen-1-gc-count", "GCs of generation 1", Unit.PER_SECOND, is_rate=True),
    Counter("gen-2-gc-count", "GCs of generation 2", Unit.PER_SECOND, is_rate=True),
    Counter("threadpool-thread-count", "Pool threads", Unit.COUNT),
    Counter("threadpool-queue-length", "Pool queue", Unit.COUNT),
    Counter("monitor-lock-contention-count", "Lock contention", Unit.PER_SECOND, is_rate=True),
    Counter("exception-count", "Exceptions", Unit.PER_SECOND, is_rate=True),
)


def scaled(counter: Counter, values: Mapping[str, float], interval_seconds: float) -> float | None:
    """The value of `counter` in its unit, a rate by the second; None when the runtime did not tell it."""
    value = values.get(counter.name)
    if value is None:
        return None
    value *= counter.factor
    return value / interval_seconds if counter.is_rate and interval_seconds > 0 else value
