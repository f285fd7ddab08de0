"""Builds small ELF cores as the tools write them, whole or wrong in one chosen way."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

PAGE = 4096
MARKS = {1: b"THR", 2: b"FLT", 3: b"PRP", 6: b"AUX", 0x46494C45: b"FIL"}
RUNTIME = "/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.4/libcoreclr.so"


def note(owner: bytes, kind: int, content: bytes, padding: bytes = b"") -> bytes:
    name = owner + b"\0"
    gap = -len(name) % 4
    head = struct.pack("<III", len(name), len(content), kind) + name + padding.ljust(gap, b"\0")[:gap]
    return head + content + b"\0" * (-len(content) % 4)


def process_note(pid: int, name: bytes) -> bytes:
    return struct.pack("<4sxxxxQIIiiii", b"\0S\0\0", 0, 0, 0, pid, 1, pid, pid) + name.ljust(16, b"\0")[:16] + bytes(80)


def thread_note(thread: int) -> bytes:
    return bytes(32) + struct.pack("<i", thread) + bytes(336 - 36)


def file_note(files: Sequence[tuple[int, int, str]]) -> bytes:
    table = b"".join(struct.pack("<QQQ", start, end, 0) for start, end, _ in files)
    return struct.pack("<QQ", len(files), PAGE) + table + b"".join(path.encode() + b"\0" for _, _, path in files)


@dataclass
class Core:
    """A core to be built; `bytes()` is the file."""

    pid: int = 4242
    name: bytes = b"Calamari"
    threads: Sequence[int] = (4242, 4243)
    files: Sequence[tuple[int, int, str]] = ((0x10000, 0x12000, RUNTIME),)
    memory: Sequence[tuple[int, bytes]] = ((0x10000, b"\x01" * PAGE), (0x40000, b"\x02" * 3 * PAGE))
    writer: str = "createdump"
    machine: int = 62
    kind: int = 4
    counts_in_section: bool = False
    extra_notes: bytes = field(default=b"")

    def notes(self) -> bytes:
        is_ours = self.writer == "createdump"

        def core(kind: int, content: bytes) -> bytes:
            return note(b"CORE", kind, content, MARKS.get(kind, b"") if is_ours else b"")

        process = core(3, process_note(self.pid, self.name))
        files = core(0x46494C45, file_note(self.files))
        threads = [core(1, thread_note(thread)) + core(2, bytes(512)) for thread in self.threads]
        if self.writer == "kernel":
            first = core(1, thread_note(self.threads[0])) if self.threads else b""
            return first + process + files + b"".join(threads[1:]) + self.extra_notes
        if self.writer == "procdump":
            return b"".join(threads) + process + files + self.extra_notes
        if self.writer == "gdb":
            tail = note(b"GDB", 0xFF000000, b"<target/>")
            return process + b"".join(threads) + files + tail + self.extra_notes
        return process + core(6, bytes(32)) + files + b"".join(threads) + self.extra_notes

    def __bytes__(self) -> bytes:
        notes = self.notes()
        count = len(self.memory) + 1
        section = 64 + count * 56 if self.counts_in_section else 0
        notes_at = 64 + count * 56 + (64 if self.counts_in_section else 0)
        data_at = (notes_at + len(notes) + PAGE - 1) // PAGE * PAGE
        abi = 3 if self.writer == "createdump" else 0
        ident = b"\x7fELF\x02\x01\x01" + bytes([abi]) + bytes(8)
        entries = 0xFFFF if self.counts_in_section else count
        head = struct.pack(
            "<16sHHIQQQIHHHHHH", ident, self.kind, self.machine, 1, 0, 64, section, 0, 64, 56, entries, 64, 0, 0
        )
        table = struct.pack("<IIQQQQQQ", 4, 0, notes_at, 0, 0, len(notes), len(notes), 1)
        body = b""
        for address, content in self.memory:
            size = len(content)
            table += struct.pack("<IIQQQQQQ", 1, 6, data_at + len(body), address, 0, size, size, PAGE)
            body += content
        if self.counts_in_section:
            table += struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
        return (head + table + notes).ljust(data_at, b"\0") + body
