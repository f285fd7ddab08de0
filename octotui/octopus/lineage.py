"""Parent links of a snapshot, safe against reused pids and against cycles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from octotui.processes.model import ProcessInfo, ProcessKey


class Lineage:
    """Who started whom among the processes of one snapshot.

    A parent counts only if it is there and did not start after its child; otherwise the process is a root.
    """

    def __init__(self, processes: Mapping[ProcessKey, ProcessInfo], keys: Mapping[int, ProcessKey]) -> None:
        """`keys` has the key of each pid that counts as a parent."""
        self.processes = processes
        self._keys = keys

    def find(self, pid: int) -> ProcessInfo | None:
        """The process that has `pid`, or None."""
        key = self._keys.get(pid)
        return self.processes[key] if key is not None else None

    def parent(self, process: ProcessInfo) -> ProcessInfo | None:
        """The process that started this one, or None at a root."""
        key = self._keys.get(process.parent_pid)
        if key is None or key == process.key or key.started > process.key.started:
            return None
        return self.processes[key]

    def ancestors(self, process: ProcessInfo) -> Iterator[ProcessInfo]:
        """The line above a process, nearest first; a cycle ends it."""
        seen = {process.key}
        current = self.parent(process)
        while current is not None and current.key not in seen:
            yield current
            seen.add(current.key)
            current = self.parent(current)

    def parents_first(self, members: Collection[ProcessKey]) -> list[tuple[ProcessInfo, ProcessInfo | None]]:
        """Every one of `members` with its parent, parents before children; one link of a cycle is cut."""
        ordered: list[tuple[ProcessInfo, ProcessInfo | None]] = []
        placed: set[ProcessKey] = set()
        for key in members:
            if key in placed:
                continue
            process = self.processes[key]
            branch = [process]
            for ancestor in self.ancestors(process):
                if ancestor.key in placed or ancestor.key not in members:
                    break
                branch.append(ancestor)
            for member in reversed(branch):
                parent = self.parent(member)
                is_cut = parent is not None and parent.key in members and parent.key not in placed
                ordered.append((member, None if is_cut else parent))
                placed.add(member.key)
        return ordered
