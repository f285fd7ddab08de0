"""An ELF core file read within bounds: header, memory regions and notes. Nothing in the file is believed unchecked."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from octotui.errors import NotADump
from octotui.units import bytes_text

MOST_REGIONS = 1 << 20
MOST_NOTE_BYTES = 32 << 20
MOST_NOTES = 1 << 17
MACHINES = {62: "x86-64", 183: "aarch64", 40: "arm", 3: "x86", 243: "riscv", 258: "loongarch"}

NT_PRSTATUS = 1
NT_PRPSINFO = 3
NT_FILE = 0x46494C45
NT_OCTOTUI = 0x4F43544F

_PT_LOAD = 1
_PT_NOTE = 4
_ET_CORE = 4
_TYPES = {0: "nothing", 1: "an object file", 2: "a program", 3: "a shared library or program"}
_MANY_REGIONS = 0xFFFF
_LONGEST_NAME = 4096
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_REGION = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_NOTE = struct.Struct("<III")


class Region(NamedTuple):
    """A piece of memory: where it was, where it stands in the file. All in bytes."""

    address: int
    offset: int
    file_bytes: int
    memory_bytes: int
    alignment: int


class Note(NamedTuple):
    """`padding` stands between the owner's name and the next multiple of four: createdump leaves a mark there."""

    owner: bytes
    padding: bytes
    type: int
    content: bytes


@dataclass(frozen=True, slots=True)
class CoreFile:
    """The skeleton of a core. `extent` is where the last region ends: a file shorter than that was cut off.

    `headers_end` and `sections_end` are where the program and the section headers end, the latter 0 without any.
    """

    size: int
    os_abi: int
    machine: str
    headers_end: int
    sections_end: int
    regions: tuple[Region, ...]
    notes: tuple[Note, ...]
    extent: int

    @property
    def has_sections(self) -> bool:
        """Whether it has section headers, which some tools write and some do not."""
        return self.sections_end != 0


def read_core(descriptor: int) -> CoreFile:
    """The core behind an open file. Raises NotADump with the first thing that is wrong with it."""
    size = os.fstat(descriptor).st_size
    head = _at(descriptor, 0, _HEADER.size)
    _check_identity(head, size)
    ident, kind, machine, _, _, table, sections, _, _, *sizes = _HEADER.unpack(head)
    entry_size, entries, section_size, section_count, _ = sizes
    if kind != _ET_CORE:
        raise NotADump(f"it is an ELF file but not a core: it holds {_TYPES.get(kind, f'type {kind}')}")
    if machine not in MACHINES:
        raise NotADump(f"it was written for a machine that octotui does not know (e_machine {machine})")
    if entries == _MANY_REGIONS:
        entries = _count_from_section(descriptor, sections, section_size, size)
    if entry_size != _REGION.size:
        raise NotADump(f"its program headers have {entry_size} bytes each instead of {_REGION.size}")
    if not 0 < entries <= MOST_REGIONS:
        raise NotADump(f"it names {entries} memory regions, which no process has")
    if table < _HEADER.size or table + entries * _REGION.size > size:
        raise NotADump("its program headers lie beyond the end of the file")
    regions, notes = _read_table(_at(descriptor, table, entries * _REGION.size), size)
    extent = max((region.offset + region.file_bytes for region in regions), default=0)
    return CoreFile(
        size=size,
        os_abi=ident[7],
        machine=MACHINES[machine],
        headers_end=table + entries * _REGION.size,
        sections_end=sections + section_count * section_size if sections else 0,
        regions=regions,
        notes=tuple(_read_notes(descriptor, notes)),
        extent=extent,
    )


def _check_identity(head: bytes, size: int) -> None:
    if size == 0:
        raise NotADump("it is empty")
    if head[:2] == b"MD" and head[:4] == b"MDMP":
        raise NotADump("it is a Windows minidump; octotui verifies ELF cores only")
    if head[:4] != b"\x7fELF"[: len(head)] or len(head) < 4:
        raise NotADump("it is not an ELF file")
    if len(head) < _HEADER.size:
        raise NotADump(f"it ends after {size} bytes, inside the ELF header")
    if head[4] != 2 or head[5] != 1:
        raise NotADump("it is not a 64-bit little-endian file; octotui verifies no others")


