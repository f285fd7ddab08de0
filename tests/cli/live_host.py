"""A host with one process and an observer that answers by hand, in the place of the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from octotui.config import Settings
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.heap.model import HeapHistogram, HeapPlan, TypeUse
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessInfo, ProcessKey, Sample, Snapshot

KEY = ProcessKey(14220, 826567)
PLAN = HeapPlan(KEY, 200_000_000, 0.75, 250_000_000, 900_000_000)
HISTOGRAM = HeapHistogram(
    KEY,
    1_770_000_000.0,
    1.5,
    (TypeUse("byte[]", 3, 150_000_000), TypeUse("string", 90, 4_000), TypeUse("Calamari.Variable", 5, 200)),
    98,
    150_004_200,
    0.0123,
    5_000_000,
)


def reading(number: int = 0, **values: float) -> CounterReading:
    told = {"cpu-usage": 3.5, "gc-heap-size": 158.0, "alloc-rate": 8200.0, **values}
    return CounterReading(1_770_000_000.0 + number, 1.0, told)


class LiveObserver:
    """Gives `plan`, `histogram` and `readings`, or raises `error`; `hangs` waits for ever instead of an answer."""

    def __init__(
        self,
        *,
        plan: HeapPlan = PLAN,
        histogram: HeapHistogram = HISTOGRAM,
        readings: tuple[CounterReading, ...] = (),
        error: OctotuiError | None = None,
        hangs: bool = False,
        on_hanging: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan, self._histogram, self._readings = plan, histogram, readings
        self._error, self._hangs, self._on_hanging = error, hangs, on_hanging
        self.counted: list[HeapPlan] = []
        self.ended = 0
        self.is_closed = False

    async def heap_plan(self, key: ProcessKey, on_wait: Any = None) -> HeapPlan:
        if self._error is not None:
            raise self._error
        return replace(self._plan, key=key)

    async def heap(self, plan: HeapPlan, on_progress: Any = None, on_wait: Any = None) -> HeapHistogram:
        self.counted.append(plan)
        try:
            if on_progress is not None:
                on_progress(20_000_000)
            await self._hang()
        finally:
            self.ended += 1
        return self._histogram

    async def counters(
        self, key: ProcessKey, interval: float = 1.0, on_wait: Any = None
    ) -> AsyncGenerator[CounterReading, None]:
        try:
            if self._error is not None:
                raise self._error
            for one in self._readings:
                yield one
            await self._hang()
        finally:
            self.ended += 1

    async def aclose(self) -> None:
        self.is_closed = True

    async def _hang(self) -> None:
        if self._hangs:
            asyncio.get_running_loop().call_soon(self._on_hanging)
            await asyncio.Event().wait()


class LiveHost:
    def __init__(self, observer: LiveObserver) -> None:
        self.observer = observer

    def open(self, settings: Settings) -> LiveHost:
        return self

    def read_sample(self) -> Sample:
        process = ProcessInfo(KEY, 1, "Calamari")
        return Sample(Snapshot("web-07", datetime(2026, 5, 1, tzinfo=UTC), 1.0, 1000.0, {KEY: process}))
