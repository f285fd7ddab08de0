"""The counters of a runtime as it tells them, once in an interval, for as long as somebody iterates."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import Event
from octotui.dotnet.sessions import Provider, TraceSession, trace
from octotui.errors import DiagnosticsError
from octotui.text import printable

PROVIDER = "System.Runtime"
EVENT = "EventCounters"
BUFFER_MB = 1
MOST_BYTES = 64 << 20
"""Of one session, which is four hours at 4 KB a second. Its reader keeps a little for each thread that it heard of."""

MOST_COUNTERS = 256
MOST_READY = 8
SILENT_INTERVALS = 10
"""After so many without a word the runtime is taken to tell nothing any more."""

MOST_SILENT_SECONDS = 60.0

SHORT = 0.5
"""Share of an interval below which it is none: .NET Core 3.1 now and then tells of 2 ms right after a whole second,
with a use of the CPU that never was."""

MOST_SECONDS = 3600.0
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
                raise DiagnosticsError(
                    f"process {target.pid} told no counters for {seconds:.0f} s",
                    hint=f"octotui doctor {target.pid} says what may be amiss",
                    code="no-counters",
                )
            if piece is None:
                collector.finish()
            while collector.ready:
                yield collector.ready.popleft()


async def _next(session: TraceSession, seconds: float) -> bytes | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await session.read()
    return None


class Collector:
    """Puts the events of one interval together. `values` is what was told of one that may not be whole, `ready` what
    was told before."""

    def __init__(self, interval: float) -> None:
        self.values: dict[str, float] = {}
        self.ready: deque[CounterReading] = deque(maxlen=MOST_READY)
        self.reader = NettraceReader(self._take, {(PROVIDER, None)})
        self._interval = interval
        self._told_seconds = interval
        self._expected: frozenset[str] = frozenset()

    def finish(self) -> None:
        """No more comes of this interval."""
        values, self.values = self.values, {}
        if 0 < self._told_seconds < self._interval * SHORT:
            return
        if len(self._expected) <= MOST_COUNTERS:
            self._expected |= values.keys()
        is_sane = self._interval * SHORT <= self._told_seconds <= MOST_SECONDS
        self.ready.append(CounterReading(time.time(), self._told_seconds if is_sane else self._interval, values))

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
        if name in self.values:
            self.finish()
        if len(self.values) < MOST_COUNTERS:
            self.values[name] = float(value)
        seconds = fields.get("IntervalSec")
        self._told_seconds = seconds if isinstance(seconds, float) and math.isfinite(seconds) else 0.0
        if self._expected and len(self._expected) <= MOST_COUNTERS and self._expected <= self.values.keys():
            # Every counter of the readings before was told again: no more has to be waited for.
            self.finish()
