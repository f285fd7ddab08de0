"""What the process table shows: a sample, what a person chose to see, and where the cursor wants to be."""

from __future__ import annotations

from collections.abc import Iterable

from octotui.config import Settings
from octotui.processes.filters import parse_filter
from octotui.processes.forest import Forest
from octotui.processes.history import Histories
from octotui.processes.membership import octopus_keys
from octotui.processes.model import ProcessInfo, ProcessKey, Sample
from octotui.processes.starting_folds import StartingFolds
from octotui.processes.state import Scope, ViewState, forget
from octotui.processes.view import NO_ROWS, Row, Rows, View, ancestors_in, forest_of
from octotui.ui.freeze import Freeze


class TableModel:
    """Owns the view state; every change of it gives new rows. Knows no widget.

    `sample` is the one that is shown; `latest` is the newest, another one only while the view is frozen.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises FilterError when the settings hold a filter that makes no sense."""
        self.state = ViewState(
            scope=Scope(settings.scope), filter=parse_filter(settings.filter), subtree=settings.subtree
        )
        self.sample: Sample | None = None
        self.latest: Sample | None = None
        self.freeze: Freeze | None = None
        self.rows: Rows = NO_ROWS
        self.wanted: ProcessKey | None = None
        self._view = View()
        self._folds = StartingFolds()
        self._forest: Forest | None = None
        self.history = Histories()

    @property
    def forest(self) -> Forest:
        """The forest of the sample that is shown, all processes of the host, built when it is first asked for."""
        if self._forest is None:
            self._forest = forest_of(self.sample, show_kernel=self.state.show_kernel) if self.sample else Forest.of(())
        return self._forest

    def take(self, sample: Sample) -> None:
        """Go on with a newer sample; a frozen view only counts what it brings."""
        self.latest = sample
        if self.freeze is not None:
            self.freeze.take(sample)
            self._remember(sample)
            return
        before, self.sample = self.sample, sample
        if before is None or before.structure != sample.structure:
            self._forest = None
            self.state = forget(self.state, lambda key: key in sample.snapshot.processes or key in sample.ghosts)
        self.rebuild()
        self._remember(sample)

    def change(self, state: ViewState) -> None:
        if state.show_kernel != self.state.show_kernel:
            self._forest = None
        self.state = state
        self.rebuild()

    def rebuild(self) -> None:
        if self.sample is None:
            return
        self.rows = self._view.rows(self.sample, self.state)
        state = self._folds.applied(self.state, self.sample, self._view.members.forest)
        if state is not self.state:
            self.state = state
            self.rows = self._view.rows(self.sample, self.state)

    def toggle_freeze(self, how: str) -> str:
        """Freeze the view or go on with the newest sample; what is so now, as a sentence. `how` names its key."""
        if self.sample is None or self.latest is None:
            return "Nothing is shown yet that could be frozen"
        if self.freeze is None:
            self.freeze = Freeze(self.sample, self.state)
            return f"The view is frozen, sampling goes on; {how} lets it go on"
        account, self.freeze = self.freeze.account, None
        self.take(self.latest)
        return f"The view goes on: {account}"

    def cursor(self) -> ProcessKey | None:
        """Where the cursor belongs: the wanted process, its nearest visible ancestor, or for a start the first row
        that is no mere context. None leaves it with the process that it is on.
        """
        if self.wanted is None:
            self.wanted = self.rows.first_wanted()
            return self.wanted
        if self.rows.index_of(self.wanted) is not None:
            return self.wanted
        above = () if self.sample is None else self._ancestors_of(self.wanted)
        return next((key for key in above if self.rows.index_of(key) is not None), None)

    def is_known(self, key: ProcessKey) -> bool:
        """Whether the process is in the sample that is shown, alive or as a ghost."""
        return self.sample is not None and self.sample.process(key) is not None

    def kept(self) -> frozenset[ProcessKey]:
        """Processes whose ghosts must stay: the cursor's and the marked ones."""
        return self.state.marks | ({self.wanted} if self.wanted else frozenset())

    def watched(self) -> frozenset[ProcessKey] | None:
        """Processes whose figures the view needs, hidden in folds or not; None when it needs those of all."""
        if self.state.scope is not Scope.OCTOPUS and self.state.subtree is None:
            # Which of the others are .NET is not known before each was looked at.
            return None
        return self._view.watched() | self.kept()

    def row(self, key: ProcessKey | None) -> Row | None:
        return self.rows.of(key)

    def ancestors(self, key: ProcessKey) -> tuple[ProcessInfo, ...]:
        """The ancestors of `key`, nearest first."""
        if self.sample is None:
            return ()
        found = (self.sample.process(ancestor) for ancestor in self._ancestors_of(key))
        return tuple(process for process in found if process is not None)

    def tree_of(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        """`key` and everything below it in the sample that is shown, as far as it is alive in the newest."""
        return self.alive((key, *self.forest.descendants(key)))

    def alive(self, keys: Iterable[ProcessKey]) -> tuple[ProcessKey, ...]:
        """Those of `keys` that are alive in the newest sample."""
        return tuple(key for key in keys if self.latest and key in self.latest.snapshot.processes)

    def next_match(self, start: int, step: int) -> int | None:
        """The index of the next row after `start` that matches the filter itself, around the end; None without one."""
        found = self.rows.matches()
        if not found:
            return None
        if step > 0:
            return next((index for index in found if index > start), found[0])
        return next((index for index in reversed(found) if index < start), found[-1])

    def _ancestors_of(self, key: ProcessKey) -> tuple[ProcessKey, ...]:
        assert self.sample is not None
        return ancestors_in(self.sample, key, show_kernel=self.state.show_kernel)

    def _remember(self, sample: Sample) -> None:
        """One more point for every process that is watched; where all are, for those of Octopus and the cursor's."""
        watched = self.watched()
        self.history.take(sample, {*octopus_keys(sample), *self.kept()} if watched is None else watched)
