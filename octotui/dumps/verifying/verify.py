"""Is this dump whole, whose is it, and what wrote it. A tool's "OK" is not proof; this is."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from octotui.dumps.disk.holes import ends_in_hole, holes, is_mostly_holes
from octotui.dumps.verifying.elfcore import NT_FILE, NT_PRPSINFO, NT_PRSTATUS, CoreFile, Note, mapped_files, read_core
from octotui.dumps.verifying.exitnote import ExitFacts, exit_facts
from octotui.dumps.verifying.layout import check_layout
from octotui.dumps.verifying.writers import Writer, writer_of
from octotui.errors import AccessDenied, NotADump, UsageError
from octotui.text import printable
from octotui.units import bytes_text

__all__ = ["RUNTIME_LIBRARY", "DumpFacts", "ExitFacts", "Expectation", "Writer", "verify", "verify_open"]

RUNTIME_LIBRARY = "libcoreclr.so"
SMALL_DUMP_BYTES = 32 << 20
"""Below this a core that lacks file images is taken for a mini or triage dump: heaps of .NET start above it."""

_DIAGNOSTICS_PAGE = 0x7FFFFFF10000
_DIAGNOSTICS_MAGIC = b"DIAGINFOHEADER"
_MOST_IMAGES = 16
_MOST_COMPARED = 100_000
_PRPSINFO_PID = 24
_PRPSINFO_NAME = slice(40, 56)
_PRSTATUS_PID = 32


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the dump of a capture has to show.

    `pids`: one of them must be the core's (a target in another pid namespace has two); `threads` must all be in it,
    empty where they cannot be compared; `runtime` is the base name of a file that must be mapped ("" for none);
    a file of more than `most_bytes` is refused unread, 0 for no limit.
    """

    pids: frozenset[int]
    threads: frozenset[int] = frozenset()
    runtime: str = RUNTIME_LIBRARY
    writer: Writer | None = None
    machine: str = ""
    most_bytes: int = 0


@dataclass(frozen=True, slots=True)
class DumpFacts:
    """What a whole dump says of itself.

    `extent_bytes` is where its last memory region ends; `runtime_path` is "" for a process without .NET runtime
    library; `type_guess` is told from content and size; `hole_bytes` were never written (sparse copy);
    `exit` is how the process ended, where octotui wrote it at its end.
    """

    size_bytes: int
    extent_bytes: int
    writer: Writer
    machine: str
    pid: int
    name: str
    threads: tuple[int, ...]
    runtime_path: str
    regions: int
    type_guess: str
    hole_bytes: int
    exit: ExitFacts | None = None

    @property
    def is_portable(self) -> bool:
        """True when tools on another machine can be expected to read it: only createdump writes what they need."""
        return self.writer is Writer.CREATEDUMP


def verify(path: Path, expect: Expectation | None = None) -> DumpFacts:
    """The facts of the dump at `path`. Blocks for milliseconds: the memory itself is not read.

    Raises NotADump naming what is wrong, UsageError when there is no such file, AccessDenied when it may not be read.
    """
    try:
        # Without O_NONBLOCK the open of a named pipe would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError as error:
        raise AccessDenied(
            f"{printable(str(path))} may not be read", hint=f'run "sudo octotui verify {printable(str(path))}"'
        ) from error
    except (OSError, ValueError) as error:
        reason = (error.strerror or "it cannot be opened") if isinstance(error, OSError) else "no path holds that"
        raise UsageError(f"{printable(str(path))}: {reason}", hint="give the path of a dump") from error
    try:
        return verify_open(descriptor, expect)
    finally:
        os.close(descriptor)


def verify_open(descriptor: int, expect: Expectation | None = None) -> DumpFacts:
    """As `verify`, for an open file."""
    if not _is_regular(descriptor):
        raise NotADump("it is not a regular file")
    try:
        if expect is not None and 0 < expect.most_bytes < (size := os.fstat(descriptor).st_size):
            raise NotADump(f"it is {bytes_text(size)} large, at most {bytes_text(expect.most_bytes)} were expected")
        core = read_core(descriptor)
        facts = _facts(descriptor, core)
    except OSError as error:
        raise NotADump(f"it cannot be read: {error.strerror}", hint="look at the disk: dmesg | tail") from error
    if expect is not None:
        _check(facts, expect)
    return facts


def _is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _facts(descriptor: int, core: CoreFile) -> DumpFacts:
    writer = writer_of(core)
    _check_length(descriptor, core, writer)
    pid, name = _owner(core.notes)
    threads = tuple(_threads(core.notes))
    if not threads:
        raise NotADump("it holds no thread (no PRSTATUS note)")
    first, images = _files(core.notes)
    return DumpFacts(
        size_bytes=core.size,
        extent_bytes=core.extent,
        writer=writer,
        machine=core.machine,
        pid=pid,
        name=name,
        threads=threads,
        runtime_path=images[0][2] if images else "",
        regions=len(core.regions),
        type_guess=_type_guess(core, [(start, end) for start, end, _ in images or first]),
        hole_bytes=sum(length for _, length in holes(descriptor, core.size)),
        exit=exit_facts(core.notes),
    )


