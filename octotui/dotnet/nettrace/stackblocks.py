"""The stacks of a stream, to which its events refer by number."""

from __future__ import annotations

import struct

from octotui.dotnet.nettrace.values import BadStream

MOST_STACKS = 1 << 18
MOST_BYTES = 64 << 20
"""Of all stacks that are kept at one time: those since the last sequence point."""


class Stacks:
    """Kept as they came, and unpacked for the events that are wanted: memory is that of the stream, at most."""

    def __init__(self, pointer_bytes: int) -> None:
        self._pointer_bytes = pointer_bytes
        self._letter = "Q" if pointer_bytes == 8 else "I"
        self._raw: dict[int, bytes] = {}
        self._bytes = 0

    def take(self, block: bytes) -> None:
        """Keeps those of a StackBlock. Raises BadStream and struct.error."""
        first, count = struct.unpack_from("<ii", block, 0)
        self._bytes += len(block)
        if not 0 <= count <= MOST_STACKS - len(self._raw) or self._bytes > MOST_BYTES:
            raise BadStream("more stacks than there can be")
        offset = 8
        for number in range(first, first + count):
            (size,) = struct.unpack_from("<i", block, offset)
            start, offset = offset + 4, offset + 4 + size
            if size < 0 or size % self._pointer_bytes or offset > len(block):
                raise BadStream("a stack past the end of its block")
            self._raw[number] = block[start:offset]

    def get(self, number: int) -> tuple[int, ...]:
        """Its code addresses, the innermost first; () when it has none or was never told."""
        raw = self._raw.get(number, b"")
        return struct.unpack(f"<{len(raw) // self._pointer_bytes}{self._letter}", raw) if raw else ()

    def forget(self) -> None:
        """All that were told: a sequence point ends their numbers."""
        self._raw.clear()
        self._bytes = 0
