"""Rows of the process table from a sample and what a person chose to see; only what changed is made again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from octotui.processes.arrangement import DEEPEST_GUIDE, Arrangement, Branches, Place, Siblings
from octotui.processes.forest import Forest
from octotui.processes.kinship import Kinship, forest_of
from octotui.processes.membership import NO_MEMBERS, Matcher, Members, family, members
from octotui.processes.model import ProcessKey, Sample
from octotui.processes.ordering import USE, LazyOrder, fixed_rank, own_use
from octotui.processes.row import Lifecycle, Row, Rows, Shown
from octotui.processes.state import Scope, SortColumn, ViewState

__all__ = [
    "DEEPEST_GUIDE", "Lifecycle", "Row", "Rows", "Scope", "SortColumn", "View", "ViewState", "forest_of", "position",
    "rows", "visible_ancestor",
]  # fmt: skip

NO_ROWS = Rows(Shown(None, Arrangement(), Branches((), {}), ()))  # type: ignore[arg-type]


def rows(sample: Sample, state: ViewState) -> tuple[Row, ...]:
    """The rows to show, top to bottom, each process at most once, in an order that depends on nothing before."""
    return tuple(View().rows(sample, state))


def position(shown: Sequence[Row], key: ProcessKey) -> int | None:
    """The index of the row of `key`, None if it has none."""
    return next((index for index, row in enumerate(shown) if row.process.key == key), None)


def visible_ancestor(shown: Sequence[Row], forest: Forest, key: ProcessKey) -> ProcessKey | None:
    """`key` itself if it has a row, else its nearest ancestor that has one, else None."""
    visible = {row.process.key for row in shown}
    return next((found for found in (key, *forest.ancestors(key)) if found in visible), None)


class View:
    """Rows sample after sample.

    Members and their branches are looked up again when the sample's structure changed, the filter is asked again of
    what may answer otherwise, places are made again when a fold, a member or the order of siblings changed, and a
    row is made when it is looked at.
    """

    def __init__(self) -> None:
        self.members = NO_MEMBERS
        self._members_of: tuple[object, ...] = ()
        self._matcher = Matcher()
        self._matched: frozenset[ProcessKey] = frozenset()
        self._wanted: Collection[ProcessKey] = ()
        self._wanted_of: tuple[object, ...] = ()
        self._branches = Branches((), {})
        self._arrangement = Arrangement()
        self._arranged_of: tuple[object, ...] = ()
        self._lazy = LazyOrder()

    def rows(self, sample: Sample, state: ViewState) -> Rows:
        self._update_members(sample, state)
        self._update_wanted(sample, state)
        self._update_arrangement(sample, state)
        return Rows(Shown(sample, self._arrangement, self._branches, self._wanted, self._matched, state.marks))

    def watched(self) -> frozenset[ProcessKey]:
        """The processes whose figures the rows and the filter need: the members, folded away or not, and the rows."""
        return frozenset(self.members.keys).union(self._arrangement.indices)

    def _update_members(self, sample: Sample, state: ViewState) -> None:
        basis = (sample.structure, state.scope, state.subtree, state.show_kernel)
        if basis != self._members_of:
            self.members = members(sample, state)
            self._members_of = basis

    def _update_wanted(self, sample: Sample, state: ViewState) -> None:
        """Whom the filter leaves, and the branches that they stand in."""
        found = self.members
        if state.filter.is_empty:
            matched = frozenset[ProcessKey]()
        else:
            matched = self._matcher.matched(state.filter, sample, found.keys_in_any_order())
        basis = (found, state.filter.is_empty, state.matches_only, matched)
        if basis == self._wanted_of:
            return
        self._wanted_of, self._matched = basis, matched
        if state.filter.is_empty:
            whole = found.keys is found.forest
            self._wanted = found.forest.all_children().keys() if whole else frozenset(found.keys)
        else:
            self._wanted = frozenset(family(found, matched, matches_only=state.matches_only))
        self._branches = self._branches_of(found, state)

    def _branches_of(self, found: Members, state: ViewState) -> Branches:
        if state.filter.is_empty and found.keys is found.forest:
            return Branches(found.tops, found.forest.all_children())
        shown = (*found.tops, *self._wanted) if state.subtree is not None else self._wanted
        return Branches.of(found.forest, shown, found.tops)

    def _update_arrangement(self, sample: Sample, state: ViewState) -> None:
        basis = (self._branches, self._wanted, state.is_tree, state.folded, state.sort, state.descending)
        siblings = self._siblings(sample, state)
        if basis == self._arranged_of:
            if state.sort is SortColumn.TREE:
                return
            if state.is_tree and self._branches.is_still(self._arrangement, siblings):
                return
        self._arranged_of = basis
        if state.is_tree:
            self._arrangement = self._branches.arrange(state.folded, siblings)
        else:
            in_start_order = sorted(self._wanted, key=lambda key: (key.started, key.pid))
            self._arrangement = Arrangement(tuple(map(Place, siblings(None, in_start_order))))

    def _siblings(self, sample: Sample, state: ViewState) -> Siblings:
        if state.sort in USE:
            if state.is_tree:
                values = self._branches.totals(own_use(sample, state.sort, self._branches.children))
            else:
                values = own_use(sample, state.sort, self._wanted)
            self._lazy.begin(sample, state, values)
            return self._lazy.siblings
        self._lazy = LazyOrder()
        if state.sort is SortColumn.TREE and not state.descending:
            return lambda _, keys: keys
        rank = fixed_rank(sample, state.sort)
        return lambda _, keys: sorted(keys, key=rank, reverse=state.descending)


def ancestors_in(sample: Sample, key: ProcessKey, *, show_kernel: bool = False) -> tuple[ProcessKey, ...]:
    """The ancestors of `key`, nearest first, whether they are shown or not."""
    return Kinship(sample, show_kernel=show_kernel).ancestors(key)
