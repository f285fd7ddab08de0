"""Rows of the process table: a pure function of a sample and of what a person chose to see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from octotui.processes.filters import NO_ROLE
from octotui.processes.forest import Forest
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.processes.row import Lifecycle, Row
from octotui.processes.state import Scope, SortColumn, ViewState

__all__ = [
    "DEEPEST_GUIDE", "Lifecycle", "Row", "Scope", "SortColumn", "ViewState", "forest_of", "position", "rows",
    "visible_ancestor",
]  # fmt: skip

DEEPEST_GUIDE = 12
"""Levels of indentation that are drawn; a deeper row starts its guide with an ellipsis instead."""

_BAR, _GAP, _BRANCH, _LAST, _CUT = "│ ", "  ", "├ ", "└ ", "… "


def rows(sample: Sample, state: ViewState) -> tuple[Row, ...]:
    """The rows to show, top to bottom, each process at most once. Kernel threads are never shown."""
    return _View(sample, state).rows()


def forest_of(sample: Sample) -> Forest:
    """The forest that rows are drawn from: the living and the ghosts, orphans as roots, no kernel threads."""
    ghosts = (ghost.process for ghost in sample.ghosts.values())
    orphans = frozenset(key for key, meaning in _meanings(sample) if meaning.is_orphan)
    alive_and_gone = chain(sample.snapshot.processes.values(), ghosts)
    return Forest.of((process for process in alive_and_gone if not process.is_kernel), detached=orphans)


def position(shown: Sequence[Row], key: ProcessKey) -> int | None:
    """The index of the row of `key`, None if it has none."""
    return next((index for index, row in enumerate(shown) if row.process.key == key), None)


def visible_ancestor(shown: Sequence[Row], forest: Forest, key: ProcessKey) -> ProcessKey | None:
    """`key` itself if it has a row, else its nearest ancestor that has one, else None."""
    visible = {row.process.key for row in shown}
    return next((found for found in (key, *forest.ancestors(key)) if found in visible), None)


def _meanings(sample: Sample) -> Iterable[tuple[ProcessKey, Meaning]]:
    return chain(sample.meanings.items(), ((key, ghost.meaning) for key, ghost in sample.ghosts.items()))


@dataclass(slots=True)
class _Totals:
    """What a visible row and all visible rows below it come to; `cpu` is None where none of them has a rate."""

    cpu: float | None
    rss: int
    below: int = 0

    def add(self, other: _Totals) -> None:
        if other.cpu is not None:
            self.cpu = other.cpu + (self.cpu or 0.0)
        self.rss += other.rss
        self.below += other.below + 1


class _View:
    """One call of `rows`: the sample's forest, narrowed step by step to what is visible."""

    def __init__(self, sample: Sample, state: ViewState) -> None:
        self._sample = sample
        self._state = state
        self._forest = forest_of(sample)
        self._matched: set[ProcessKey] = set()

    def rows(self) -> tuple[Row, ...]:
        tops, candidates = self._candidates()
        shown = self._shown(candidates)
        if not self._state.is_tree:
            in_start_order = sorted(shown, key=lambda key: (key.started, key.pid))
            return tuple(self._row(key) for key in self._sorted(in_start_order, self._own_rank()))
        visible = self._with_ancestors(shown, tops)
        context = visible.difference(shown)
        return tuple(self._tree_rows([top for top in tops if top in visible], visible, context))

    def _with_ancestors(self, shown: Iterable[ProcessKey], tops: Iterable[ProcessKey]) -> set[ProcessKey]:
        visible = set(tops) if self._state.subtree is not None else set()
        for key in shown:
            at: ProcessKey | None = key
            while at is not None and at not in visible:
                visible.add(at)
                at = self._forest.parent(at)
        return visible

    def _candidates(self) -> tuple[tuple[ProcessKey, ...], Iterable[ProcessKey]]:
        """The topmost keys that may be shown, in start order, and all keys that may."""
        if self._state.subtree is None:
            return self._forest.roots, self._forest
        top = self._holder(self._state.subtree)
        if top is None:
            return (), ()
        return (top,), (top, *self._forest.descendants(top))

    def _holder(self, pid: int) -> ProcessKey | None:
        """The process that has `pid`; if none has, the ghost that had it last."""
        found = [key for key in self._forest if key.pid == pid]
        return max(found, key=lambda key: (key in self._sample.snapshot.processes, key.started), default=None)

    def _shown(self, candidates: Iterable[ProcessKey]) -> list[ProcessKey]:
        """Candidates of the scope that match the filter, or that are below one that does."""
        members = [key for key in candidates if self._is_in_scope(key)]
        wanted = self._state.filter
        if wanted.is_empty:
            return members
        self._matched = {key for key in members if wanted.matches(self._process(key), self._sample.meaning(key))}
        family: set[ProcessKey | None] = set()
        for key in self._forest:
            if key in self._matched or self._forest.parent(key) in family:
                family.add(key)
        return [key for key in members if key in family]

    def _is_in_scope(self, key: ProcessKey) -> bool:
        match self._state.scope:
            case Scope.OCTOPUS:
                return self._sample.meaning(key).role not in ("", NO_ROLE)
            case Scope.DOTNET:
                return self._sample.meaning(key).dotnet is True
            case Scope.EVERYTHING:
                return True

    def _process(self, key: ProcessKey) -> ProcessInfo:
        found = self._sample.snapshot.processes.get(key)
        return self._sample.ghosts[key].process if found is None else found

    def _tree_rows(self, tops: list[ProcessKey], visible: set[ProcessKey], context: set[ProcessKey]) -> Iterable[Row]:
        children = self._visible_children(visible)
        needs_totals = self._state.sort in (SortColumn.CPU, SortColumn.MEMORY) or not self._state.folded.isdisjoint(
            visible
        )
        totals = self._totals(tops, children) if needs_totals else {}
        rank = self._tree_rank(totals)
        pending = [(key, 0, "", "") for key in reversed(self._sorted(tops, rank))]
        while pending:
            key, depth, bars, connector = pending.pop()
            below = children[key]
            is_folded = bool(below) and key in self._state.folded
            guide = bars + connector if depth <= DEEPEST_GUIDE else _CUT + bars[2 * (2 - DEEPEST_GUIDE) :] + connector
            yield self._row(key, depth, guide, key in context, bool(below), totals[key] if is_folded else None)
            if not below or is_folded:
                continue
            if connector:
                # Only the bars that can still be drawn are kept, so that a long chain costs no more than a short one.
                bars = (bars + (_GAP if connector == _LAST else _BAR))[-2 * DEEPEST_GUIDE :]
            ordered = self._sorted(below, rank)
            pending.append((ordered[-1], depth + 1, bars, _LAST))
            pending.extend((child, depth + 1, bars, _BRANCH) for child in reversed(ordered[:-1]))

    def _visible_children(self, visible: Collection[ProcessKey]) -> dict[ProcessKey, Sequence[ProcessKey]]:
        if len(visible) == len(self._forest):
            return {key: self._forest.children(key) for key in visible}
        return {key: [below for below in self._forest.children(key) if below in visible] for key in visible}

    def _totals(
        self, tops: Iterable[ProcessKey], children: Mapping[ProcessKey, Sequence[ProcessKey]]
    ) -> dict[ProcessKey, _Totals]:
        order = list(tops)
        for key in order:
            order.extend(children[key])
        totals = {key: self._own_totals(key) for key in order}
        for key in reversed(order):
            own = totals[key]
            for child in children[key]:
                own.add(totals[child])
        return totals

    def _own_totals(self, key: ProcessKey) -> _Totals:
        alive = self._sample.snapshot.processes.get(key)
        return _Totals(self._sample.cpu_percent.get(key), 0 if alive is None else alive.rss_bytes)

    def _tree_rank(self, totals: Mapping[ProcessKey, _Totals]) -> Callable[[ProcessKey], float | str]:
        match self._state.sort:
            case SortColumn.CPU:
                return lambda key: totals[key].cpu or 0.0
            case SortColumn.MEMORY:
                return lambda key: totals[key].rss
        return self._own_rank()

    def _own_rank(self) -> Callable[[ProcessKey], float | str]:
        match self._state.sort:
            case SortColumn.TREE:
                return lambda key: key.started
            case SortColumn.PID:
                return lambda key: key.pid
            case SortColumn.CPU:
                return lambda key: self._sample.cpu_percent.get(key, 0.0)
            case SortColumn.MEMORY:
                return lambda key: self._own_totals(key).rss
            case SortColumn.AGE:
                return lambda key: -key.started
            case SortColumn.NAME:
                return lambda key: self._process(key).name.lower()
            case SortColumn.ROLE:
                return lambda key: self._sample.meaning(key).label.lower()

    def _sorted(self, keys: Sequence[ProcessKey], rank: Callable[[ProcessKey], float | str]) -> list[ProcessKey]:
        """`keys`, which are in start order, by rank; equals stay in start order whichever way the ranks run."""
        if self._state.sort is SortColumn.TREE and not self._state.descending:
            return list(keys)
        return sorted(keys, key=rank, reverse=self._state.descending)

    def _row(
        self,
        key: ProcessKey,
        depth: int = 0,
        guide: str = "",
        is_context: bool = False,
        has_children: bool = False,
        folded: _Totals | None = None,
    ) -> Row:
        sample = self._sample
        lifecycle, exited_seconds = Lifecycle.STEADY, 0.0
        process = sample.snapshot.processes.get(key)
        if process is None:
            ghost = sample.ghosts[key]
            process, lifecycle = ghost.process, Lifecycle.EXITED
            exited_seconds = max(0.0, sample.snapshot.monotonic - ghost.exited_monotonic)
        elif key in sample.arrived:
            lifecycle = Lifecycle.ARRIVED
        own = folded or self._own_totals(key)
        return Row(
            process,
            sample.meaning(key),
            depth,
            guide,
            is_context,
            key in self._matched,
            lifecycle,
            exited_seconds,
            folded is not None,
            has_children,
            own.below,
            key in self._state.marks,
            own.cpu,
            own.rss,
            max(0.0, sample.snapshot.age_seconds(process) - exited_seconds),
        )
