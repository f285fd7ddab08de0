"""Where everything stands in a core file: headers, notes, memory in the order of its addresses, octotui's own note."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.memorymap import PAGE, Mapping

LARGEST_PIECE = 1 << 40
"""A mapping above that (the shadow memory of a sanitizer) is named, but without content: no file may be so long."""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_PT_LOAD, _PT_NOTE, _ET_CORE = 1, 4, 4
_MOST_COUNTED = 0xFFFF


class CoreLayout:
    """Places in a core file that holds `pieces` and `notes`; `end` is where the memory ends and our own note begins."""

    def __init__(self, pieces: Sequence[Mapping], notes: bytes) -> None:
        self.pieces = pieces
        self.notes = notes
        self._count = len(pieces) + 2
        self._is_counted_apart = self._count >= _MOST_COUNTED
        self.sections_at = _HEADER.size + self._count * _PROGRAM_HEADER.size
        self.notes_at = self.sections_at + (_SECTION_HEADER.size if self._is_counted_apart else 0)
        position = -(-(self.notes_at + len(notes)) // PAGE) * PAGE
        self.places: list[int] = []
        for piece in pieces:
            self.places.append(position)
            position += content_bytes(piece)
        self.end = position

    def header(self, machine: Machine) -> bytes:
        """The ELF header: what makes the file a core, so it is written last."""
        ident = b"\x7fELF\x02\x01\x01" + bytes(9)
        sections = (64, 1, 0) if self._is_counted_apart else (0, 0, 0)
        return _HEADER.pack(
            ident,
            _ET_CORE,
            machine.elf_machine,
            1,
            0,
            _HEADER.size,
            self.sections_at if self._is_counted_apart else 0,
            0,
            _HEADER.size,
            _PROGRAM_HEADER.size,
            min(self._count, _MOST_COUNTED),
            *sections,
        )

    def tables(self, own_note_bytes: int) -> bytes:
        """What stands between the header and the memory."""
        table = [_PROGRAM_HEADER.pack(_PT_NOTE, 0, self.notes_at, 0, 0, len(self.notes), 0, 4)]
        for piece, place in zip(self.pieces, self.places, strict=True):
            held = content_bytes(piece)
            table.append(_PROGRAM_HEADER.pack(_PT_LOAD, piece.flags, place, piece.start, 0, held, piece.length, PAGE))
        table.append(_PROGRAM_HEADER.pack(_PT_NOTE, 0, self.end, 0, 0, own_note_bytes, 0, 4))
        if self._is_counted_apart:
            table.append(_SECTION_HEADER.pack(0, 0, 0, 0, 0, 1, 0, self._count, 0, 0))
        return b"".join(table) + self.notes


def content_bytes(piece: Mapping) -> int:
    """The bytes of a mapping that stand in the file."""
    return piece.length if piece.length <= LARGEST_PIECE else 0
