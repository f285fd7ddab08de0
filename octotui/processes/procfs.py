"""The process table of Linux: whole at first and when asked for, else as the kernel's events and what is shown ask.

The figures of watched processes are read at every look, and so are processes that are young, ended and not yet reaped,
or named by an event. All others stand as they were read last: what matters of them changes with an event only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Set
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from octotui.errors import AccessDenied
from octotui.processes.entry import LONGEST_STAT, YOUNG_SECONDS, EntryReader, content
from octotui.processes.hearing import Hearing
from octotui.processes.model import Changes, ProcessInfo, ProcessKey, Redactor, Snapshot
from octotui.processes.newest import NewestPid, is_thread
from octotui.processes.proctable import ProcessTable
from octotui.processes.statfiles import StatFiles, most_files
from octotui.text import printable

PROC = Path("/proc")

LISTING_SECONDS = 60.0
"""How long the list of pids is taken as right while the kernel tells of starts and ends."""

POLLED_LISTING_SECONDS = 6.0
"""How long it is taken as right while only the newest pid tells of starts, and nothing of the ends of strangers."""

LISTENED_AT_ONCE = 64
"""Processes that are read when their exec is heard; of a flood the rest is read with the next look."""


class ProcfsSource:
    """Snapshots of the processes below `root`, a mounted proc file system or a copy of one.

    `hearing` tells of starts and ends; it is opened with the second snapshot, so that the first need not wait for it.
    """

    def __init__(
        self,
        redact: Redactor,
        root: Path = PROC,
        *,
        hearing: Hearing | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reader = EntryReader(redact)
        self._root = root
        self._hearing = hearing
        self._clock = clock
        self._now = now
        self._host = printable(os.uname().nodename)
        # A copy of a proc file system does not tell by its open files that a process is gone.
        self._files = StatFiles(most_files() if root == PROC else 0)
        self._table = ProcessTable()
        self._newest: NewestPid | None = None
        self._listed_at: float | None = None
        self._number = 0

    def read(self, watched: Set[ProcessKey] | None = None) -> Snapshot:
        """All processes of this moment, those in `watched` (None: all) with new figures.

        Raises AccessDenied where there is no proc file system, OSError where no file can be opened any more.
        """
        begun = self._clock()
        taken_at = self._now()
        directory = self._open_root()
        try:
            uptime = self._uptime(directory)
            fresh = self._look(directory, uptime, watched, begun)
        finally:
            os.close(directory)
        table = self._table
        changes = Changes(self._number, *table.take_changes())
        snapshot = Snapshot(
            self._host,
            taken_at,
            begun,
            uptime,
            MappingProxyType(table.processes.copy()),
            max(0.0, self._clock() - begun),
            fresh,
            MappingProxyType(table.keys.copy()),
            table.take_passed(),
            changes if self._number else None,
            events=self._hearing.state if self._hearing else "",
        )
        self._number = snapshot.number
        return snapshot

    def listen(self) -> tuple[ProcessInfo, ...]:
        """What the kernel told since the last look: processes that execed just now, and known ones that ended.

        A process that lives for milliseconds is read here or never. Not for use while `read` runs.
        """
        if self._hearing is None or self._listed_at is None:
            return ()
        self._hearing.drain(self._table.entries, rounds=1)
        ended = [self._table.entries[pid].info for pid in self._hearing.take_ended() if pid in self._table.entries]
        execed = self._hearing.take_execed(LISTENED_AT_ONCE)
        if not execed:
            return tuple(ended)
        directory = self._open_root()
        try:
            uptime = self._uptime(directory)
            for pid in execed:
                self._read_again(directory, pid, uptime)
        finally:
            os.close(directory)
        found = (self._table.entries.get(pid) for pid in execed)
        return (*ended, *(entry.info for entry in found if entry is not None))

    def events_descriptor(self) -> int | None:
        """The descriptor that becomes readable when there is something to `listen` to; None where nothing is heard."""
        return self._hearing.fileno() if self._hearing else None

    def close(self) -> None:
        """Close what is kept open; a further `read` opens it again, without events."""
        self._files.close()
        if self._newest is not None:
            self._newest.close()
        if self._hearing is not None:
            self._hearing.close()

    def _open_root(self) -> int:
        try:
            return os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise AccessDenied(
                f"cannot read {self._root}: {error.strerror}", hint="mount -t proc proc /proc", code="no-proc"
            ) from error

    def _uptime(self, directory: int) -> float:
        if self._root == PROC:
            # Container runtimes cover /proc/uptime with the container's own age; start ticks stay on this clock.
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            return float(content(directory, "uptime", 64).split()[0])
        except (ValueError, IndexError):
            return 0.0

    def _look(
        self, directory: int, uptime: float, watched: Set[ProcessKey] | None, now: float
    ) -> frozenset[ProcessKey] | None:
        """Read what has to be read; the keys of what was, None for all."""
        entries = self._table.entries
        touched = self._touched(directory, now)
        if touched is None:
            listed = {int(name) for name in os.listdir(directory) if name.isdecimal()}
            for pid in entries.keys() - listed:
                self._forget(pid)
            touched = self._hearing.take_touched() if self._hearing is not None else set()
            touched |= listed - entries.keys()
            self._listed_at = now
        if watched is None:
            pids = touched.union(entries)
        else:
            pids = touched.union((key.pid for key in watched), self._table.restless)
        gone = self._read_all(directory, pids, uptime)
        if gone and watched is not None:
            self._read_all(directory, self._table.children_of(gone), uptime)
        if watched is None:
            return None
        return frozenset(entries[pid].info.key for pid in pids if pid in entries)

    def _touched(self, directory: int, now: float) -> set[int] | None:
        """The pids that events or the newest pid name; None when only a list of all processes will do."""
        hearing, listed_at = self._hearing, self._listed_at
        if hearing is None:
            return None
        if listed_at is not None:
            hearing.open()
        hearing.drain(self._table.entries)
        for pid in hearing.take_execed():
            self._table.distrust(pid)
        appeared = self._appeared() if hearing.state == "off" else None
        if listed_at is None:
            return None
        if hearing.is_complete and now - listed_at < LISTING_SECONDS:
            return hearing.take_touched()
        if appeared is not None and now - listed_at < POLLED_LISTING_SECONDS:
            return {pid for pid in appeared if pid in self._table.entries or not _is_thread(directory, pid)}
        return None

    def _appeared(self) -> tuple[int, ...] | None:
        if self._newest is None:
            self._newest = NewestPid(self._root)
        return self._newest.appeared()

    def _read_all(self, directory: int, pids: Set[int], uptime: float) -> set[int]:
        """Look at each pid; those that had a process and have none now."""
        entries, restless, read, gone = self._table.entries, self._table.restless, self._files.read, set[int]()
        for pid in pids:
            raw = read(directory, pid)
            entry = entries.get(pid)
            if entry is not None and entry.is_calm and entry.raw == raw:
                if pid in restless and entry.info.state != "Z" and uptime - entry.info.started_seconds > YOUNG_SECONDS:
                    restless.discard(pid)
                continue
            found = self._reader.updated(directory, pid, raw, entry, uptime) if raw else None
            if found is not None:
                self._table.put(pid, found)
            elif entry is not None:
                gone.add(pid)
                self._forget(pid)
            else:
                # It ended while it was read for the first time.
                self._files.forget(pid)
        return gone

    def _read_again(self, directory: int, pid: int, uptime: float) -> None:
        """Look at a process whatever was known of it."""
        self._table.distrust(pid)
        self._read_all(directory, frozenset((pid,)), uptime)

    def _forget(self, pid: int) -> None:
        self._table.drop(pid)
        self._files.forget(pid)


def _is_thread(directory: int, pid: int) -> bool:
    return is_thread(content(directory, f"{pid}/stat", LONGEST_STAT))
