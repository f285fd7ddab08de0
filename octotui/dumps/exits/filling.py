"""The process that writes a core: forked from the tracer, so that no read and no write of it can hold up the target.

It tells where it is in memory that it shares with the tracer, and what came of it as one JSON object in a pipe.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import struct
from collections.abc import Iterator
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from octotui.dumps.exits.corelayout import CoreLayout, content_bytes
from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.managed import left_managed
from octotui.dumps.exits.memorymap import PAGE, Mapping
from octotui.dumps.exits.notes import OWN_TYPE, OWNER, ThreadImage, note
from octotui.dumps.exits.pages import Run, runs_of
from octotui.errors import CaptureFailed
from octotui.text import printable
from octotui.units import bytes_text

CHUNK = 4 << 20
_LOOK_AT_FREE_EVERY = 32 << 20
_PATIENCE_PAGES = 64
_LONGEST_STEP = 1 << 20
_PLACE = struct.Struct("<QQQ")
_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "no file may be so large",
}


class Phase(IntEnum):
    """What the writer does: everywhere but in WRITING the target's memory can be what holds it up."""

    PLANNING = 0
    READING = 1
    WRITING = 2
    STACKS = 3


class Progress:
    """Where the writer is, in memory that both processes see."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, PAGE)

    def set(self, phase: Phase, index: int, written: int) -> None:
        _PLACE.pack_into(self._shared, 0, phase, index, written)

    def get(self) -> tuple[Phase, int, int]:
        """(phase, index of the mapping, bytes written so far)."""
        phase, index, written = _PLACE.unpack_from(self._shared, 0)
        return Phase(phase), index, written


@dataclass(frozen=True, slots=True)
class Core:
    """A core to be written into the open file `out`. `facts` is what its own note says beside the stacks.

    `memory` and `pagemap` are open files of the target's; bytes and `least_free_bytes` are limits, None for none.
    """

    pid: int
    machine: Machine
    threads: tuple[ThreadImage, ...]
    mappings: tuple[Mapping, ...]
    layout: CoreLayout
    facts: Fields[str, Any]
    out: int
    memory: int
    pagemap: int
    most_bytes: int | None
    least_free_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a writer begins: the one before got stuck in the mappings `left_out`, or with the stacks."""

    phase: Phase = Phase.PLANNING
    index: int = 0
    left_out: frozenset[int] = frozenset()
    skips_stacks: bool = False

    def after(self, phase: Phase, index: int) -> Place:
        """Where to go on when a writer got stuck there."""
        if phase is Phase.STACKS:
            return Place(Phase.READING, index, self.left_out, skips_stacks=True)
        left_out = self.left_out | {index}
        return Place(phase, 0 if phase is Phase.PLANNING else index + 1, left_out, self.skips_stacks)


def fill_and_exit(core: Core, progress: Progress, answer: int, place: Place) -> None:
    """Writes everything from `place` on, answers, and ends this process."""
    try:
        found: dict[str, Any] = _Filler(core, progress, place).fill()
    except CaptureFailed as error:
        found = {"code": error.code, "error": error.message, "hint": error.hint}
    except OSError as error:
        found = _disk_error(error)
    except Exception as error:  # noqa: BLE001 the tracer says it, and lets the target go on
        found = {"code": "internal", "error": printable(f"the writer failed: {error!r}", 300), "hint": ""}
    try:
        os.write(answer, json.dumps(found).encode())
    finally:
        os._exit(0)


