"""Counts the objects on a managed heap by type: the runtime walks its heap once and tells sizes and types."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from octotui.dotnet.heap.census import RUNTIME, WANTED, Census
from octotui.dotnet.heap.model import HeapHistogram
from octotui.dotnet.heap.plan import BUFFER_MB, MOST_STREAM_BYTES
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.sessions import Provider, TraceSession, trace
from octotui.errors import DiagnosticsError
from octotui.processes.model import ProcessKey

DEADLINE_SECONDS = 120.0
BEGIN_SECONDS = 10.0
_WALK = 0x1980001
_VERBOSE = 5


async def histogram(
    key: ProcessKey,
    target: DiagnosticsSocket,
    on_progress: Callable[[int], None] | None = None,
    *,
    deadline: float = DEADLINE_SECONDS,
    most_bytes: int = MOST_STREAM_BYTES,
) -> HeapHistogram:
    """The heap by type, as it is now: the runtime collects garbage first. `on_progress` gets bytes of stream so far.

    What the process cannot tell within `deadline` (seconds) and `most_bytes` is left out and said. Raises
    DiagnosticsError.
    """
    began, taken_at = time.monotonic(), time.time()
    census = Census()
    reader = NettraceReader(census.take, WANTED)
    remarks: list[str] = []
    provider = Provider(RUNTIME, _WALK, _VERBOSE)
    begin_seconds = min(BEGIN_SECONDS, deadline)
    try:
        async with (
            asyncio.timeout(deadline),
            trace(target, [provider], buffer_mb=BUFFER_MB, most_bytes=most_bytes, timeout=begin_seconds) as session,
        ):
            await _read(session, reader, census, on_progress)
    except TimeoutError:
        remarks.append(f"it was not told within {deadline:.0f} s: objects are missing")
    except DiagnosticsError as error:
        if error.code != "diagnostics-too-much":
            raise
        remarks.append(f"the stream was cut at {most_bytes >> 20} MB: objects are missing")
    if not remarks and not reader.is_complete:
        remarks.append("the stream broke off before its end: objects are missing")
    if reader.lost_events:
        remarks.append(f"the runtime had no room for {reader.lost_events} events: objects are missing")
    if not census.has_objects:
        raise DiagnosticsError(
            f"process {key.pid} told of no objects: it may be at another collection, or stuck",
            hint=f"try again, or octotui dump {key.pid}",
            code="no-heap",
        )
    types = await asyncio.to_thread(census.types)
    rate = reader.trace.ticks_per_second if reader.trace else 1
    return HeapHistogram(
        key,
        taken_at,
        time.monotonic() - began,
        types,
        sum(use.objects for use in types),
        sum(use.bytes for use in types),
        census.longest_stop / rate,
        reader.bytes_read,
        reader.lost_events,
        not remarks,
        tuple(remarks),
    )


async def _read(
    session: TraceSession, reader: NettraceReader, census: Census, on_progress: Callable[[int], None] | None
) -> None:
    stopping: asyncio.Task[None] | None = None
    try:
        while not reader.is_complete and (piece := await session.read()):
            await _fed(reader, piece)
            if on_progress is not None:
                on_progress(reader.bytes_read)
            if census.is_told and stopping is None:
                stopping = asyncio.ensure_future(session.stop())
    finally:
        if stopping is not None:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)


async def _fed(reader: NettraceReader, piece: bytes) -> None:
    """Feeds it in a thread, which is waited for also when the time is over: the census is read next."""
    feeding = asyncio.ensure_future(asyncio.to_thread(reader.feed, piece))
    try:
        await asyncio.shield(feeding)
    except asyncio.CancelledError:
        await asyncio.wait({feeding})
        raise
