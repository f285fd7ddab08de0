"""What a person chose to see: scope, order, folds, marks, filter. Immutable; every change gives a new state."""

from __future__ import annotations

from collections.abc import Iterable
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

    `subtree` is the pid whose process and descendants alone are shown; None shows all trees.
    """

    scope: Scope = Scope.OCTOPUS
    is_tree: bool = True
    sort: SortColumn = SortColumn.TREE
    descending: bool = False
    folded: frozenset[ProcessKey] = frozenset()
    marks: frozenset[ProcessKey] = frozenset()
    filter: Filter = NO_FILTER
    subtree: int | None = None


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


def forget(state: ViewState, known: Iterable[ProcessKey]) -> ViewState:
    """Without the folds and marks of processes that are not in `known` any more."""
    kept = frozenset(known)
    if state.folded <= kept and state.marks <= kept:
        return state
    return replace(state, folded=state.folded & kept, marks=state.marks & kept)


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


def with_filter(state: ViewState, wanted: Filter) -> ViewState:
    return replace(state, filter=wanted)


def _after(members: list[_T], member: _T, step: int) -> _T:
    return members[(members.index(member) + step) % len(members)]