class _Filler:
    def __init__(self, core: Core, progress: Progress, place: Place) -> None:
        self._core = core
        self._progress = progress
        self._place = place
        self._phase = place.phase
        self._written = progress.get()[2]
        self._unseen = 0
        pieces = core.layout.pieces
        self._unreadable = sum(pieces[index].length for index in place.left_out)
        self._unreadable += sum(piece.length - content_bytes(piece) for piece in pieces)
        self._buffer = memoryview(mmap.mmap(-1, CHUNK))
        self._files = f"/proc/{core.threads[0].thread}/map_files"

    def fill(self) -> dict[str, Any]:
        core = self._core
        if self._phase is Phase.PLANNING:
            self._check_room(self._estimate())
            self._phase = Phase.READING
        for index in range(self._place.index, len(core.layout.pieces)):
            self._copy(index)
        self._progress.set(Phase.STACKS, len(core.layout.pieces), self._written)
        left = []
        if not self._place.skips_stacks:
            left = left_managed(core.pid, core.threads, core.mappings, core.memory, core.machine)
        self._progress.set(Phase.WRITING, len(core.layout.pieces), self._written)
        facts = {**core.facts, "left_managed": left, "unreadable_bytes": self._unreadable}
        own = note(OWNER, OWN_TYPE, json.dumps(facts).encode() + b"\0")
        self._write(own, core.layout.end)
        header = core.layout.header(core.machine)
        self._write(core.layout.tables(len(own)), len(header))
        self._write(header, 0)
        return {
            "bytes": core.layout.end + len(own),
            "data_bytes": self._written,
            "unreadable_bytes": self._unreadable,
            "left_managed": left,
        }

    def _runs(self, index: int) -> Iterator[Run]:
        piece = self._core.layout.pieces[index]
        self._progress.set(self._phase, index, self._written)
        if content_bytes(piece) and index not in self._place.left_out:
            yield from runs_of(piece, self._core.pagemap, self._files)

    def _estimate(self) -> int:
        return sum(end - start for index in range(len(self._core.layout.pieces)) for start, end in self._runs(index))

    def _copy(self, index: int) -> None:
        piece, place = self._core.layout.pieces[index], self._core.layout.places[index]
        failed = 0
        for low, high in self._runs(index):
            at = low
            while at < high:
                self._progress.set(Phase.READING, index, self._written)
                count = self._read(at, min(CHUNK, high - at))
                if count:
                    self._progress.set(Phase.WRITING, index, self._written)
                    self._write(self._buffer[:count], place + at - piece.start)
                    failed, at = 0, at + count
                    continue
                # Past the end of a file there may be very many such pages.
                failed += 1
                step = min(PAGE << max(0, failed - _PATIENCE_PAGES), _LONGEST_STEP, high - at)
                self._unreadable += step
                at += step

    def _read(self, address: int, most: int) -> int:
        """Bytes read into the buffer; 0 where nothing can be read."""
        try:
            count = os.preadv(self._core.memory, [self._buffer[:most]], address)
        except OSError as error:
            if error.errno in (errno.EIO, errno.EFAULT, errno.ENOMEM):
                return 0
            raise
        if count == 0:
            raise CaptureFailed(
                "its memory was gone before it was written", hint="look at dmesg | tail", code="memory-gone"
            )
        return count

    def _write(self, content: bytes | memoryview, place: int) -> None:
        view = memoryview(content)
        while view:
            count = os.pwrite(self._core.out, view, place)
            view, place = view[count:], place + count
            self._written += count
            self._unseen += count
        if self._unseen >= _LOOK_AT_FREE_EVERY:
            self._check_room(0)

    def _check_room(self, needed: int) -> None:
        self._unseen = 0
        most, least = self._core.most_bytes, self._core.least_free_bytes
        if most is not None and max(self._written, needed) > most:
            raise CaptureFailed(
                f"the dump would take more than {bytes_text(most)}", hint="raise the limit", code="too-large"
            )
        disk = os.fstatvfs(self._core.out)
        free = disk.f_bavail * disk.f_frsize
        if free < least + needed:
            raise CaptureFailed(
                f"the dump's disk has {bytes_text(free)} free; the dump needs {bytes_text(needed)} more and "
                f"{bytes_text(least)} have to stay free"
                if needed
                else f"the dump's disk has only {bytes_text(free)} left, and {bytes_text(least)} have to stay free",
                hint="make room, or choose another destination",
                code="no-space",
            )


def _disk_error(error: OSError) -> dict[str, Any]:
    reason = _NO_ROOM.get(error.errno or 0)
    if reason:
        return {"code": "no-space", "error": f"the dump could not be written: {reason}", "hint": "make room"}
    said = (error.strerror or "unknown error").lower()
    return {"code": "disk", "error": f"the dump could not be written: {said}", "hint": "look at dmesg | tail"}
