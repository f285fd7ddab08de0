"""Mutations of cores, of replies and of lines: each made by a random generator alone, so that a seed gives it again."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

HUGE = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 32, 1 << 47, (1 << 63) - 1, (1 << 64) - 4096, (1 << 64) - 1)
_EHDR = {"e_type": (16, 2), "e_machine": (18, 2), "e_phoff": (32, 8), "e_shoff": (40, 8), "e_phentsize": (54, 2),
         "e_phnum": (56, 2), "e_shentsize": (58, 2), "e_shnum": (60, 2)}  # fmt: skip
_PHDR = {"p_type": (0, 4), "p_offset": (8, 8), "p_vaddr": (16, 8), "p_filesz": (32, 8), "p_memsz": (40, 8)}


@dataclass(frozen=True, slots=True)
class Field:
    """A number in a core: where it stands, its width in bytes."""

    name: str
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class CoreMap:
    """Where the headers of a sound core stand, and every place where a piece of it begins or ends.

    `held` are the entries of the regions that have memory in the file.
    """

    size: int
    fields: tuple[Field, ...]
    held: tuple[int, ...]
    notes: tuple[Field, ...]
    boundaries: tuple[int, ...]

    @classmethod
    def of(cls, core: bytes) -> CoreMap:
        table, count = struct.unpack_from("<Q", core, 32)[0], struct.unpack_from("<H", core, 56)[0]
        fields = [Field(name, *place) for name, place in _EHDR.items()]
        boundaries = {4, 16, 20, 32, 63, 64}
        notes: list[Field] = []
        held: list[int] = []
        for entry in range(table, table + count * 56, 56):
            kind, _, offset, _, _, length, _, _ = struct.unpack_from("<IIQQQQQQ", core, entry)
            fields += [Field(name, entry + at, width) for name, (at, width) in _PHDR.items()]
            boundaries |= {entry, entry + 56, offset, offset + length}
            if kind == 1 and length:
                held.append(entry)
            elif kind == 4:
                notes += _notes(core, offset, length)
        boundaries |= {note.offset for note in notes}
        inside = sorted(place for place in boundaries if 0 <= place < len(core))
        return cls(len(core), tuple(fields), tuple(held), tuple(notes), tuple(inside))


def _notes(core: bytes, position: int, length: int) -> list[Field]:
    found: list[Field] = []
    end = position + length
    while position + 12 <= end:
        name, content, _ = struct.unpack_from("<III", core, position)
        found += [Field("n_namesz", position, 4), Field("n_descsz", position + 4, 4), Field("n_type", position + 8, 4)]
        position += 12 + (name + 3 & ~3) + (content + 3 & ~3)
    return found


@dataclass(slots=True)
class Mutation:
    """What is done to a core: bytes put over it, then its length. `must_fail`: whoever calls the result whole is wrong.

    `must_fail_for_createdump` is the same for a writer that leaves no gaps.
    `hole_from`: the file is cut there and stretched to its length again, so that the rest was never written.
    """

    name: str
    patches: list[tuple[int, bytes]] = field(default_factory=list)
    length: int | None = None
    hole_from: int | None = None
    must_fail: bool = False
    must_fail_for_createdump: bool = False


def mutate_core(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """One mutation of a sound core of `random`'s choice."""
    return random.choice(_CORE_MUTATORS)(core, places, random)


def _cut(core: bytes, places: CoreMap, random: Random) -> Mutation:
    length = max(0, random.choice(places.boundaries) + random.choice((-1, 0, 0, 1)))
    if random.random() < 0.3:
        length = random.randrange(places.size)
    return Mutation("cut", length=min(length, places.size - 1), must_fail=True)


