"""What the core holds, whatever the target did to its memory, and that no read of it can hold up anybody."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from octotui import __version__
from octotui.dumps.exits import filling, pages, writing
from octotui.dumps.exits.corelayout import LARGEST_PIECE, CoreLayout
from octotui.dumps.exits.machine import X86_64
from octotui.dumps.exits.memorymap import PAGE, Mapping, read_map
from octotui.dumps.exits.notes import OWN_TYPE, OWNER, note
from octotui.dumps.verifying.elfcore import NT_FILE, NT_OCTOTUI, CoreFile, mapped_files, read_core
from octotui.dumps.verifying.verify import Writer, verify
from octotui.dumps.verifying.writers import writer_of


def core_of(path: Path) -> CoreFile:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return read_core(descriptor)
    finally:
        os.close(descriptor)


def memory_at(path: Path, core: CoreFile, address: int, length: int) -> bytes:
    for region in core.regions:
        if region.address <= address < region.address + region.file_bytes:
            with open(path, "rb") as stream:
                stream.seek(region.offset + address - region.address)
                return stream.read(length)
    raise AssertionError(f"{address:x} is not in the core")


def test_hostile_mappings_are_held_by_name_and_content_without_being_filled(start, trace, tmp_path: Path) -> None:
    target = start("hostile")
    mappings = read_map(f"/proc/{target.pid}")
    shared = next(m for m in mappings if m.path.startswith(b"/memfd:me\nmory"))
    huge = next(m for m in mappings if LARGEST_PIECE > m.length >= 1 << 37 and m.is_wanted)
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert target.wait() == 8
    core = core_of(traced.path)
    named = [path for note in core.notes if note.type == NT_FILE for _, _, path in mapped_files(note.content)]
    assert any(path.endswith(b"/a\nb (deleted)") for path in named)
    assert any(len(path) > 3500 for path in named)
    assert memory_at(traced.path, core, shared.start + (1 << 35), 10) == b"SPARSEMARK"
    assert memory_at(traced.path, core, huge.start + (1 << 36), 11) == b"PRIVATEMARK"
    assert written["data_bytes"] < 16 << 20
    assert traced.path.stat().st_blocks * 512 < 16 << 20
    oddly = next(m for m in mappings if m.path.endswith(b"/a\nb (deleted)"))
    assert memory_at(traced.path, core, oddly.start, 8) == b"HOSTILE\0"
    assert written["unreadable_bytes"] == next(m.length for m in mappings if m.length > LARGEST_PIECE)
    devices = [m for m in mappings if m.path.startswith(b"/dev/mem")]
    held = {region.address for region in core.regions}
    assert not any(m.start in held for m in devices)
    assert not any(m.path == b"[vsyscall]" and m.start in held for m in mappings)


def test_memory_that_nobody_delivers_is_left_out_and_counted(start, trace) -> None:
    target = start("stuck")
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert target.wait() == 5
    assert written["unreadable_bytes"] == PAGE
    assert verify(traced.path).threads == (target.pid,)


@pytest.mark.parametrize("while_planning", [False, True])
def test_a_file_whose_system_hangs_is_left_out_and_all_else_is_written(
    start, trace, monkeypatch: pytest.MonkeyPatch, while_planning: bool
) -> None:
    target = start("return", 5)
    hanging = [m for m in read_map(f"/proc/{target.pid}") if m.path.endswith(b"/endings")][1]
    stack = next(m for m in read_map(f"/proc/{target.pid}") if m.path == b"[stack]")
    monkeypatch.setattr(writing, "STUCK_SECONDS", 0.3)
    real_runs, real_read = filling.runs_of, filling._Filler._read

    def runs_of(mapping: Mapping, *others: object) -> object:
        if while_planning and mapping.start == hanging.start:
            time.sleep(600)
        return real_runs(mapping, *others)

    def read(filler: filling._Filler, address: int, most: int) -> int:
        if address == hanging.start:
            time.sleep(600)
        return real_read(filler, address, most)

    monkeypatch.setattr(filling, "runs_of", runs_of)
    monkeypatch.setattr(filling._Filler, "_read", read)
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert target.wait() == 5
    assert written["unreadable_bytes"] == facts_in(traced.path)["unreadable_bytes"] == hanging.length
    core = core_of(traced.path)
    assert memory_at(traced.path, core, hanging.start, 16) == bytes(16)
    assert memory_at(traced.path, core, stack.end - 16, 16) != bytes(16)


def test_stacks_that_cannot_be_looked_at_are_not_waited_for(start, trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "STUCK_SECONDS", 0.3)
    monkeypatch.setattr(filling, "left_managed", lambda *_: time.sleep(600))
    target = start("return", 5)
    traced = trace(target)
    target.finish()
    assert traced.until("written")["unreadable_bytes"] == 0
    assert target.wait() == 5


def facts_in(path: Path) -> dict[str, object]:
    core = core_of(path)
    (own,) = (note for note in core.notes if note.type == NT_OCTOTUI and note.owner == b"octotui")
    found: dict[str, object] = json.loads(own.content.rstrip(b"\0"))
    return found


def test_the_core_says_who_wrote_it_and_how_the_process_ended(start, trace) -> None:
    target = start("return", 3)
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    facts = facts_in(traced.path)
    assert (facts["version"], facts["status"]) == (__version__, 3 << 8)
    assert facts["life_seconds"] == written["life_seconds"]
    assert (facts["late"], facts["untraced"], facts["left_managed"]) == ([], [], [])
    assert verify(traced.path).writer is Writer.OCTOTUI


def test_a_core_that_was_cut_off_anywhere_is_not_taken_for_whole(start, trace, tmp_path: Path) -> None:
    target = start("return", 3)
    traced = trace(target)
    target.finish()
    traced.until("written")
    content = traced.path.read_bytes()
    for length in (0, 63, 4096, len(content) // 2, len(content) - 1):
        short = tmp_path / "short"
        short.write_bytes(content[:length])
        with pytest.raises(Exception, match=r"it was cut off|it is empty|it ends after|lie beyond"):
            verify(short)
    # The header comes last: what a killed writer leaves behind is no core at all.
    headless = tmp_path / "headless"
    headless.write_bytes(bytes(64) + content[64:])
    with pytest.raises(Exception, match="not an ELF file"):
        verify(headless)


def test_more_mappings_than_a_header_can_count_are_counted_apart(tmp_path: Path) -> None:
    pieces = [Mapping(PAGE * 2 * i, PAGE * (2 * i + 1), b"rw-p", 0, 0, b"") for i in range(1, 70_001)]
    notes = note(b"CORE", 1, bytes(336)) + note(b"CORE", 3, bytes(136))
    own = note(OWNER, OWN_TYPE, b"{}\0")
    layout = CoreLayout(pieces, notes)
    path = tmp_path / "core"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    header = layout.header(X86_64)
    os.pwrite(descriptor, header + layout.tables(len(own)), 0)
    os.pwrite(descriptor, own, layout.end)
    core = read_core(descriptor)
    os.close(descriptor)
    assert len(core.regions) == 70_000
    assert core.has_sections
    assert writer_of(core) is Writer.OCTOTUI
    assert core.regions[-1].offset + PAGE == layout.end
    assert verify(path).regions == 70_000


def test_a_process_with_tens_of_thousands_of_mappings_is_captured(start, trace) -> None:
    target = start("maps", 60_000)
    traced = trace(target)
    target.finish()
    traced.until("written")
    assert target.wait() == 3
    assert verify(traced.path).regions > 50_000


def test_runs_that_meet_become_one() -> None:
    runs = iter([(0, 2), (2, 4), (3, 5), (8, 9)])
    assert list(pages.merged(runs)) == [(0, 5), (8, 9)]


def test_only_touched_pages_are_found(tmp_path: Path) -> None:
    entries = bytearray(8 * 10)
    for page, bits in ((2, 0x80), (3, 0x40), (7, 0x01), (9, 0x81)):
        entries[page * 8 + 7] = bits
    path = tmp_path / "pagemap"
    path.write_bytes(entries)
    descriptor = os.open(path, os.O_RDONLY)
    found = list(pages.touched(descriptor, 0, 10 * PAGE))
    os.close(descriptor)
    assert found == [(2 * PAGE, 4 * PAGE), (9 * PAGE, 10 * PAGE)]