def _count_from_section(descriptor: int, sections: int, section_size: int, size: int) -> int:
    """The number of regions of a core with more than 65534 of them stands in its first section header."""
    if section_size != _SECTION.size or sections < _HEADER.size or sections + _SECTION.size > size:
        raise NotADump("it has more than 65534 memory regions and lacks the section header that counts them")
    fields = _SECTION.unpack(_at(descriptor, sections, _SECTION.size))
    return int(fields[7])


def _read_table(table: bytes, size: int) -> tuple[tuple[Region, ...], list[tuple[int, int]]]:
    regions: list[Region] = []
    notes: list[tuple[int, int]] = []
    for kind, _, offset, address, _, file_bytes, memory_bytes, alignment in _REGION.iter_unpack(table):
        if kind == _PT_LOAD:
            regions.append(Region(address, offset, file_bytes, memory_bytes, alignment))
        elif kind == _PT_NOTE:
            if offset + file_bytes > size:
                raise NotADump("its notes lie beyond the end of the file")
            notes.append((offset, file_bytes))
    if not notes:
        raise NotADump("it has no notes, so it does not say whose memory it holds")
    total = sum(length for _, length in notes)
    if total > MOST_NOTE_BYTES:
        raise NotADump(f"its notes claim {bytes_text(total)}, which no process has")
    return tuple(regions), notes


def _read_notes(descriptor: int, places: list[tuple[int, int]]) -> Iterator[Note]:
    count = 0
    for offset, length in places:
        segment = _at(descriptor, offset, length)
        position = 0
        while position < len(segment):
            if position + _NOTE.size > len(segment):
                raise NotADump("its notes do not parse: one ends in the middle of its header")
            name_bytes, content_bytes, kind = _NOTE.unpack_from(segment, position)
            name_at = position + _NOTE.size
            content_at = name_at + _aligned(name_bytes)
            end = content_at + content_bytes
            if end > len(segment):
                raise NotADump("its notes do not parse: one is longer than the space it stands in")
            name = segment[name_at : name_at + name_bytes]
            padding = segment[name_at + name_bytes : content_at]
            count += 1
            if count > MOST_NOTES:
                raise NotADump(f"it has more than {MOST_NOTES} notes, which no process has")
            yield Note(name.rstrip(b"\0"), padding, kind, segment[content_at:end])
            position = content_at + _aligned(content_bytes)


def mapped_files(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, path) of each mapping in an NT_FILE note. Raises NotADump when the note does not parse.

    Paths are as the file has them, of at most 4096 bytes: making all of them printable could take a minute.
    """
    if len(content) < 16:
        raise NotADump("its list of mapped files does not parse: it is too short")
    count, _ = struct.unpack_from("<QQ", content)
    table_end = 16 + count * 24
    if count > MOST_REGIONS or table_end > len(content):
        raise NotADump("its list of mapped files does not parse: it claims more entries than it holds")
    position = table_end
    for index in range(count):
        start, end, _ = struct.unpack_from("<QQQ", content, 16 + index * 24)
        name_end = content.find(b"\0", position)
        if name_end < 0:
            raise NotADump("its list of mapped files does not parse: names are missing")
        yield start, end, content[position : min(name_end, position + _LONGEST_NAME)]
        position = name_end + 1


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _at(descriptor: int, offset: int, length: int) -> bytes:
    """`length` bytes at `offset`, or fewer where the file ends."""
    pieces: list[bytes] = []
    while length > 0:
        piece = os.pread(descriptor, min(length, 16 << 20), offset)
        if not piece:
            break
        pieces.append(piece)
        offset += len(piece)
        length -= len(piece)
    return b"".join(pieces)
