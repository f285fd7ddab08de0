"""What the process table shows: the latest sample, what a person chose to see, and where the cursor wants to be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from octotui.config import Settings
from octotui.processes.filters import parse_filter
from octotui.processes.forest import Forest
from octotui.processes.model import ProcessInfo, ProcessKey, Sample
from octotui.processes.state import Scope, ViewState, forget
from octotui.processes.view import Lifecycle, Row, forest_of, rows, visible_ancestor

HISTORY = 60
"""Samples of a process's history that are kept."""


class TableModel:
    """Owns the view state; every change of it gives new rows. Knows no widget."""

    def __init__(self, settings: Settings) -> None:
        """Raises FilterError when the settings hold a filter that makes no sense."""
        self.state = ViewState(
            scope=Scope(settings.scope), filter=parse_filter(settings.filter), subtree=settings.subtree
        )
        self.sample: Sample | None = None
        self.rows: tuple[Row, ...] = ()
        self.wanted: ProcessKey | None = None
        self._forest: Forest | None = None
        self._histories: dict[ProcessKey, deque[tuple[float, float]]] = {}

    @property
    def forest(self) -> Forest:
        """The forest of the latest sample, built when it is first asked for."""
        if self._forest is None:
            self._forest = forest_of(self.sample) if self.sample else Forest.of(())
        return self._forest

    def take(self, sample: Sample) -> None:
        """Go on with a newer sample."""
        self.sample = sample
        self._forest = None
        if self.state.folded or self.state.marks:
            self.state = forget(self.state, (*sample.snapshot.processes, *sample.ghosts))
        self.rebuild()
        self._remember()

    def change(self, state: ViewState) -> None:
        self.state = state
        self.rebuild()

    def rebuild(self) -> None:
        self.rows = rows(self.sample, self.state) if self.sample else ()

    def cursor(self) -> ProcessKey | None:
        """Where the cursor belongs: the wanted process, its nearest visible ancestor, or for a start the first row
        that is no mere context. None leaves it where it is.
        """
        if self.wanted is None:
            first = next((row for row in self.rows if not row.is_context), None)
            if first is not None:
                self.wanted = first.key
            return self.wanted
        if any(row.key == self.wanted for row in self.rows):
            return self.wanted
        return visible_ancestor(self.rows, self.forest, self.wanted)

    def kept(self) -> frozenset[ProcessKey]:
        """Processes whose ghosts must stay: the cursor's and the marked ones."""
        return self.state.marks | ({self.wanted} if self.wanted else frozenset())

    def row(self, key: ProcessKey | None) -> Row | None:
        return next((row for row in self.rows if row.key == key), None)

    def ancestors(self, key: ProcessKey) -> tuple[ProcessInfo, ...]:
        """The ancestors of `key`, nearest first."""
        if self.sample is None:
            return ()
        found = (self.sample.process(ancestor) for ancestor in self.forest.ancestors(key))
        return tuple(process for process in found if process is not None)

    def tree_of(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        """`key` and everything alive below it in the latest sample."""
        return self.alive((key, *self.forest.descendants(key)))

    def alive(self, keys: Iterable[ProcessKey]) -> tuple[ProcessKey, ...]:
        return tuple(key for key in keys if self.sample and key in self.sample.snapshot.processes)

    def next_match(self, start: int, step: int) -> int | None:
        """The index of the next row after `start` that matches the filter itself, around the end; None without one."""
        count = len(self.rows)
        order = [(start + step * distance) % count for distance in range(1, count + 1)] if count else []
        return next((index for index in order if self.rows[index].is_match), None)

    def histories(self, key: ProcessKey) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """CPU percent and memory bytes of the last samples, oldest first."""
        found = self._histories.get(key, ())
        return tuple(cpu for cpu, _ in found), tuple(memory for _, memory in found)

    def rewind(self, count: int) -> None:
        """A replay goes back by `count` samples: what the histories hold of them is still to come."""
        for points in self._histories.values():
            for _ in range(min(count + 1, len(points))):
                points.pop()

    def _remember(self) -> None:
        """One more point for each row; the histories of processes without a row go."""
        histories: dict[ProcessKey, deque[tuple[float, float]]] = {}
        for row in self.rows:
            if row.lifecycle is Lifecycle.EXITED:
                continue
            points = self._histories.get(row.key) or deque(maxlen=HISTORY)
            points.append((row.cpu_percent or 0.0, float(row.rss_bytes)))
            histories[row.key] = points
        self._histories = histories
