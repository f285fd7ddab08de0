"""A core whose pieces do not fit together is refused, however plausible each of them is by itself."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from dump_cores import PAGE, RUNTIME, Core

from octotui.dumps.verifying import elfcore, verify
from octotui.errors import NotADump

ENTRY, OFFSET, ADDRESS, IN_FILE, IN_MEMORY = 56, 8, 16, 32, 40
FIRST, SECOND = 64 + ENTRY, 64 + 2 * ENTRY
THREE = ((0x10000, b"\1" * PAGE), (0x40000, b"\2" * PAGE), (0x80000, b"\3" * PAGE))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the core of a test stands."""
    return tmp_path / "some.dmp"


def changed(core: bytes, place: int, by: int) -> bytes:
    (value,) = struct.unpack_from("<Q", core, place)
    return core[:place] + struct.pack("<Q", value + by) + core[place + 8 :]


def refusal(file: Path, core: bytes) -> str:
    file.write_bytes(core)
    with pytest.raises(NotADump) as caught:
        verify.verify(file)
    return caught.value.message


@pytest.mark.parametrize("writer", ["createdump", "kernel", "gdb", "procdump"])
@pytest.mark.parametrize(
    ("place", "by", "words"),
    [
        (SECOND + OFFSET, -PAGE, "the same place"),
        (FIRST + OFFSET, -PAGE, "where its headers are"),
        (SECOND + ADDRESS, 0x10000 - 0x40000, "the same addresses"),
        (SECOND + ADDRESS, -0x40000 - PAGE // 2 + (1 << 64), "beyond the last address"),
        (SECOND + IN_MEMORY, -PAGE, "holds more in the file"),
    ],
)
def test_region_in_an_impossible_place_is_refused(file: Path, writer: str, place: int, by: int, words: str) -> None:
    assert words in refusal(file, changed(bytes(Core(memory=THREE, writer=writer)), place, by))


def test_region_that_a_flipped_header_cut_out_of_the_middle_is_missed(file: Path) -> None:
    core = bytes(Core(memory=THREE))
    assert "a gap between two of its memory regions" in refusal(file, changed(core, SECOND + IN_FILE, -PAGE))


def test_gap_is_no_fault_of_a_tool_that_leaves_gaps(file: Path) -> None:
    file.write_bytes(changed(bytes(Core(memory=THREE, writer="kernel")), SECOND + IN_FILE, -PAGE))
    assert verify.verify(file).regions == 3


def test_core_cut_within_its_section_headers_is_refused(file: Path) -> None:
    core = bytes(Core(writer="gdb"))
    with_sections = (
        core[:40] + struct.pack("<Q", len(core)) + core[48:60] + struct.pack("<H", 2) + core[62:] + bytes(128)
    )
    file.write_bytes(with_sections)
    assert verify.verify(file).writer is verify.Writer.GCORE
    assert "section headers lie beyond the end" in refusal(file, with_sections[:-1])


def test_end_that_was_never_written_is_seen_behind_more_holes_than_are_counted(file: Path) -> None:
    size = 4 << 20
    pieces = ((0x100000, b"\1" * 4 * size),)
    core = bytes(Core(memory=pieces, writer="kernel"))
    file.write_bytes(core)
    os.truncate(file, 0)
    os.truncate(file, len(core))
    with open(file, "r+b") as stream:
        start = len(core) - 4 * size
        stream.write(core[:start])
        for offset in range(start, len(core) - 4 * PAGE, 3 * PAGE):
            stream.seek(offset)
            stream.write(b"\1" * PAGE)
    with pytest.raises(NotADump, match="at its end were never written"):
        verify.verify(file)


def test_of_a_hundred_thousand_file_names_only_those_shown_are_made_printable(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = verify.printable
    monkeypatch.setattr(verify, "printable", lambda text, *rest: made.append(text) or real(text, *rest))
    many = [(n << 12, (n + 1) << 12, f"/é/{n}") for n in range(16, 100_016)]
    file.write_bytes(bytes(Core(files=[*many, (0x10000, 0x12000, RUNTIME)])))
    assert verify.verify(file).runtime_path == RUNTIME
    assert len(made) < 100
    assert not hasattr(elfcore, "printable")