def _check_length(descriptor: int, core: CoreFile, writer: Writer) -> None:
    if not core.regions:
        raise NotADump("it holds no memory")
    if core.extent > core.size:
        missing = core.extent - core.size
        raise NotADump(f"it was cut off: {bytes_text(missing)} ({missing} bytes) are missing at its end")
    if writer is Writer.CREATEDUMP and core.extent < core.size:
        surplus = core.size - core.extent
        raise NotADump(f"it has {surplus} bytes more than its headers account for")
    check_layout(core, is_gapless=writer is Writer.CREATEDUMP)
    if ends_in_hole(descriptor, core.size):
        raise NotADump("the bytes at its end were never written (the file is sparse there)")
    if writer is Writer.CREATEDUMP and is_mostly_holes(descriptor):
        raise NotADump("most of it was never written (the file is sparse), and createdump leaves no holes")
    for region in core.regions:
        if region.address == _DIAGNOSTICS_PAGE and region.file_bytes >= len(_DIAGNOSTICS_MAGIC):
            found = os.pread(descriptor, len(_DIAGNOSTICS_MAGIC), region.offset)
            if writer is Writer.CREATEDUMP and found != _DIAGNOSTICS_MAGIC:
                raise NotADump("its last page does not hold what createdump writes there")


_File = tuple[int, int, str]


def _files(notes: tuple[Note, ...]) -> tuple[list[_File], list[_File]]:
    """(start, end, path) of the first mapped files, and of the first that are a runtime library."""
    first: list[_File] = []
    images: list[_File] = []
    for note in notes:
        if note.type == NT_FILE:
            for start, end, path in mapped_files(note.content):
                is_image = len(images) < _MOST_IMAGES and _base_name(path) == RUNTIME_LIBRARY.encode()
                if is_image or len(first) < _MOST_IMAGES:
                    found = (start, end, printable(os.fsdecode(path)))
                    first += [found] if len(first) < _MOST_IMAGES else []
                    images += [found] if is_image else []
    return first, images


def _owner(notes: tuple[Note, ...]) -> tuple[int, str]:
    for note in notes:
        if note.type == NT_PRPSINFO and note.owner == b"CORE":
            if len(note.content) < _PRPSINFO_NAME.stop:
                raise NotADump("its notes do not parse: the process note (PRPSINFO) is too short")
            (pid,) = struct.unpack_from("<i", note.content, _PRPSINFO_PID)
            return pid, printable(os.fsdecode(note.content[_PRPSINFO_NAME].split(b"\0")[0]))
    raise NotADump("it does not say whose memory it holds (no PRPSINFO note)")


def _threads(notes: tuple[Note, ...]) -> Iterator[int]:
    for note in notes:
        if note.type == NT_PRSTATUS and note.owner == b"CORE":
            if len(note.content) < _PRSTATUS_PID + 4:
                raise NotADump("its notes do not parse: a thread note (PRSTATUS) is too short")
            yield struct.unpack_from("<i", note.content, _PRSTATUS_PID)[0]


def _type_guess(core: CoreFile, images: list[tuple[int, int]]) -> str:
    """Full dumps hold whole file images; heap dumps hold memory without them; mini and triage ones hold little."""
    images = images[:_MOST_IMAGES]
    held = sum(
        max(0, min(end, region.address + region.file_bytes) - max(start, region.address))
        for region in core.regions[:_MOST_COMPARED]
        for start, end in images
    )
    if images and held >= sum(end - start for start, end in images):
        return "full"
    return "mini" if core.extent < SMALL_DUMP_BYTES else "heap"


def _check(facts: DumpFacts, expect: Expectation) -> None:
    if facts.pid not in expect.pids:
        wanted = " or ".join(str(pid) for pid in sorted(expect.pids))
        raise NotADump(f"it holds process {facts.pid}, not process {wanted}")
    if expect.machine and facts.machine != expect.machine:
        raise NotADump(f"it was written for {facts.machine}, this host is {expect.machine}")
    if expect.writer and facts.writer is not expect.writer:
        raise NotADump(f"it was not written by {expect.writer}, but by: {facts.writer}")
    missing = expect.threads - set(facts.threads)
    if missing:
        named = ", ".join(str(thread) for thread in sorted(missing)[:5])
        raise NotADump(f"{len(missing)} of the process's threads are missing in it (thread {named})")
    if expect.runtime == RUNTIME_LIBRARY and not facts.runtime_path:
        raise NotADump(f"no .NET runtime is mapped in it ({RUNTIME_LIBRARY} is not among its files)")


def _base_name(path: bytes) -> bytes:
    return path.removesuffix(b" (deleted)").rpartition(b"/")[2]
