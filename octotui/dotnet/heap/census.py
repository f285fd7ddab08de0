"""Objects of a managed heap by type, added up from the events in which a runtime tells of them."""

from __future__ import annotations

import struct
from collections import Counter

from octotui.dotnet.heap.model import TypeUse
from octotui.dotnet.nettrace.values import BadStream, Event, utf16_end
from octotui.dotnet.stacks.names import type_text

RUNTIME = "Microsoft-Windows-DotNETRuntime"
GC_END, ALL_RUN_AGAIN, SUSPENSION_BEGINS, TYPES, NODES = 2, 3, 9, 15, 18
WANTED = frozenset((RUNTIME, number) for number in (GC_END, ALL_RUN_AGAIN, SUSPENSION_BEGINS, TYPES, NODES))
"""The events that `Census.take` understands."""

MOST_TYPES = 1 << 17
MOST_PAIRS = 1 << 17
"""Different sizes of one type are counted apart up to so many, which is fast; then their sums are taken."""

MOST_NAME_BYTES = 64 << 20
_LONGEST_NAME_BYTES = 4000
_NODE_HEAD, _NODE_BYTES = 10, 32
_TYPE_HEAD = 6
_TYPE = struct.Struct("<QQIIB")
_OLDEST_GENERATION = 2
_MOST_PARAMETERS = 4096


class Census:
    """What the events told so far. `take` each; `types` at the end.

    `is_told` once the collection is over that told of the objects; `longest_stop` is in ticks of the trace's clock.
    """

    def __init__(self) -> None:
        self.is_told = False
        self.longest_stop = 0
        self._pairs: Counter[tuple[int, int]] = Counter()
        self._objects: Counter[int] = Counter()
        self._bytes: Counter[int] = Counter()
        self._names: dict[int, bytes] = {}
        self._name_bytes = 0
        self._began = 0

    @property
    def has_objects(self) -> bool:
        return bool(self._pairs or self._objects)

    def take(self, event: Event) -> None:
        """One event of `WANTED`. Raises BadStream for a payload that is none, and for more types than there can be."""
        try:
            if event.id == NODES:
                self._take_nodes(event.payload)
            elif event.id == TYPES:
                self._take_types(event.payload)
            elif event.id == SUSPENSION_BEGINS:
                self._began = event.time
            elif event.id == ALL_RUN_AGAIN and self._began:
                self.longest_stop = max(self.longest_stop, event.time - self._began)
                self._began = 0
            elif event.id == GC_END and self.has_objects:
                # Ordinary collections go on meanwhile; the one that was asked for is of the oldest generation.
                self.is_told |= struct.unpack_from("<II", event.payload)[1] >= _OLDEST_GENERATION
        except struct.error:
            raise BadStream("an event of the heap that is cut short") from None

    def types(self) -> tuple[TypeUse, ...]:
        """Most bytes first; types of one name together. A runtime leaves out the outer type of a nested one."""
        self._add_up()
        objects: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for number, count in self._objects.items():
            name = self._name(number)
            objects[name] += count
            sizes[name] += self._bytes[number]
        return tuple(TypeUse(name, objects[name], size) for name, size in sizes.most_common())

    def _name(self, number: int) -> str:
        raw = self._names.get(number, b"")
        return type_text(raw.decode("utf-16-le", "replace")) or f"0x{number:x}"

    def _take_nodes(self, payload: bytes) -> None:
        (count,) = struct.unpack_from("<4xI", payload)
        end = _NODE_HEAD + count * _NODE_BYTES
        if end > len(payload):
            raise BadStream("objects past the end of their event")
        words = memoryview(payload)[_NODE_HEAD:end].cast("Q")
        # Counting pairs runs in C, and there are few different ones.
        self._pairs.update(zip(words[2::4].tolist(), words[1::4].tolist(), strict=True))
        if len(self._pairs) > MOST_PAIRS:
            self._add_up()

    def _add_up(self) -> None:
        for (number, size), count in self._pairs.items():
            self._objects[number] += count
            self._bytes[number] += count * size
        self._pairs.clear()
        if len(self._objects) > MOST_TYPES:
            raise BadStream("objects of more types than there can be")

    def _take_types(self, payload: bytes) -> None:
        (count,) = struct.unpack_from("<I", payload)
        offset = _TYPE_HEAD
        for _ in range(min(count, MOST_TYPES)):
            number = _TYPE.unpack_from(payload, offset)[0]
            start = offset + _TYPE.size
            end = utf16_end(payload, start)
            (parameters,) = struct.unpack_from("<I", payload, end + 2)
            if parameters > _MOST_PARAMETERS or len(self._names) >= MOST_TYPES:
                raise BadStream("more types than there can be")
            name = payload[start : min(end, start + _LONGEST_NAME_BYTES)]
            self._name_bytes += len(name)
            if self._name_bytes <= MOST_NAME_BYTES:
                self._names[number] = name
            offset = end + 6 + 8 * parameters
