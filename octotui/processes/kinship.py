"""Parents of single processes by the rules of the forest, for those who need a few branches of a large host."""

from __future__ import annotations

from collections.abc import Iterable

from octotui.processes.forest import Forest
from octotui.processes.model import ProcessInfo, ProcessKey, Sample


class Kinship:
    """The parents in one sample, looked up one by one. Kernel threads have no kin unless `show_kernel` is set."""

    def __init__(self, sample: Sample, *, show_kernel: bool = False) -> None:
        self._sample = sample
        self._show_kernel = show_kernel
        self._pids = sample.snapshot.pids
        self._further: dict[int, list[ProcessKey]] = {}
        for key in sample.ghosts:
            self._further.setdefault(key.pid, []).append(key)
        if len(self._pids) != len(sample.snapshot.processes):
            for key in sample.snapshot.processes:
                if self._pids.get(key.pid) != key:
                    self._further.setdefault(key.pid, []).append(key)

    def process(self, key: ProcessKey) -> ProcessInfo | None:
        """The process of `key`, alive or ghost; None for one that has no place in the forest."""
        found = self._sample.process(key)
        return None if found is None or (found.is_kernel and not self._show_kernel) else found

    def holder(self, pid: int) -> ProcessKey | None:
        """The process that has `pid`; if none has, the ghost that had it last."""
        alive = [key for key in self._holders(pid) if key in self._sample.snapshot.processes]
        return max(alive or self._holders(pid), key=lambda key: key.started, default=None)

    def parent(self, key: ProcessKey) -> ProcessKey | None:
        """As `Forest.parent`, but a cycle of processes that started in one tick is not cut."""
        process = self.process(key)
        if process is None or self._sample.meaning(key).is_orphan:
            return None
        older = (held for held in self._holders(process.parent_pid) if held.started <= key.started and held != key)
        return max(older, key=lambda held: held.started, default=None)

    def with_ancestors(self, keys: Iterable[ProcessKey]) -> set[ProcessKey]:
        """`keys` and everything above them."""
        found: set[ProcessKey] = set()
        for key in keys:
            at: ProcessKey | None = key
            while at is not None and at not in found:
                found.add(at)
                at = self.parent(at)
        return found

    def ancestors(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        """Parent, its parent and so on up to the root."""
        found: dict[ProcessKey, None] = {key: None}
        above = self.parent(key)
        while above is not None and above not in found:
            found[above] = None
            above = self.parent(above)
        return tuple(found)[1:]

    def forest(self, keys: Iterable[ProcessKey]) -> Forest:
        """The part of the whole forest that holds `keys` and their ancestors."""
        found = {key: self.process(key) for key in self.with_ancestors(keys)}
        detached = frozenset(key for key in found if self._sample.meaning(key).is_orphan)
        return Forest.of((process for process in found.values() if process is not None), detached=detached)

    def _holders(self, pid: int) -> list[ProcessKey]:
        current = self._pids.get(pid)
        found = [*self._further.get(pid, ())] if current is None else [current, *self._further.get(pid, ())]
        if self._show_kernel:
            return found
        return [key for key in found if self.process(key) is not None]


def forest_of(sample: Sample, *, show_kernel: bool = False) -> Forest:
    """The forest that rows are drawn from: the living and the ghosts, orphans as roots, no kernel threads unless asked.

    Costs milliseconds for thousands of processes; `Kinship.forest` is the part of it that a few processes need.
    """
    processes = [process for process in sample.snapshot.processes.values() if show_kernel or not process.is_kernel]
    processes.extend(ghost.process for ghost in sample.ghosts.values())
    orphans = {key for key, meaning in sample.meanings.items() if meaning.is_orphan}
    orphans.update(key for key, ghost in sample.ghosts.items() if ghost.meaning.is_orphan)
    return Forest.of(processes, detached=orphans)
