"""The verifier: whole dumps are told apart from every kind of broken one, and by who wrote them."""

from __future__ import annotations

import os
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from dump_cores import PAGE, RUNTIME, Core
from hypothesis import given
from hypothesis import strategies as st

from octotui.dumps.verifying.elfcore import MOST_NOTE_BYTES
from octotui.dumps.verifying.verify import DumpFacts, Expectation, Writer, verify
from octotui.errors import NotADump, UsageError

WANTED = Expectation(pids=frozenset({4242}), threads=frozenset({4242, 4243}), writer=Writer.CREATEDUMP)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.dmp"


def checked(file: Path, content: bytes, expect: Expectation | None = WANTED) -> DumpFacts:
    file.write_bytes(content)
    return verify(file, expect)


def complaint(file: Path, content: bytes, expect: Expectation | None = WANTED) -> str:
    with pytest.raises(NotADump) as refused:
        checked(file, content, expect)
    return refused.value.message


def test_whole_dump_says_whose_it_is_and_who_wrote_it(file: Path) -> None:
    facts = checked(file, bytes(Core()))
    assert (facts.writer, facts.pid, facts.name, facts.threads) == (Writer.CREATEDUMP, 4242, "Calamari", (4242, 4243))
    assert facts.runtime_path == RUNTIME
    assert facts.size_bytes == facts.extent_bytes == file.stat().st_size
    assert facts.machine == "x86-64"
    assert facts.is_portable


@pytest.mark.parametrize(
    ("writer", "expected"),
    [
        ("createdump", Writer.CREATEDUMP),
        ("gdb", Writer.GCORE),
        ("kernel", Writer.KERNEL),
        ("procdump", Writer.PROCDUMP),
        ("nobody", Writer.UNKNOWN),
    ],
)
def test_writer_is_told_by_its_habits(file: Path, writer: str, expected: Writer) -> None:
    assert checked(file, bytes(Core(writer=writer)), None).writer is expected


def test_dump_by_another_tool_is_not_taken_for_createdumps(file: Path) -> None:
    assert complaint(file, bytes(Core(writer="gdb"))) == "it was not written by createdump, but by: gdb gcore"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"\x7f", "it is not an ELF file"),
        (b"\x7fELF\x02\x01", "it ends after 6 bytes, inside the ELF header"),
        (b"PK\x03\x04 some zip", "it is not an ELF file"),
        (b"MDMP" + bytes(100), "it is a Windows minidump; octotui verifies ELF cores only"),
        (bytes(Core(kind=2)), "it is an ELF file but not a core: it holds a program"),
        (bytes(Core(machine=8)), "it was written for a machine that octotui does not know (e_machine 8)"),
        (b"\x7fELF\x01\x01\x01" + bytes(100), "it is not a 64-bit little-endian file; octotui verifies no others"),
        (bytes(Core())[:100], "its program headers lie beyond the end of the file"),
        (bytes(Core())[:400], "its notes lie beyond the end of the file"),
        (bytes(Core(threads=())), "it holds no thread (no PRSTATUS note)"),
        (bytes(Core(memory=())), "it holds no memory"),
        (bytes(Core(pid=99)), "it holds process 99, not process 4242"),
        (bytes(Core(threads=(4242,))), "1 of the process's threads are missing in it (thread 4243)"),
        (bytes(Core(files=())), "no .NET runtime is mapped in it (libcoreclr.so is not among its files)"),
        (bytes(Core()) + b"x", "it has 1 bytes more than its headers account for"),
        (bytes(Core())[:-PAGE], "it was cut off: 4.1 kB (4096 bytes) are missing at its end"),
    ],
)
def test_broken_dump_is_refused_in_words(file: Path, content: bytes, words: str) -> None:
    assert complaint(file, content) == words


def test_wrong_machine_is_named(file: Path) -> None:
    expect = Expectation(pids=frozenset({4242}), machine="x86-64")
    assert complaint(file, bytes(Core(machine=183)), expect) == "it was written for aarch64, this host is x86-64"


def test_dump_of_a_container_may_carry_either_pid(file: Path) -> None:
    assert checked(file, bytes(Core(pid=7)), Expectation(pids=frozenset({4242, 7}))).pid == 7


def test_notes_that_do_not_parse_are_refused(file: Path) -> None:
    assert "its notes do not parse" in complaint(file, bytes(Core(extra_notes=struct.pack("<III", 900, 900, 1))))
    assert "its notes do not parse" in complaint(file, bytes(Core(extra_notes=b"\1\2\3\4")))


def test_core_without_owner_is_refused(file: Path) -> None:
    core = bytes(Core()).replace(b"PRP", b"XXX").replace(struct.pack("<III", 5, 136, 3), struct.pack("<III", 5, 136, 9))
    assert complaint(file, core) == "it does not say whose memory it holds (no PRPSINFO note)"


