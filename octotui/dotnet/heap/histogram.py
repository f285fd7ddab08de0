"""Counts the objects on a managed heap by type: the runtime walks its heap once and tells sizes and types."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections import Counter
from collections.abc import Callable

from octotui.dotnet.heap.model import HeapHistogram, TypeUse
from octotui.dotnet.heap.plan import BUFFER_MB, MOST_STREAM_BYTES
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event, utf16_end
from octotui.dotnet.sessions import Provider, TraceSession, trace
from octotui.dotnet.stacks.names import type_text
from octotui.errors import DiagnosticsError
from octotui.processes.model import ProcessKey

RUNTIME = "Microsoft-Windows-DotNETRuntime"
DEADLINE_SECONDS = 120.0
MOST_TYPES = 1 << 17
_WALK = 0x1980001
_VERBOSE = 5
_GC_END, _ALL_RUN_AGAIN, _SUSPENSION_BEGINS, _TYPES, _NODES = 2, 3, 9, 15, 18
_WANTED = {(RUNTIME, number) for number in (_GC_END, _ALL_RUN_AGAIN, _SUSPENSION_BEGINS, _TYPES, _NODES)}
_NODE_HEAD, _NODE_BYTES = 10, 32
_TYPE_HEAD = 6
_TYPE = struct.Struct("<QQIIB")
_OLDEST_GENERATION = 2
_MOST_PARAMETERS = 4096


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
    census = _Census()
    reader = NettraceReader(census.take, _WANTED)
    remarks: list[str] = []
    provider = Provider(RUNTIME, _WALK, _VERBOSE)
    try:
        async with (
            asyncio.timeout(deadline),
            trace(target, [provider], buffer_mb=BUFFER_MB, most_bytes=most_bytes, timeout=deadline) as session,
        ):
            await _read(session, reader, census, on_progress)
    except TimeoutError:
        remarks.append(f"it was not told within {deadline:.0f} s: objects are missing")
    except DiagnosticsError as error:
        if error.code != "diagnostics-too-much":
            raise
        remarks.append(f"the stream was cut at {most_bytes >> 20} MB: objects are missing")
    if reader.lost_events:
        remarks.append(f"the runtime had no room for {reader.lost_events} events: objects are missing")
    if not census.uses:
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
    session: TraceSession, reader: NettraceReader, census: _Census, on_progress: Callable[[int], None] | None
) -> None:
    stopping: asyncio.Task[None] | None = None
    try:
        while not reader.is_complete and (piece := await session.read()):
            await asyncio.to_thread(reader.feed, piece)
            if on_progress is not None:
                on_progress(reader.bytes_read)
            if census.is_told and stopping is None:
                stopping = asyncio.ensure_future(session.stop())
    finally:
        if stopping is not None:
            stopping.cancel()
            with contextlib.suppress(asyncio.CancelledError, DiagnosticsError):
                await stopping


class _Census:
    """What the events told so far."""

    def __init__(self) -> None:
        self.uses: Counter[tuple[int, int]] = Counter()
        self.is_told = False
        self.longest_stop = 0
        self._names: dict[int, str] = {}
        self._began = 0

    def take(self, event: Event) -> None:
        try:
            if event.id == _NODES:
                self._take_nodes(event.payload)
            elif event.id == _TYPES:
                self._take_types(event.payload)
            elif event.id == _SUSPENSION_BEGINS:
                self._began = event.time
            elif event.id == _ALL_RUN_AGAIN and self._began:
                self.longest_stop = max(self.longest_stop, event.time - self._began)
                self._began = 0
            elif event.id == _GC_END and self.uses:
                # Ordinary collections go on meanwhile; the one that was asked for is of the oldest generation.
                self.is_told = struct.unpack_from("<II", event.payload)[1] >= _OLDEST_GENERATION
        except struct.error:
            raise BadStream("an event of the heap that is cut short") from None

    def types(self) -> tuple[TypeUse, ...]:
        """Most bytes first; types of one name together."""
        objects: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for (number, size), count in self.uses.items():
            name = self._names.get(number) or f"0x{number:x}"
            objects[name] += count
            sizes[name] += count * size
        return tuple(TypeUse(name, objects[name], size) for name, size in sizes.most_common())

    def _take_nodes(self, payload: bytes) -> None:
        count = struct.unpack_from("<4xI", payload)[0]
        end = _NODE_HEAD + count * _NODE_BYTES
        if end > len(payload):
            raise BadStream("objects past the end of their event")
        words = memoryview(payload[_NODE_HEAD:end]).cast("Q")
        # Counting pairs runs in C, and there are few different ones.
        self.uses.update(zip(words[2::4].tolist(), words[1::4].tolist(), strict=True))

    def _take_types(self, payload: bytes) -> None:
        count = struct.unpack_from("<I", payload)[0]
        offset = _TYPE_HEAD
        for _ in range(min(count, MOST_TYPES)):
            number = _TYPE.unpack_from(payload, offset)[0]
            start = offset + _TYPE.size
            end = utf16_end(payload, start)
            parameters = struct.unpack_from("<I", payload, end + 2)[0]
            if parameters > _MOST_PARAMETERS or len(self._names) > MOST_TYPES:
                raise BadStream("more types than there can be")
            self._names[number] = type_text(payload[start:end].decode("utf-16-le", "replace"))
            offset = end + 6 + 8 * parameters
