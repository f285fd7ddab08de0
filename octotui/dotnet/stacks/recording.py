"""One short session of the sample profiler: which stacks the threads had, and how long they stood still for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import Event
from octotui.dotnet.sessions import Provider, Rundown, TraceSession, trace
from octotui.dotnet.stacks.methods import RUNTIME, WANTED, MethodTable
from octotui.dotnet.stacks.model import MOST_FRAMES, Stops
from octotui.dotnet.stacks.suspensions import SUSPENSIONS, Suspensions
from octotui.dotnet.stacks.threads import MOST_THREADS, KernelThread
from octotui.errors import DiagnosticsError

PROFILER = "Microsoft-DotNETCore-SampleProfiler"
BUFFER_MB = 64
"""A limit, of which the runtime takes what it needs: with 1 MB the names of 22,000 methods do not fit."""

_COLLECTIONS = 0x1
_INFORMATIONAL = 4
_COLLECTIONS_ALONE = Provider(RUNTIME, _COLLECTIONS, _INFORMATIONAL)
_PROVIDERS = (Provider(PROFILER, 0, _INFORMATIONAL), _COLLECTIONS_ALONE)
_SAMPLES = SUSPENSIONS | {(PROFILER, None)}
_MANAGED = 2
_MOST_SEEN = 64


@dataclass(slots=True)
class Samples:
    """What a thread was seen to do: its last stack, and how often it was seen, in managed code, and with what."""

    stack: tuple[int, ...] = ()
    count: int = 0
    managed: int = 0
    seen: set[tuple[int, ...]] = field(default_factory=set)

    def add(self, stack: tuple[int, ...], is_managed: bool) -> None:
        self.stack = stack[:MOST_FRAMES]
        self.count += 1
        self.managed += is_managed
        if len(self.seen) < _MOST_SEEN:
            self.seen.add(self.stack)


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """Samples and the kernel's view of the threads, both by the threads' own ids; how often the process stood still."""

    samples: Mapping[int, Samples]
    threads: Mapping[int, KernelThread]
    stops: Stops
    lost_events: int
    bytes_read: int

    @property
    def addresses(self) -> set[int]:
        return {address for samples in self.samples.values() for address in samples.stack}


async def record(
    target: DiagnosticsSocket,
    table: MethodTable,
    *,
    sampling_seconds: float,
    rundown: Rundown,
    begin_seconds: float,
    read_threads: Callable[[], Mapping[int, KernelThread]],
) -> SampleRecord:
    """Samples for so long; with a rundown the names of all methods go into `table`, else it stays as it is.

    The session begins within `begin_seconds`; all of it takes as long as it takes, to be cut off by the caller.
    `read_threads` is called off the loop when the sampling is over: the runtime's answer takes 0.1 s from there.
    Raises DiagnosticsError.
    """
    collector = _Collector(table)
    reader = NettraceReader(collector.take, _SAMPLES | WANTED if rundown is Rundown.METHODS else _SAMPLES)
    try:
        async with trace(target, _PROVIDERS, rundown=rundown, buffer_mb=BUFFER_MB, timeout=begin_seconds) as session:
            ending = asyncio.ensure_future(_end(session, sampling_seconds, read_threads))
            try:
                await _read(session, reader, target.pid)
                threads = await ending
            finally:
                ending.cancel()
                await asyncio.gather(ending, return_exceptions=True)
    except BaseException:
        table.drop()
        raise
    await asyncio.to_thread(table.settle, is_whole=not reader.lost_events)
    stops = collector.suspensions.stops(reader.trace.ticks_per_second if reader.trace else 1)
    return SampleRecord(collector.samples, threads, stops, reader.lost_events, reader.bytes_read)


async def learn(target: DiagnosticsSocket, table: MethodTable, *, begin_seconds: float) -> int:
    """Has `table` learn the names of all methods that the process has now; returns how many events were lost.

    Nothing is sampled, so that the process does not stand still. As `record` otherwise.
    """
    reader = NettraceReader(table.take, WANTED)
    try:
        async with trace(
            target, (_COLLECTIONS_ALONE,), rundown=Rundown.METHODS, buffer_mb=BUFFER_MB, timeout=begin_seconds
        ) as session:
            stopping = asyncio.ensure_future(session.stop())
            try:
                await _read(session, reader, target.pid)
                await stopping
            finally:
                stopping.cancel()
                await asyncio.gather(stopping, return_exceptions=True)
    except BaseException:
        table.drop()
        raise
    await asyncio.to_thread(table.settle, is_whole=not reader.lost_events)
    return reader.lost_events


async def _end(
    session: TraceSession, seconds: float, read_threads: Callable[[], Mapping[int, KernelThread]]
) -> Mapping[int, KernelThread]:
    await asyncio.sleep(seconds)
    stopping = asyncio.ensure_future(session.stop())
    try:
        threads = await asyncio.to_thread(read_threads)
    except BaseException:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        raise
    await stopping
    return threads


async def _read(session: TraceSession, reader: NettraceReader, pid: int) -> None:
    while not reader.is_complete:
        piece = await session.read()
        if not piece:
            raise DiagnosticsError(
                f"process {pid} ended, or closed the stream, before its stacks had come", code="diagnostics-closed"
            )
        await asyncio.to_thread(reader.feed, piece)


class _Collector:
    """Sorts the events of a session."""

    def __init__(self, table: MethodTable) -> None:
        self.samples: dict[int, Samples] = {}
        self.suspensions = Suspensions()
        self._table = table

    def take(self, event: Event) -> None:
        if event.provider == PROFILER:
            samples = self.samples.get(event.thread)
            if samples is None:
                if not event.stack or len(self.samples) >= MOST_THREADS:
                    return
                samples = self.samples[event.thread] = Samples()
            samples.add(event.stack, event.payload[:1] == bytes([_MANAGED]))
        elif (event.provider, event.id) in SUSPENSIONS:
            self.suspensions.take(event)
        else:
            self._table.take(event)
