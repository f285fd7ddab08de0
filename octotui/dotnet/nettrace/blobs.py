"""The events inside a block: headers that say only what changed since the one before, and payloads.

The loop over them is the hot one of every look: most events are not wanted, and of those no object is made.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from octotui.dotnet.nettrace.metadata import EventKind
from octotui.dotnet.nettrace.stackblocks import Stacks
from octotui.dotnet.nettrace.values import BadStream, Event

OnEvent = Callable[[Event], None]
_COMPRESSED = 1
_FULL = struct.Struct("<iiiqqiiq32xi")
_MOST_SHIFT = 63
MOST_THREADS = 1 << 18
_NO_STACKS = Stacks(8)
_TOO_MANY_THREADS = "events of more threads than there can be"


class Losses:
    """Counts what is missing: each thread of the target numbers the events that it wrote, or could not write."""

    def __init__(self) -> None:
        self.count = 0
        self.last: dict[int, int] = {}

    def at(self, thread: int, number: int) -> None:
        """The next event of `thread` has this number."""
        last = self.last.get(thread, 0)
        if number > last + 1:
            self.count += number - last - 1
        self._reached(thread, number)

    def up_to(self, thread: int, number: int) -> None:
        """All events of `thread` up to this number should have come by now."""
        last = self.last.get(thread, 0)
        if number > last:
            self.count += number - last
        self._reached(thread, number)

    def _reached(self, thread: int, number: int) -> None:
        self.last[thread] = number
        if len(self.last) > MOST_THREADS:
            raise BadStream(_TOO_MANY_THREADS)


def payloads(block: bytes) -> list[bytes]:
    """The payloads of all events of a block. Raises BadStream, struct.error and IndexError."""
    found: list[bytes] = []
    _walk(block, None, _NO_STACKS, None, lambda event: found.append(event.payload))
    return found


def walk(
    block: bytes,
    wanted: Mapping[int, EventKind],
    stacks: Stacks,
    losses: Losses,
    on_event: OnEvent,
) -> int:
    """Tells of each wanted event of an EventBlock; returns how many events it has in all. Raises as `payloads`."""
    return _walk(block, wanted, stacks, losses, on_event)


def _walk(
    block: bytes,
    wanted: Mapping[int, EventKind] | None,
    stacks: Stacks,
    losses: Losses | None,
    on_event: OnEvent,
) -> int:
    head, flags = struct.unpack_from("<HH", block, 0)
    walker = _walk_compressed if flags & _COMPRESSED else _walk_full
    return walker(block, head, wanted, stacks, losses, on_event)


_ANY = EventKind(0, "", 0, "", 0, b"", 0)


def _walk_compressed(
    block: bytes,
    offset: int,
    wanted: Mapping[int, EventKind] | None,
    stacks: Stacks,
    losses: Losses | None,
    on_event: OnEvent,
) -> int:
    end = len(block)
    kind_number = sequence = capturer = thread = stack_id = time = size = events = 0
    kind = None if wanted is not None else _ANY
    last: dict[int, int] = {} if losses is None else losses.last
    expected = -1
    while offset < end:
        flags = block[offset]
        offset += 1
        if flags & 1:
            kind_number = block[offset]
            offset += 1
            if kind_number > 127:
                kind_number, offset = _rest(block, offset, kind_number)
            if wanted is not None:
                kind = wanted.get(kind_number)
        if flags & 2:
            if expected >= 0:
                last[capturer] = sequence
                if len(last) > MOST_THREADS:
                    raise BadStream(_TOO_MANY_THREADS)
            step, offset = _number(block, offset)
            capturer, offset = _number(block, offset)
            _, offset = _number(block, offset)
            sequence = (sequence + step) & 0xFFFFFFFF
            expected = last.get(capturer, 0)
            if kind_number:
                sequence = (sequence + 1) & 0xFFFFFFFF
            if losses is not None and sequence > expected + 1:
                losses.count += sequence - expected - 1
            expected = sequence
        elif kind_number:
            sequence = (sequence + 1) & 0xFFFFFFFF
        if flags & 4:
            thread, offset = _number(block, offset)
        if flags & 8:
            stack_id, offset = _number(block, offset)
        step = block[offset]
        offset += 1
        if step > 127:
            byte = block[offset]
            offset += 1
            step = (step & 127) | (byte & 127) << 7
            if byte > 127:
                more, offset = _number(block, offset)
                step |= more << 14
        time += step
        if flags & 48:
            offset += 16 if flags & 48 != 48 else 32
        if flags & 128:
            size = block[offset]
            offset += 1
            if size > 127:
                byte = block[offset]
                offset += 1
                size = (size & 127) | (byte & 127) << 7
                if byte > 127:
                    more, offset = _number(block, offset)
                    size |= more << 14
        after = offset + size
        if after > end:
            raise BadStream("an event past the end of its block")
        events += 1
        if kind is not None:
            on_event(
                Event(
                    kind.provider, kind.id, kind.name, kind.version, thread, time,
                    stacks.get(stack_id), block[offset:after], kind.number,
                )
            )  # fmt: skip
        offset = after
    if expected >= 0:
        last[capturer] = sequence
    return events


def _walk_full(
    block: bytes,
    offset: int,
    wanted: Mapping[int, EventKind] | None,
    stacks: Stacks,
    losses: Losses | None,
    on_event: OnEvent,
) -> int:
    end, events = len(block), 0
    while offset < end:
        size, number, sequence, thread, capturer, _, stack_id, time, payload_size = _FULL.unpack_from(block, offset)
        start, after = offset + _FULL.size, offset + 4 + size
        # Events that lie in each other would make terabytes of payloads out of one block.
        if payload_size < 0 or start + payload_size > after or after > end:
            raise BadStream("an event past the end of its block")
        if losses is not None:
            losses.at(capturer, sequence & 0xFFFFFFFF)
        kind = _ANY if wanted is None else wanted.get(number & 0x7FFFFFFF)
        events += 1
        if kind is not None:
            payload = block[start : start + payload_size]
            stack = stacks.get(stack_id)
            on_event(Event(kind.provider, kind.id, kind.name, kind.version, thread, time, stack, payload, kind.number))
        offset = after
    return events


def _number(block: bytes, offset: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where the next one begins."""
    value = block[offset]
    return (value, offset + 1) if value < 128 else _rest(block, offset + 1, value)


def _rest(block: bytes, offset: int, value: int) -> tuple[int, int]:
    value &= 127
    shift = 7
    while True:
        byte = block[offset]
        offset += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, offset
        shift += 7
        if shift > _MOST_SHIFT:
            raise BadStream("a number without an end")
