"""One short session of the sample profiler: which stacks the threads had, and how long they stood still for it."""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import Event
from octotui.dotnet.sessions import Provider, Rundown, TraceSession, trace
from octotui.dotnet.stacks.methods import WANTED, MethodTable
from octotui.dotnet.stacks.model import Stops

PROFILER = "Microsoft-DotNETCore-SampleProfiler"
RUNTIME = "Microsoft-Windows-DotNETRuntime"
BUFFER_MB = 64
_COLLECTIONS = 0x1
_INFORMATIONAL = 4
_SUSPENSION_BEGINS, _ALL_RUN_AGAIN = 9, 3
_FOR_COLLECTION = (1, 6)
_MANAGED = 2
_WANTED = WANTED | {(PROFILER, None), (RUNTIME, _SUSPENSION_BEGINS), (RUNTIME, _ALL_RUN_AGAIN)}


@dataclass(slots=True)
class Samples:
    """What a thread was seen to do: its last stack, and how often it was seen, in managed code, and with what."""

    stack: tuple[int, ...] = ()
    count: int = 0
    managed: int = 0
    seen: set[tuple[int, ...]] = field(default_factory=set)

    def add(self, stack: tuple[int, ...], is_managed: bool) -> None:
        self.stack = stack
        self.count += 1
        self.managed += is_managed
        self.seen.add(stack)


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """Samples by the threads' own ids; how often the process stood still; what the runtime could not tell."""

    threads: dict[int, Samples]
    stops: Stops
    lost_events: int
    is_complete: bool
    bytes_read: int


async def record(
    target: DiagnosticsSocket, table: MethodTable, *, sampling_seconds: float, rundown: Rundown, deadline: float
) -> SampleRecord:
    """Samples for so long; with a rundown the names go into `table`. `deadline` is seconds for all of it.

    Raises DiagnosticsError and TimeoutError.
    """
    collector = _Collector(table)
    reader = NettraceReader(collector.take, _WANTED)
    providers = [Provider(PROFILER, 0, _INFORMATIONAL), Provider(RUNTIME, _COLLECTIONS, _INFORMATIONAL)]
    try:
        async with (
            asyncio.timeout(deadline),
            trace(target, providers, rundown=rundown, buffer_mb=BUFFER_MB, timeout=deadline) as session,
        ):
            ending = asyncio.ensure_future(_stop_after(session, sampling_seconds))
            try:
                while piece := await session.read():
                    await asyncio.to_thread(reader.feed, piece)
                    if reader.is_complete:
                        break
            finally:
                ending.cancel()
                await asyncio.gather(ending, return_exceptions=True)
    except BaseException:
        table.drop()
        raise
    if reader.is_complete:
        await asyncio.to_thread(table.settle)
    else:
        table.drop()
    rate = reader.trace.ticks_per_second if reader.trace else 1
    stops = _stops(collector.suspensions, rate)
    return SampleRecord(collector.threads, stops, reader.lost_events, reader.is_complete, reader.bytes_read)


async def _stop_after(session: TraceSession, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await session.stop()


class _Collector:
    def __init__(self, table: MethodTable) -> None:
        self.threads: dict[int, Samples] = defaultdict(Samples)
        self.suspensions: list[tuple[int, int, int]] = []
        self._table = table

    def take(self, event: Event) -> None:
        if event.provider == PROFILER:
            kind = event.payload[0] if event.payload else 0
            self.threads[event.thread].add(event.stack, kind == _MANAGED)
        elif event.provider == RUNTIME:
            reason = struct.unpack_from("<I", event.payload)[0] if event.id == _SUSPENSION_BEGINS else 0
            self.suspensions.append((event.time, event.id, reason))
        else:
            self._table.take(event)


def _stops(suspensions: list[tuple[int, int, int]], rate: int) -> Stops:
    """From the beginning of each suspension until all run again; those of a garbage collection are not ours."""
    lengths: list[float] = []
    began: int | None = None
    for time, event, reason in sorted(suspensions):
        if event == _SUSPENSION_BEGINS:
            began = None if reason in _FOR_COLLECTION else time
        elif began is not None:
            lengths.append((time - began) / rate)
            began = None
    if not lengths:
        return Stops()
    return Stops(len(lengths), median(lengths), max(lengths), sum(lengths))
