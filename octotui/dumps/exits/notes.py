"""The notes of a core file: what the kernel would have said of the process and of each of its threads."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from octotui.dumps.exits import ptrace
from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.memorymap import PAGE, Mapping
from octotui.dumps.exits.taskfiles import slurp, stat_of, status_of
from octotui.errors import CaptureFailed

OWNER = b"octotui"
OWN_TYPE = 0x4F43544F
"""The type of octotui's own note: no tool takes it for one that it knows."""

_PRSTATUS, _FPREGSET, _PRPSINFO, _AUXV = 1, 2, 3, 6
_SIGINFO, _FILE = 0x53494749, 0x46494C45
_MOST_EXTENDED_BYTES = 12 << 20
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class ThreadImage:
    """One stopped thread: its registers as core files hold them, and the siginfo of the signal that ended it."""

    thread: int
    general: bytes
    floats: bytes
    extended: bytes
    siginfo: bytes


def image_of(thread: int, machine: Machine, siginfo: bytes) -> ThreadImage:
    """Reads the registers of a stopped thread. Raises OSError, and CaptureFailed for a 32-bit program."""
    general = ptrace.register_set(thread, ptrace.GENERAL_SET)
    if len(general) != machine.general_bytes:
        raise CaptureFailed(
            "it runs 32-bit code, of which octotui writes no cores", hint="use gcore", code="not-64-bit"
        )
    floats = ptrace.register_set(thread, ptrace.FLOAT_SET)
    try:
        extended = ptrace.register_set(thread, machine.extended_set)
    except OSError:
        extended = b""
    return ThreadImage(thread, general, floats, extended, siginfo)


def note(owner: bytes, kind: int, content: bytes) -> bytes:
    name = owner + b"\0"
    return struct.pack("<III", len(name), len(content), kind) + _padded(name) + _padded(content)


def process_notes(
    pid: int, threads: Sequence[ThreadImage], status: int, mappings: Iterable[Mapping], machine: Machine
) -> bytes:
    """All notes but octotui's own. The first of `threads` is the one that debuggers show first."""
    number = status & 0x7F
    group = stat_of(f"/proc/{pid}")
    extended_left = _MOST_EXTENDED_BYTES
    notes = []
    for index, image in enumerate(threads):
        is_first = index == 0
        notes.append(note(b"CORE", _PRSTATUS, _thread_status(pid, image, number if is_first else 0, group)))
        if is_first:
            notes.append(note(b"CORE", _PRPSINFO, _process_info(pid, image.thread, group)))
        if image.siginfo:
            notes.append(note(b"CORE", _SIGINFO, image.siginfo))
        if is_first:
            notes.append(note(b"CORE", _AUXV, slurp(f"/proc/{pid}/task/{image.thread}/auxv")))
            notes.append(note(b"CORE", _FILE, _mapped_files(mappings)))
        notes.append(note(b"CORE", _FPREGSET, image.floats))
        extended_left -= len(image.extended)
        if image.extended and extended_left >= 0:
            notes.append(note(b"LINUX", machine.extended_set, image.extended))
    return b"".join(notes)


def _thread_status(pid: int, image: ThreadImage, number: int, group: list[bytes]) -> bytes:
    directory = f"/proc/{pid}/task/{image.thread}"
    own = stat_of(directory)
    status = status_of(directory)
    times = b"".join(struct.pack("<qq", *_time(own, field)) for field in (11, 12, 13, 14))
    head = struct.pack(
        "<iiihxxQQiiii",
        number,
        0,
        0,
        number,
        int(status.get("SigPnd", "0"), 16),
        int(status.get("SigBlk", "0"), 16),
        image.thread,
        *(_whole(group, field) for field in (1, 2, 3)),
    )
    return head + times + image.general + struct.pack("<ixxxx", 1)


def _process_info(pid: int, thread: int, group: list[bytes]) -> bytes:
    try:
        owner = os.stat(f"/proc/{pid}")
        user, gid = owner.st_uid, owner.st_gid
    except OSError:
        user = gid = 0
    command = slurp(f"/proc/{pid}/task/{thread}/cmdline").replace(b"\0", b" ").strip()[:79]
    nice = max(-128, min(127, _whole(group, 16)))
    return struct.pack(
        "<bcbbxxxxQIIiiii16s80s",
        0,
        (group[0] if group else b"R")[:1],
        0,
        nice,
        max(0, _whole(group, 6)),
        user,
        gid,
        pid,
        *(_whole(group, field) for field in (1, 2, 3)),
        slurp(f"/proc/{pid}/comm").strip()[:15],
        command,
    )


def _mapped_files(mappings: Iterable[Mapping]) -> bytes:
    named = [mapping for mapping in mappings if mapping.is_named_file]
    table = b"".join(struct.pack("<QQQ", m.start, m.end, m.offset // PAGE) for m in named)
    return struct.pack("<QQ", len(named), PAGE) + table + b"".join(m.path + b"\0" for m in named)


def _whole(fields: list[bytes], index: int) -> int:
    return int(fields[index]) if len(fields) > index else 0


def _time(fields: list[bytes], index: int) -> tuple[int, int]:
    ticks = _whole(fields, index)
    return divmod(ticks * (_MICROSECONDS // os.sysconf("SC_CLK_TCK")), _MICROSECONDS)


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 4)
