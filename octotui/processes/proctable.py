"""The processes of a host by pid and by identity, and what changed of them since it was last asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Set

from octotui.processes.entry import Entry, is_alike
from octotui.processes.model import ProcessInfo, ProcessKey

MOST_PASSED = 256
"""Processes that came and went between two snapshots of which the last ones are kept."""


class ProcessTable:
    """Entries come by `put` and go by `drop`. `restless` are the pids of the young and of the ended but not reaped."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.processes: dict[ProcessKey, ProcessInfo] = {}
        self.keys: dict[int, ProcessKey] = {}
        self.restless: set[int] = set()
        self._arrived: set[ProcessKey] = set()
        self._exited: set[ProcessKey] = set()
        self._changed: set[ProcessKey] = set()
        self._passed: deque[ProcessInfo] = deque(maxlen=MOST_PASSED)

    def put(self, pid: int, entry: Entry) -> None:
        before, info = self.entries.get(pid), entry.info
        if before is not None and before.info.key != info.key:
            self.drop(pid)
            before = None
        if before is None:
            self._arrived.add(info.key)
            self.keys[pid] = info.key
        elif not is_alike(before, entry):
            self._changed.add(info.key)
        self.entries[pid] = entry
        self.processes[info.key] = info
        if entry.is_settled and info.state != "Z":
            self.restless.discard(pid)
        else:
            self.restless.add(pid)

    def drop(self, pid: int) -> None:
        entry = self.entries.pop(pid)
        key = entry.info.key
        del self.processes[key], self.keys[pid]
        self.restless.discard(pid)
        self._changed.discard(key)
        if key in self._arrived:
            self._arrived.discard(key)
            self._passed.append(entry.info)
        else:
            self._exited.add(key)

    def distrust(self, pid: int) -> None:
        """Have a process read whole with the next look: it is another program now."""
        entry = self.entries.get(pid)
        if entry is not None:
            self.entries[pid] = entry._replace(is_calm=False, is_settled=False)

    def children_of(self, pids: Set[int]) -> set[int]:
        """The pids of processes whose parent is, by their last look, one of `pids`."""
        return {pid for pid, entry in self.entries.items() if entry.info.parent_pid in pids}

    def take_changes(self) -> tuple[Set[ProcessKey], Set[ProcessKey], Set[ProcessKey]]:
        taken = frozenset(self._arrived), frozenset(self._exited), frozenset(self._changed - self._arrived)
        self._arrived, self._exited, self._changed = set(), set(), set()
        return taken

    def take_passed(self) -> tuple[ProcessInfo, ...]:
        taken = tuple(self._passed)
        self._passed.clear()
        return taken
