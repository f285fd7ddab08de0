"""The counters of a runtime as it tells them, once in an interval, for as long as somebody iterates."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator
from typing import Any

from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event
from octotui.dotnet.sessions import Provider, TraceSession, trace

PROVIDER = "System.Runtime"
EVENT = "EventCounters"
BUFFER_MB = 1
MOST_BYTES = 1 << 30
MOST_COUNTERS = 256
SILENT_INTERVALS = 10
"""After so many without a word the runtime is taken to tell nothing any more."""

_ALL_TOLD_SECONDS = 0.15
"""The counters of one interval come within one beat of the runtime's stream, 0.1 s."""

_INFORMATIONAL = 4


async def readings(target: DiagnosticsSocket, interval: float = 1.0) -> AsyncGenerator[CounterReading, None]:
    """One reading in each `interval` (seconds); the first one after one or two of them.

    The session ends with the iteration (`aclose`). Ends by itself when the process does; raises DiagnosticsError.
    """
    collector = _Collector(interval)
    reader = collector.reader
    provider = Provider(PROVIDER, 0, _INFORMATIONAL, f"EventCounterIntervalSec={interval:g}")
    async with trace(target, [provider], buffer_mb=BUFFER_MB, most_bytes=MOST_BYTES) as session:
        while not reader.is_complete:
            seconds = _ALL_TOLD_SECONDS if collector.values else interval * SILENT_INTERVALS
            piece = await _next(session, seconds)
            if piece is None and not collector.values:
                raise BadStream(f"no counters in {seconds:.0f} s")
            if piece is None:
                yield collector.taken()
            elif not piece:
                return
            else:
                reader.feed(piece)


async def _next(session: TraceSession, seconds: float) -> bytes | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await session.read()
    return None


class _Collector:
    def __init__(self, interval: float) -> None:
        self.values: dict[str, float] = {}
        self.reader = NettraceReader(self._take, {(PROVIDER, None)})
        self._interval = interval
        self._told_seconds = interval

    def taken(self) -> CounterReading:
        values, self.values = self.values, {}
        return CounterReading(time.time(), self._told_seconds, values)

    def _take(self, event: Event) -> None:
        if event.name != EVENT:
            return
        fields: Any = self.reader.fields(event)
        # The payload of a counter is wrapped in objects that hold nothing else.
        while "Name" not in fields:
            inner = [value for value in fields.values() if isinstance(value, dict)]
            if len(inner) != 1:
                return
            fields = inner[0]
        name, value = fields.get("Name"), fields.get("Increment", fields.get("Mean"))
        if not isinstance(name, str) or not isinstance(value, int | float) or not math.isfinite(value):
            return
        if len(self.values) < MOST_COUNTERS or name in self.values:
            self.values[name[:64]] = float(value)
        seconds = fields.get("IntervalSec")
        is_sane = isinstance(seconds, float) and math.isfinite(seconds) and seconds > 0
        self._told_seconds = seconds if is_sane else self._interval
