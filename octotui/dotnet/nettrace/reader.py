"""Reads a nettrace stream (version 4) as it comes: objects, blocks, events."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from typing import Any

from octotui.dotnet.nettrace.blobs import Losses, OnEvent, payloads, walk
from octotui.dotnet.nettrace.metadata import EventKind, parse_kind
from octotui.dotnet.nettrace.stackblocks import Stacks
from octotui.dotnet.nettrace.values import BadStream, Event, TraceInfo

LARGEST_BLOCK = 4 << 20
"""Bytes; runtimes close a block at 100 KB. One block is read in one go, also when nobody waits for it any more."""

LARGEST_KIND = 1 << 16
MOST_KINDS = 4096
_HEAD = b"Nettrace\x14\0\0\0!FastSerialization.1"
_END, _OBJECT_END = 1, 6
_OBJECT = b"\5\5\1"
_TYPE = struct.Struct("<3xiii")
_TRACE = struct.Struct("<16xqqiii4x")
_LONGEST_TYPE = 64


class NettraceReader:
    """Give it the stream with `feed`, in pieces of any size.

    `on_event` is called for the events of `wanted`, (provider, id) with None for all ids of a provider; None for all
    events. Whatever is wrong with the stream is a BadStream, and nothing else is ever raised by it.
    """

    def __init__(self, on_event: OnEvent, wanted: Collection[tuple[str, int | None]] | None = None) -> None:
        self.trace: TraceInfo | None = None
        self.is_complete = False
        self.bytes_read = 0
        self.events = 0
        self._on_event = on_event
        self._wish = None if wanted is None else frozenset(wanted)
        self._losses = Losses()
        self._kinds: dict[int, EventKind] = {}
        self._wanted: dict[int, EventKind] = {}
        self._stacks = Stacks(8)
        self._buffer = bytearray()
        self._base = 0
        self._blocks = {
            "EventBlock": self._take_events,
            "MetadataBlock": self._take_kinds,
            "StackBlock": self._take_stacks,
            "SPBlock": self._take_sequence_point,
        }

    @property
    def lost_events(self) -> int:
        """Events that the runtime had no room for in its buffer."""
        return self._losses.count

    def fields(self, event: Event) -> Mapping[str, Any]:
        """The payload of an event by the names that the stream gave to its fields. Raises BadStream."""
        kind = self._kinds.get(event.kind)
        if kind is None:
            raise BadStream("an event of an unknown kind")
        return kind.decode(event.payload)

    def feed(self, data: bytes) -> None:
        """Takes the next piece. Raises BadStream; the reader is of no use after it."""
        self.bytes_read += len(data)
        if self.is_complete:
            return
        buffer = self._buffer
        buffer += data
        taken = 0
        try:
            while not self.is_complete:
                after = self._object(buffer, taken)
                if after is None:
                    break
                taken = after
        except (struct.error, IndexError, OverflowError, UnicodeError) as error:
            raise BadStream(str(error)) from None
        finally:
            del buffer[: None if self.is_complete else taken]
            self._base += taken

    def _object(self, buffer: bytearray, offset: int) -> int | None:
        """Takes the object at `offset`; where the next one begins, or None while this one is not whole."""
        left = len(buffer) - offset
        if self._base + offset == 0:
            if left < len(_HEAD):
                return None
            if buffer[: len(_HEAD)] != _HEAD:
                raise BadStream("it does not begin as one")
            return len(_HEAD)
        if left and buffer[offset] == _END:
            self.is_complete = True
            return offset + 1
        if left < _TYPE.size:
            return None
        if buffer[offset : offset + 3] != _OBJECT:
            raise BadStream("no object where one should be")
        _, _, length = _TYPE.unpack_from(buffer, offset)
        if not 0 < length < _LONGEST_TYPE:
            raise BadStream("an object without a name")
        start = offset + _TYPE.size + length + 1
        if len(buffer) < start:
            return None
        if buffer[start - 1] != _OBJECT_END:
            raise BadStream("the type of an object has no end")
        name = buffer[offset + _TYPE.size : start - 1].decode("ascii", "replace")
        return self._trace(buffer, start) if name == "Trace" else self._block(name, buffer, start)

    def _trace(self, buffer: bytearray, start: int) -> int | None:
        after = start + _TRACE.size + 1
        if len(buffer) < after:
            return None
        ticks, rate, pointer_bytes, pid, processors = _TRACE.unpack_from(buffer, start)
        if pointer_bytes not in (4, 8) or rate <= 0:
            raise BadStream("a clock or a machine that cannot be")
        if self.trace is not None:
            raise BadStream("it has two heads")
        self.trace = TraceInfo(ticks, rate, pointer_bytes, pid, processors)
        self._stacks = Stacks(pointer_bytes)
        return self._closed(buffer, after)

    def _block(self, name: str, buffer: bytearray, start: int) -> int | None:
        if len(buffer) < start + 4:
            return None
        (size,) = struct.unpack_from("<i", buffer, start)
        if not 0 <= size <= LARGEST_BLOCK:
            raise BadStream(f"a block of {size} bytes")
        start += 4
        start += -(self._base + start) % 4
        after = start + size + 1
        if len(buffer) < after:
            return None
        take = self._blocks.get(name)
        if take is not None:
            take(bytes(buffer[start : start + size]))
        return self._closed(buffer, after)

    def _closed(self, buffer: bytearray, after: int) -> int:
        if buffer[after - 1] != _OBJECT_END:
            raise BadStream("an object has no end")
        return after

    def _take_events(self, block: bytes) -> None:
        self.events += walk(block, self._wanted, self._stacks, self._losses, self._on_event)

    def _take_kinds(self, block: bytes) -> None:
        for blob in payloads(block):
            if len(blob) > LARGEST_KIND:
                raise BadStream(f"a kind of event in {len(blob)} bytes")
            kind = parse_kind(blob)
            self._kinds[kind.number] = kind
            if self._wish is None or {(kind.provider, kind.id), (kind.provider, None)} & self._wish:
                self._wanted[kind.number] = kind
            if len(self._kinds) > MOST_KINDS:
                raise BadStream("more kinds of events than there can be")

    def _take_stacks(self, block: bytes) -> None:
        if self.trace is None:
            raise BadStream("stacks before the head")
        self._stacks.take(block)

    def _take_sequence_point(self, block: bytes) -> None:
        self._stacks.forget()
        (count,) = struct.unpack_from("<i", block, 8)
        if not 0 <= count <= (len(block) - 12) // 12:
            raise BadStream("a sequence point past its block")
        for thread, number in struct.iter_unpack("<qI", block[12 : 12 + 12 * count]):
            self._losses.up_to(thread, number)
