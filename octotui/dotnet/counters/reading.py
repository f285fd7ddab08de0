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
from octotui.text import printable

PROVIDER = "System.Runtime"
EVENT = "EventCounters"
BUFFER_MB = 1
MOST_BYTES = 64 << 20
"""Of one session, which is four hours at 4 KB a second. Its reader keeps a little for each thread that it heard of."""

MOST_COUNTERS = 256
SILENT_INTERVALS = 10
"""After so many without a word the runtime is taken to tell nothing any more."""

MOST_SILENT_SECONDS = 60.0

_ALL_TOLD_SECONDS = 0.15
"""The counters of one interval come within one beat of the runtime's stream, 0.1 s."""

_INFORMATIONAL = 4
_LONGEST_NAME = 64


async def readings(target: DiagnosticsSocket, interval: float = 1.0) -> AsyncGenerator[CounterReading, None]:
    """One reading in each `interval` (seconds); the first one after one or two of them.

    The session ends with the iteration (`aclose`). Ends by itself when the stream does, and after `MOST_BYTES` of it;
    raises DiagnosticsError.
    """
    collector = Collector(interval)
    reader = collector.reader
    provider = Provider(PROVIDER, 0, _INFORMATIONAL, f"EventCounterIntervalSec={interval:g}")
    silence = min(interval * SILENT_INTERVALS, MOST_SILENT_SECONDS) + interval
    async with trace(target, [provider], buffer_mb=BUFFER_MB, most_bytes=2 * MOST_BYTES) as session:
        while not reader.is_complete and reader.bytes_read < MOST_BYTES:
            seconds = _ALL_TOLD_SECONDS if collector.values else silence
            piece = await _next(session, seconds)
            if piece:
                reader.feed(piece)
            elif piece is not None:
                return
            elif not collector.values:
                raise BadStream(f"no counters in {seconds:.0f} s")
            if collector.has_all or piece is None:
                yield collector.taken()


async def _next(session: TraceSession, seconds: float) -> bytes | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await session.read()
    return None


class Collector:
    """Puts the events of one interval together. `values` is what was told since the last reading."""

    def __init__(self, interval: float) -> None:
        self.values: dict[str, float] = {}
        self.reader = NettraceReader(self._take, {(PROVIDER, None)})
        self._interval = interval
        self._told_seconds = interval
        self._expected: frozenset[str] = frozenset()

    @property
    def has_all(self) -> bool:
        """Whether every counter of the reading before was told again, so that no more has to be waited for."""
        return bool(self._expected) and self._expected <= self.values.keys()

    def taken(self) -> CounterReading:
        values, self.values = self.values, {}
        self._expected |= values.keys()
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
        name, value = fields["Name"], fields.get("Increment", fields.get("Mean"))
        if not isinstance(name, str) or not isinstance(value, int | float) or not math.isfinite(value):
            return
        name = printable(name, _LONGEST_NAME)
        if len(self.values) < MOST_COUNTERS or name in self.values:
            self.values[name] = float(value)
        seconds = fields.get("IntervalSec")
        is_sane = isinstance(seconds, float) and math.isfinite(seconds) and 0 < seconds < 3600
        self._told_seconds = seconds if is_sane else self._interval
