"""Nettrace streams made by hand, object by object, as a runtime writes them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

HEAD = b"Nettrace\x14\0\0\0!FastSerialization.1"
END = b"\1"


def number(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def text(value: str) -> bytes:
    return value.encode("utf-16-le") + b"\0\0"


def field(code: int, name: str, *inner: bytes) -> bytes:
    """One field of a kind; with code 1 it is an object of `inner`."""
    inside = struct.pack("<i", len(inner)) + b"".join(inner) if code == 1 else b""
    return struct.pack("<i", code) + inside + text(name)


def kind(id: int, provider: str, event_id: int, fields: Sequence[bytes] = (), *, count: int | None = None) -> bytes:
    """The payload of a metadata event. `count` is how many fields it claims."""
    claimed = len(fields) if count is None else count
    head = struct.pack("<i", id) + text(provider) + struct.pack("<i", event_id) + text("")
    return head + struct.pack("<qiii", 0, 1, 4, claimed) + b"".join(fields)


def squeezed(
    kind: int,
    payload: bytes = b"",
    *,
    step: int = 0,
    capturer: int = 7,
    thread: int = 9,
    stack: int = 0,
    ticks: int = 1,
) -> bytes:
    """An event whose compressed header says all of itself; `step` is how far its number is ahead of the next one."""
    who = number(step) + number(capturer) + number(0) + number(thread) + number(stack)
    return bytes([1 | 2 | 4 | 8 | 128]) + number(kind) + who + number(ticks) + number(len(payload)) + payload


def plain(
    kind: int,
    payload: bytes = b"",
    *,
    sequence: int = 1,
    capturer: int = 7,
    thread: int = 9,
    stack: int = 0,
    ticks: int = 1,
    claimed: int | None = None,
) -> bytes:
    """An event with an uncompressed header, padded to four bytes. `claimed` is the size that it says it has."""
    padding = bytes(-len(payload) % 4)
    size = 76 + len(payload) + len(padding) if claimed is None else claimed
    fixed = struct.pack("<iiiqqiiq32xi", size, kind, sequence, thread, capturer, 0, stack, ticks, len(payload))
    return fixed + payload + padding


class MadeStream:
    """What was said so far, in `written`."""

    def __init__(self, *, pointer_bytes: int = 8) -> None:
        self.written = bytearray(HEAD)
        self.pointer_bytes = pointer_bytes
        self._object("Trace", struct.pack("<16xqqiii4x", 1000, 1_000_000, pointer_bytes, 812, 2))

    @property
    def whole(self) -> bytes:
        return bytes(self.written) + END

    def block(self, name: str, content: bytes, *, size: int | None = None) -> None:
        """`size` is what it claims to have."""
        self._object(name, content, struct.pack("<i", len(content) if size is None else size))

    def events(self, *events: bytes, compressed: bool = True, name: str = "EventBlock") -> None:
        self.block(name, struct.pack("<HHqq", 20, int(compressed), 0, 0) + b"".join(events))

    def kinds(self, *kinds: bytes, compressed: bool = True) -> None:
        made = [squeezed(0, kind) if compressed else plain(0, kind) for kind in kinds]
        self.events(*made, compressed=compressed, name="MetadataBlock")

    def stacks(self, first: int, *stacks: Sequence[int]) -> None:
        letter = "Q" if self.pointer_bytes == 8 else "I"
        content = struct.pack("<ii", first, len(stacks))
        for stack in stacks:
            content += struct.pack(f"<i{len(stack)}{letter}", len(stack) * self.pointer_bytes, *stack)
        self.block("StackBlock", content)

    def sequence_point(self, *threads: tuple[int, int]) -> None:
        """Thread and the number of the last event that it wrote or could not write."""
        content = struct.pack("<qi", 0, len(threads)) + b"".join(struct.pack("<qI", *one) for one in threads)
        self.block("SPBlock", content)

    def _object(self, name: str, content: bytes, size: bytes = b"") -> None:
        self.written += b"\5\5\1" + struct.pack("<iii", 2, 2, len(name)) + name.encode() + b"\6" + size
        if size:
            self.written += bytes(-len(self.written) % 4)
        self.written += content + b"\6"