def _flip_header_bits(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """Bits in the first sixty-fourth of a file, where the headers and notes of these cores stand."""
    found = Mutation("flip-header-bits")
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(min(64 + 56 * 20, places.size) if random.random() < 0.5 else max(64, places.size // 64))
        found.patches.append((at, bytes([core[at] ^ 1 << random.randrange(8)])))
    return found


def _flip_content_bits(core: bytes, places: CoreMap, random: Random) -> Mutation:
    at = random.randrange(places.size)
    return Mutation("flip-bits-anywhere", [(at, bytes([core[at] ^ 1 << random.randrange(8)]))])


def _set_field(core: bytes, places: CoreMap, random: Random) -> Mutation:
    chosen = random.choice(places.fields)
    value = random.choice((*HUGE, random.getrandbits(64), random.randrange(places.size)))
    raw = (value & (1 << chosen.width * 8) - 1).to_bytes(chosen.width, "little")
    is_fatal = chosen.name in ("e_type", "e_phoff", "e_phentsize") and raw != _raw(core, chosen)
    found = Mutation(f"set-{chosen.name}", [(chosen.offset, raw)], must_fail=is_fatal)
    if chosen.name in ("p_offset", "p_filesz") and raw != _raw(core, chosen):
        entry = chosen.offset - _PHDR[chosen.name][0]
        found.must_fail_for_createdump = entry in places.held[1:]
    return found


def _swap_fields(core: bytes, places: CoreMap, random: Random) -> Mutation:
    one, other = random.sample(places.fields, 2)
    width = min(one.width, other.width)
    return Mutation(
        f"swap-{one.name}-{other.name}",
        [(one.offset, _raw(core, other)[:width]), (other.offset, _raw(core, one)[:width])],
    )


def _loop_offset(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """A region that stands where another does, or on the headers."""
    one, other = random.sample(places.held, 2)
    target = core[other + 8 : other + 16] if random.random() < 0.7 else bytes(8)
    return Mutation("overlap", [(one + 8, target)], must_fail=True)


def _set_note_size(core: bytes, places: CoreMap, random: Random) -> Mutation:
    chosen = random.choice([place for place in places.notes if place.name != "n_type"])
    value = random.choice((0xFFFFFFFF, 0xFFFFFFFC, 1 << 31, 1 << 26, 1 << 20))
    return Mutation(f"set-{chosen.name}", [(chosen.offset, struct.pack("<I", value))], must_fail=True)


def _count_in_section(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """The count of regions stands in section 0, which is somewhere else, nowhere, or claims anything."""
    claimed = random.choice((0, 1, 0xFFFF, 1 << 20, (1 << 20) + 1, 0xFFFFFFFF))
    at = random.choice((0, 64, places.size - 64, places.size, (1 << 64) - 1, random.randrange(places.size)))
    found = Mutation("count-in-section", [(56, b"\xff\xff"), (40, struct.pack("<Q", at)), (58, b"\x40\0")])
    if 64 <= at <= places.size - 64 and random.random() < 0.8:
        found.patches.append((at + 44, struct.pack("<I", claimed)))
    return found


def _lie_about_files(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """A note becomes a list of mapped files that claims any number of them."""
    chosen = random.choice([place for place in places.notes if place.name == "n_type"])
    claimed = random.choice(HUGE)
    return Mutation(
        "lie-about-files",
        [(chosen.offset, b"ELIF"), (chosen.offset + 12, struct.pack("<Q", claimed)),
         (chosen.offset + 20, struct.pack("<Q", claimed))],
    )  # fmt: skip


def _stretch(core: bytes, places: CoreMap, random: Random) -> Mutation:
    return Mutation("stretch", length=places.size + random.choice((1 << 16, 1 << 20, 1 << 32, 1 << 40)), must_fail=True)


def _hollow(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """The end was never written: the file has its length and no content there."""
    return Mutation("hollow", hole_from=random.randrange(places.size - 8192), must_fail=True)


def _huge_sparse_notes(core: bytes, places: CoreMap, random: Random) -> Mutation:
    """The notes are said to be as large as a file that is all hole."""
    entries = [f for f in places.fields if f.name == "p_type" and _raw(core, f) == b"\4\0\0\0"]
    entry = random.choice(entries).offset
    length = random.choice((32 << 20, 33 << 20, 1 << 26, 1 << 31, 1 << 32, 1 << 40))
    found = Mutation("huge-sparse-notes", [(entry + 8, struct.pack("<Q", places.size))], length=places.size + length)
    found.patches.append((entry + 32, struct.pack("<Q", length)))
    found.must_fail = True
    return found


_CORE_MUTATORS: tuple[Callable[[bytes, CoreMap, Random], Mutation], ...] = (
    _cut, _cut, _flip_header_bits, _flip_header_bits, _flip_content_bits, _set_field, _set_field, _swap_fields,
    _loop_offset, _set_note_size, _count_in_section, _lie_about_files, _stretch, _hollow, _huge_sparse_notes,
)  # fmt: skip


def _raw(core: bytes, place: Field) -> bytes:
    return core[place.offset : place.offset + place.width]


def mutate_bytes(raw: bytes, random: Random) -> bytes:
    """`raw` with a few pieces flipped, cut, doubled, swapped, or replaced by numbers and bytes that parsers dislike."""
    changed = bytearray(raw)
    for _ in range(random.choice((1, 1, 2, 5))):
        at = random.randrange(len(changed) + 1)
        end = min(len(changed), at + random.choice((1, 2, 4, 30)))
        changed[at:end] = random.choice(_PIECE_MUTATORS)(bytes(changed[at:end]), random)
    return bytes(changed[: random.randrange(len(changed) + 1)]) if random.random() < 0.15 else bytes(changed)


_UNLOVED = (b"-1", b"9" * 30, b"9" * 5000, b"\xd9\xa3", b"1_0", b"\0", b"\n", b"1e9", b")", b"nan", b"\xff")
_PIECE_MUTATORS: tuple[Callable[[bytes, Random], bytes], ...] = (
    lambda piece, random: b"",
    lambda piece, random: bytes(byte ^ 1 << random.randrange(8) for byte in piece),
    lambda piece, random: piece * random.choice((2, 50)),
    lambda piece, random: piece[::-1],
    lambda piece, random: random.randbytes(random.choice((1, 4, 40))),
    lambda piece, random: struct.pack("<I", random.choice(HUGE) & 0xFFFFFFFF),
    lambda piece, random: random.choice(_UNLOVED),
)
