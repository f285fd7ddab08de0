"""What a person chose to see: scope, order, folds, marks, filter. Immutable; every change gives a new state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from octotui.processes.filters import NO_FILTER, Filter
from octotui.processes.forest import Forest
from octotui.processes.model import ProcessKey

_T = TypeVar("_T")


class Scope(StrEnum):
    """Which processes are of interest at all."""

    OCTOPUS = "octopus"
    DOTNET = "dotnet"
    EVERYTHING = "everything"

    def next(self) -> Scope:
        """The scope after this one, the first after the last."""
        return _after(list(Scope), self, 1)


class SortColumn(StrEnum):
    """What siblings (or, in the list, all rows) are ordered by. TREE is the order of their start."""

    TREE = "tree"
    PID = "pid"
    CPU = "cpu"
    MEMORY = "memory"
    AGE = "age"
    NAME = "name"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class ViewState:
    """All that decides which rows are shown and how, besides the sample itself.

    `subtree` is the pid whose process and descendants alone are shown; None shows all trees. `folds_aside` are the
    folds from before a filter was set: under a filter everything starts open, so that no match is folded away.
    `matches_only` leaves out what is below a match; `show_kernel` shows kernel threads among everything.
    """

    scope: Scope = Scope.OCTOPUS
    is_tree: bool = True
    sort: SortColumn = SortColumn.TREE
    descending: bool = False
    folded: frozenset[ProcessKey] = frozenset()
    marks: frozenset[ProcessKey] = frozenset()
    filter: Filter = NO_FILTER
    subtree: int | None = None
    folds_aside: frozenset[ProcessKey] = frozenset()
    matches_only: bool = False
    show_kernel: bool = False


def fold(state: ViewState, key: ProcessKey) -> ViewState:
    return replace(state, folded=state.folded | {key})


def unfold(state: ViewState, key: ProcessKey) -> ViewState:
    return replace(state, folded=state.folded - {key})


def toggle_fold(state: ViewState, key: ProcessKey) -> ViewState:
    return replace(state, folded=state.folded ^ {key})


def fold_all(state: ViewState, forest: Forest) -> ViewState:
    """Every parent folded except the roots, so the first level stays in sight; all open again if that is so already.

    The process that `subtree` names is a root as well.
    """
    below = (key for key in forest if forest.parent(key) is not None and key.pid != state.subtree)
    parents = frozenset(key for key in below if forest.children(key))
    return replace(state, folded=frozenset() if parents <= state.folded else parents)


def fold_children(state: ViewState, forest: Forest, key: ProcessKey) -> ViewState:
    """`key` open and each child of it that has children folded; those open again if all are folded already."""
    parents = frozenset(child for child in forest.children(key) if forest.children(child))
    if parents <= state.folded:
        return replace(state, folded=state.folded - parents - {key})
    return replace(state, folded=(state.folded | parents) - {key})


def reveal(state: ViewState, forest: Forest, key: ProcessKey) -> ViewState:
    """Every fold above `key` opened."""
    return replace(state, folded=state.folded.difference(forest.ancestors(key)))


def toggle_mark(state: ViewState, key: ProcessKey) -> ViewState:
    return replace(state, marks=state.marks ^ {key})


def mark(state: ViewState, keys: Iterable[ProcessKey]) -> ViewState:
    return replace(state, marks=state.marks.union(keys))


def toggle_mark_tree(state: ViewState, forest: Forest, key: ProcessKey) -> ViewState:
    """`key` and everything below it marked; all of them unmarked if all are marked already."""
    family = frozenset((key, *forest.descendants(key)))
    return replace(state, marks=state.marks - family if family <= state.marks else state.marks | family)


def clear_marks(state: ViewState) -> ViewState:
    return replace(state, marks=frozenset())


def forget(state: ViewState, is_known: Callable[[ProcessKey], bool]) -> ViewState:
    """Without the folds and marks of processes that are not known any more."""
    gone = frozenset(key for key in state.folded | state.folds_aside | state.marks if not is_known(key))
    if not gone:
        return state
    return replace(state, folded=state.folded - gone, folds_aside=state.folds_aside - gone, marks=state.marks - gone)


def sort_by(state: ViewState, column: SortColumn) -> ViewState:
    """Ordered by `column`, the largest first where that is what one looks for."""
    return replace(state, sort=column, descending=column in (SortColumn.CPU, SortColumn.MEMORY))


def next_sort(state: ViewState, step: int = 1) -> ViewState:
    """Ordered by the column `step` places after the present one, around the end."""
    return sort_by(state, _after(list(SortColumn), state.sort, step))


def invert_sort(state: ViewState) -> ViewState:
    return replace(state, descending=not state.descending)


def toggle_tree(state: ViewState) -> ViewState:
    return replace(state, is_tree=not state.is_tree)


def next_scope(state: ViewState) -> ViewState:
    return replace(state, scope=state.scope.next())


def toggle_matches_only(state: ViewState) -> ViewState:
    return replace(state, matches_only=not state.matches_only)


def toggle_kernel(state: ViewState) -> ViewState:
    return replace(state, show_kernel=not state.show_kernel)


def with_filter(state: ViewState, wanted: Filter) -> ViewState:
    """Filtered by `wanted`, everything open; without a filter the folds from before are back."""
    if wanted.is_empty:
        folded = state.folded if state.filter.is_empty else state.folds_aside
        return replace(state, filter=wanted, folded=folded, folds_aside=frozenset())
    if wanted.groups == state.filter.groups:
        return replace(state, filter=wanted)
    aside = state.folded if state.filter.is_empty else state.folds_aside
    return replace(state, filter=wanted, folded=frozenset(), folds_aside=aside)


def _after(members: list[_T], member: _T, step: int) -> _T:
    return members[(members.index(member) + step) % len(members)]
