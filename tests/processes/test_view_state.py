"""What a person can change about the view."""

from __future__ import annotations

from dataclasses import replace

from process_builders import key_of, process

from octotui.processes.filters import parse_filter
from octotui.processes.forest import Forest
from octotui.processes.state import (
    Scope,
    SortColumn,
    ViewState,
    clear_marks,
    fold,
    fold_all,
    fold_children,
    forget,
    invert_sort,
    mark,
    next_scope,
    next_sort,
    reveal,
    sort_by,
    toggle_fold,
    toggle_mark,
    toggle_mark_tree,
    toggle_tree,
    unfold,
    with_filter,
)

START = ViewState()
FOREST = Forest.of(
    [process(1), process(2, 1), process(3, 2), process(4, 3), process(5, 1), process(6, 5), process(7, 1)]
)


def test_folds_open_and_close_by_identity() -> None:
    closed = fold(START, key_of(2))
    assert closed.folded == {key_of(2)}
    assert unfold(closed, key_of(2)) == START
    assert toggle_fold(toggle_fold(START, key_of(2)), key_of(2)) == START
    assert START.folded == frozenset()


def test_folding_all_leaves_roots_open_and_doing_it_again_opens_everything() -> None:
    closed = fold_all(START, FOREST)
    assert closed.folded == {key_of(2), key_of(3), key_of(5)}
    assert fold_all(closed, FOREST) == START


def test_folding_all_leaves_the_only_tree_that_is_shown_open() -> None:
    parent = next(key for key in FOREST if FOREST.parent(key) is not None and FOREST.children(key))
    assert parent in fold_all(START, FOREST).folded
    assert parent not in fold_all(replace(START, subtree=parent.pid), FOREST).folded


def test_folding_the_children_keeps_the_process_itself_open() -> None:
    closed = fold_children(fold(START, key_of(1)), FOREST, key_of(1))
    assert closed.folded == {key_of(2), key_of(5)}
    assert fold_children(closed, FOREST, key_of(1)) == START


def test_a_process_is_revealed_by_opening_every_fold_above_it() -> None:
    assert reveal(fold(fold_all(START, FOREST), key_of(4)), FOREST, key_of(4)).folded == {key_of(4), key_of(5)}


def test_marking_a_tree_twice_unmarks_all_of_it() -> None:
    marked = toggle_mark_tree(toggle_mark(START, key_of(3)), FOREST, key_of(2))
    assert marked.marks == {key_of(2), key_of(3), key_of(4)}
    assert toggle_mark_tree(marked, FOREST, key_of(2)) == START
    assert clear_marks(mark(START, [key_of(7)])) == START


def test_processes_that_are_gone_for_good_are_forgotten() -> None:
    busy = mark(fold(START, key_of(2)), [key_of(3)])
    assert forget(busy, {key_of(2), key_of(3)}.__contains__) is busy
    assert forget(busy, {key_of(3)}.__contains__) == mark(START, [key_of(3)])


def test_cpu_and_memory_are_sorted_with_the_largest_first() -> None:
    assert sort_by(START, SortColumn.CPU).descending
    assert not sort_by(START, SortColumn.NAME).descending
    assert invert_sort(sort_by(START, SortColumn.MEMORY)).descending is False
    assert next_sort(START).sort is SortColumn.PID
    assert next_sort(START, -1).sort is SortColumn.ROLE


def test_scope_tree_and_filter_change_one_thing_each() -> None:
    assert next_scope(START).scope is Scope.DOTNET
    assert toggle_tree(START).is_tree is False
    wanted = parse_filter("pwsh")
    assert with_filter(START, wanted).filter is wanted
