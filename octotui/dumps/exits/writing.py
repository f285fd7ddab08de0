"""One core being written while its process stands still at its end: begun, watched, given up, finished."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Fields
from pathlib import Path
from typing import Any

from octotui.dumps.exits import ptrace
from octotui.dumps.exits.corelayout import CoreLayout
from octotui.dumps.exits.filling import Core, Phase, Place, Progress, fill_and_exit
from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.memorymap import read_map
from octotui.dumps.exits.notes import ThreadImage, image_of, process_notes
from octotui.dumps.exits.orders import Order
from octotui.errors import CaptureFailed
from octotui.units import bytes_text, seconds_text

STUCK_SECONDS = 5.0
"""A piece of memory that cannot be read in this time is left out: its file's system may never answer."""


class Ended:
    """A process whose threads stand still: what of it goes into the core. `threads`: (id, siginfo), the first shown."""

    def __init__(self, pid: int, status: int, threads: Sequence[tuple[int, bytes]], facts: Fields[str, Any]) -> None:
        self.pid = pid
        self.status = status
        self.threads = threads
        self.facts = facts


class Writing:
    """The dump of one process. Made with the file open and a child that writes it; then `step` until it is done."""

    def __init__(self, order: Order, ended: Ended, machine: Machine, unwanted: Sequence[int]) -> None:
        """Raises CaptureFailed and OSError; there is no file then. `unwanted`: descriptors that the child closes."""
        self._order = order
        self._unwanted = unwanted
        self._began = time.monotonic()
        self._place = Place()
        self._progress = Progress()
        self._seen = (self._progress.get(), self._began)
        self._child = self._answer = -1
        self._said = b""
        self._opened: list[int] = []
        try:
            self._core = self._prepared(ended, machine)
            self._fork()
        except BaseException:
            self.abandon()
            raise

    def fileno(self) -> int:
        """Readable when the child has answered or died."""
        return self._answer

    @property
    def written_bytes(self) -> int:
        return self._progress.get()[2]

    def forget(self, child: int) -> None:
        """A child of ours was reaped: its pid may be another's from now on."""
        if child == self._child:
            self._child = -1

    def step(self) -> dict[str, Any] | None:
        """What the record says of the finished file, None while it is being written. Raises CaptureFailed."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._answer, 1 << 16):
                self._said += piece
            # Nothing more will come: the child has ended.
            return self._finished(self._said)
        self._check_time()
        return None

    def abandon(self) -> None:
        """Ends the child and removes the file, whatever they are doing. Returns at once."""
        self._kill()
        if self._opened:
            with contextlib.suppress(OSError):
                self._order.path.unlink()
        self._close()

    def _prepared(self, ended: Ended, machine: Machine) -> Core:
        first = ended.threads[0][0]
        directory = f"/proc/{ended.pid}/task/{first}"
        images = tuple(_images(ended, machine))
        mappings = tuple(read_map(directory))
        notes = process_notes(ended.pid, images, ended.status, mappings, machine)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            # A file that was there before is not ours: it is not removed either.
            out = os.open(self._order.path, flags, 0o600)
        except OSError as error:
            raise CaptureFailed(
                f"the dump's file could not be created: {(error.strerror or '').lower()}",
                hint="look at the destination",
                code="destination",
            ) from error
        self._opened.append(out)
        for name in ("mem", "pagemap"):
            self._opened.append(os.open(f"{directory}/{name}", os.O_RDONLY | os.O_CLOEXEC))
        memory, pagemap = self._opened[1:]
        pieces = [mapping for mapping in mappings if mapping.is_wanted]
        return Core(
            ended.pid,
            machine,
            images,
            mappings,
            CoreLayout(pieces, notes),
            ended.facts,
            out,
            memory,
            pagemap,
            self._order.most_bytes,
            self._order.least_free_bytes,
        )

    def _fork(self) -> None:
        answer, answering = os.pipe()
        os.set_blocking(answer, False)
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            try:
                ptrace.die_with_parent(parent)
                signal.set_wakeup_fd(-1)
                for descriptor in (*self._unwanted, answer):
                    os.close(descriptor)
                fill_and_exit(self._core, self._progress, answering, self._place)
            finally:
                os._exit(1)
        os.close(answering)
        self._child, self._answer = child, answer
        self._seen = (self._progress.get(), time.monotonic())

    def _check_time(self) -> None:
        now, place = time.monotonic(), self._progress.get()
        if now - self._began > self._order.most_seconds:
            raise CaptureFailed(
                f"the dump was not written in {seconds_text(self._order.most_seconds)} "
                f"({bytes_text(place[2])} were), and the process may not wait longer",
                hint="choose a faster disk, or allow more time",
                code="too-slow",
            )
        if place != self._seen[0]:
            self._seen = (place, now)
        elif place[0] is not Phase.WRITING and now - self._seen[1] > STUCK_SECONDS:
            self._kill()
            os.close(self._answer)
            self._place = self._place.after(*place[:2])
            self._fork()

    def _finished(self, answer: bytes) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(answer)
        except ValueError:
            said = "the process that wrote the dump was killed"
            found = {"code": "writer-killed", "error": said, "hint": "look at dmesg | tail"}
        if "error" in found:
            raise CaptureFailed(found["error"], hint=found["hint"], code=found["code"])
        out, self._opened = self._opened[0], self._opened[1:]
        self._close()
        try:
            os.close(out)
        except OSError as error:
            with contextlib.suppress(OSError):
                Path(self._order.path).unlink()
            said = (error.strerror or "unknown error").lower()
            raise CaptureFailed(f"the dump could not be written: {said}", hint="look at dmesg | tail") from error
        return found

    def _kill(self) -> None:
        if self._child > 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)

    def _close(self) -> None:
        for descriptor in [*self._opened, *([self._answer] if self._answer >= 0 else [])]:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._opened, self._answer = [], -1


def _images(ended: Ended, machine: Machine) -> Iterator[ThreadImage]:
    for index, (thread, siginfo) in enumerate(ended.threads):
        try:
            yield image_of(thread, machine, siginfo)
        except ProcessLookupError:
            # Without the first the memory is gone too.
            if index == 0:
                raise