def test_count_of_very_many_regions_stands_in_a_section(file: Path) -> None:
    assert checked(file, bytes(Core(counts_in_section=True))).regions == 2
    without = bytearray(bytes(Core()))
    without[56:58] = b"\xff\xff"
    assert "lacks the section header" in complaint(file, bytes(without))


def test_file_that_was_only_stretched_to_its_length_is_refused(file: Path) -> None:
    core = bytes(Core(memory=((0x10000, b"\x01" * 64 * PAGE),)))
    file.write_bytes(core[: -32 * PAGE])
    os.truncate(file, len(core))
    with pytest.raises(NotADump, match="were never written"):
        verify(file, WANTED)


def test_last_page_of_newer_createdumps_must_hold_its_mark(file: Path) -> None:
    page = 0x7FFFFFF10000
    good = Core(memory=((0x10000, b"\1" * PAGE), (page, b"DIAGINFOHEADER".ljust(PAGE, b"\0"))))
    assert checked(file, bytes(good)).regions == 2
    bad = Core(memory=((0x10000, b"\1" * PAGE), (page, bytes(PAGE))))
    assert complaint(file, bytes(bad)) == "its last page does not hold what createdump writes there"


def test_native_process_is_whole_but_has_no_runtime(file: Path) -> None:
    facts = checked(file, bytes(Core(files=((0x10000, 0x12000, "/bin/bash"),))), None)
    assert facts.runtime_path == ""


def test_hostile_names_in_a_dump_cannot_drive_the_terminal(file: Path) -> None:
    core = Core(name=b"\x1b[31mred", files=((0x10000, 0x12000, "/tmp/\x1b]0;x\x07/libcoreclr.so"),))
    facts = checked(file, bytes(core), None)
    assert "\x1b" not in facts.name + facts.runtime_path
    assert facts.runtime_path.endswith("libcoreclr.so")


def test_kind_of_dump_is_guessed_from_what_it_holds(file: Path) -> None:
    image = ((0x10000, 0x12000, RUNTIME),)
    full = Core(files=image, memory=((0x10000, b"\1" * 2 * PAGE),))
    assert checked(file, bytes(full)).type_guess == "full"
    assert checked(file, bytes(Core())).type_guess == "mini"


def test_path_that_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotADump, match="not a regular file"):
        verify(tmp_path / "pipe")
    with pytest.raises(NotADump, match="not a regular file"):
        verify(tmp_path)
    with pytest.raises(UsageError, match="No such file"):
        verify(tmp_path / "absent")


@given(
    flips=st.lists(st.tuples(st.integers(0, 2 * PAGE), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.one_of(st.none(), st.integers(0, 6 * PAGE)),
    writer=st.sampled_from(["createdump", "gdb", "kernel", "procdump"]),
)
def test_damaged_dumps_give_facts_or_a_refusal_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int | None, writer: str
) -> None:
    core = bytearray(bytes(Core(writer=writer)))
    for position, value in flips:
        core[position % len(core)] = value
    file = tmp_path_factory.getbasetemp() / f"mutant-{os.getpid()}"
    file.write_bytes(core[:cut])
    try:
        assert verify(file).size_bytes == file.stat().st_size
    except NotADump as refused:
        assert refused.message


def stretched(core: Core, extra: int) -> bytes:
    """The start of `core` with its last region made `extra` bytes longer in the headers."""
    content = bytearray(bytes(core))
    entry = 64 + 56 * len(core.memory)
    for at in (entry + 32, entry + 40):
        (length,) = struct.unpack_from("<Q", content, at)
        struct.pack_into("<Q", content, at, length + extra)
    return bytes(content)


def test_terabytes_that_were_never_written_are_no_dump(file: Path) -> None:
    content = stretched(Core(), 4 << 40)
    file.write_bytes(content)
    with file.open("r+b") as stream:
        stream.seek(len(content) + (4 << 40) - 1)
        stream.write(b"x")
    with pytest.raises(NotADump, match="createdump leaves no holes"):
        verify(file, WANTED)
    assert file.stat().st_blocks * 512 < 1 << 20


def test_dump_far_beyond_its_estimate_is_refused_unread(file: Path) -> None:
    size = len(bytes(Core()))
    words = complaint(file, bytes(Core()), replace(WANTED, most_bytes=size - 1))
    assert "were expected" in words
    assert checked(file, bytes(Core()), replace(WANTED, most_bytes=size)).pid == 4242


def test_notes_of_hundred_megabytes_are_not_read(file: Path) -> None:
    assert "its notes claim" in complaint(file, bytes(Core(extra_notes=bytes(MOST_NOTE_BYTES))))


def test_many_mapped_files_cost_little_memory(file: Path) -> None:
    files = [(n * PAGE, (n + 1) * PAGE, "/some/file") for n in range(200_000)]
    file.write_bytes(bytes(Core(files=[*files, (0x10000, 0x12000, RUNTIME)])))
    tracemalloc.start()
    try:
        facts = verify(file, WANTED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert facts.runtime_path == RUNTIME
    assert peak < 5 * file.stat().st_size
