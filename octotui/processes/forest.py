"""The trees of a snapshot: who is whose parent, safe against cycles, missing parents and reused pids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from octotui.processes.model import ProcessInfo, ProcessKey

_START_ORDER = itemgetter(1, 0)
"""Start, then pid, of a key; by position because this is asked for every process of the host."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Every given process exactly once, each under its parent or a root; siblings and roots in start order.

    A parent counts only if it was given too and started no later than its child; of several that had the pid, the
    one that started last before the child is the parent. A key that was not given has no parent and no children.
    """

    roots: tuple[ProcessKey, ...] = ()
    _parents: Mapping[ProcessKey, ProcessKey] = field(default_factory=dict, repr=False)
    _children: Mapping[ProcessKey, tuple[ProcessKey, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, processes: Iterable[ProcessInfo], *, detached: Collection[ProcessKey] = ()) -> Forest:
        """The forest of `processes`; those in `detached` are roots whoever their parent is."""
        known = {process.key: process for process in processes}
        ordered = sorted(known, key=_START_ORDER)
        latest = {key[0]: key for key in ordered}
        earlier = _earlier_holders(ordered) if len(latest) != len(ordered) else {}
        parents: dict[ProcessKey, ProcessKey] = {}
        same_tick: list[ProcessKey] = []
        for key in ordered:
            parent_pid = known[key].parent_pid
            parent = latest.get(parent_pid)
            if parent is None or key in detached:
                continue
            if parent[1] >= key[1]:
                if parent[1] > key[1] or parent == key:
                    parent = _parent_among(earlier.get(parent_pid, ()), key)
                    if parent is None:
                        continue
                if parent[1] == key[1]:
                    same_tick.append(key)
            parents[key] = parent
        _cut_cycles(same_tick, parents)
        below: dict[ProcessKey, list[ProcessKey]] = {}
        roots: list[ProcessKey] = []
        for key in ordered:
            above = parents.get(key)
            (roots if above is None else below.setdefault(above, [])).append(key)
        children: dict[ProcessKey, tuple[ProcessKey, ...]] = dict.fromkeys(ordered, ())
        children.update((key, tuple(found)) for key, found in below.items())
        return cls(tuple(roots), parents, children)

    def __contains__(self, key: object) -> bool:
        return key in self._children

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[ProcessKey]:
        """Every key, parents before their children."""
        pending = list(reversed(self.roots))
        while pending:
            key = pending.pop()
            yield key
            pending.extend(reversed(self._children.get(key, ())))

    def parents(self) -> list[ProcessKey]:
        """Every key that has children, in start order."""
        return [key for key, below in self._children.items() if below]

    def parent(self, key: ProcessKey) -> ProcessKey | None:
        return self._parents.get(key)

    def children(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        return self._children.get(key, ())

    def all_children(self) -> Mapping[ProcessKey, tuple[ProcessKey, ...]]:
        """The children of every key."""
        return self._children

    def ancestors(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        """Parent, its parent and so on up to the root."""
        found: list[ProcessKey] = []
        above = self._parents.get(key)
        while above is not None:
            found.append(above)
            above = self._parents.get(above)
        return tuple(found)

    def descendants(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        """Everything below `key`, without itself, parents before their children."""
        found: list[ProcessKey] = []
        pending = list(reversed(self._children.get(key, ())))
        while pending:
            below = pending.pop()
            found.append(below)
            pending.extend(reversed(self._children.get(below, ())))
        return tuple(found)


def children_first(forest: Forest, keys: Iterable[ProcessKey]) -> tuple[ProcessKey, ...]:
    """`keys` without repeats, the deepest first, so that none comes before one below it; equals keep their order."""
    depths: dict[ProcessKey, int] = {}
    chosen = tuple(dict.fromkeys(keys))
    for key in chosen:
        _note_depth(forest, key, depths)
    return tuple(sorted(chosen, key=lambda key: -depths[key]))


def _note_depth(forest: Forest, key: ProcessKey, depths: dict[ProcessKey, int]) -> None:
    chain: list[ProcessKey] = []
    at: ProcessKey | None = key
    while at is not None and at not in depths:
        chain.append(at)
        at = forest.parent(at)
    depth = -1 if at is None else depths[at]
    for unknown in reversed(chain):
        depth += 1
        depths[unknown] = depth


def _earlier_holders(ordered: Iterable[ProcessKey]) -> dict[int, list[ProcessKey]]:
    """For each pid that several had, all but the last of them, the earliest start first."""
    holders: dict[int, list[ProcessKey]] = {}
    for key in ordered:
        holders.setdefault(key.pid, []).append(key)
    return {pid: held[:-1] for pid, held in holders.items() if len(held) > 1}


def _parent_among(holders: Sequence[ProcessKey], child: ProcessKey) -> ProcessKey | None:
    for holder in reversed(holders):
        if holder.started <= child.started and holder != child:
            return holder
    return None


def _cut_cycles(suspects: Iterable[ProcessKey], parents: dict[ProcessKey, ProcessKey]) -> None:
    """Make the lowest key of each cycle a root. Only processes of one and the same tick can form one."""
    cleared: set[ProcessKey] = set()
    for suspect in suspects:
        path: dict[ProcessKey, None] = {}
        at: ProcessKey | None = suspect
        while at is not None and at not in cleared and at not in path:
            path[at] = None
            at = parents.get(at)
        if at is not None and at in path:
            walked = list(path)
            del parents[min(walked[walked.index(at) :])]
        cleared.update(path)
