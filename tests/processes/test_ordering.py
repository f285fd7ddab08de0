"""Siblings pass each other only when one clearly and lastingly uses more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_builders import key_of, process, sample

from octotui.processes.model import Meaning
from octotui.processes.ordering import LASTING_SECONDS
from octotui.processes.state import Scope, SortColumn, ViewState, fold, invert_sort, sort_by
from octotui.processes.view import View

BY_CPU = sort_by(ViewState(scope=Scope.EVERYTHING), SortColumn.CPU)
PIDS = (10, 11, 12, 13)


class Watcher:
    """One view that is shown one sample of four siblings after the other, two seconds apart."""

    def __init__(self, state: ViewState = BY_CPU) -> None:
        self.view, self.state, self.now = View(), state, 100.0

    def shown(self, cpu: Mapping[int, float], *, seconds: float = 2.0, gone: tuple[int, ...] = ()) -> list[int]:
        self.now += seconds
        alive = [process(pid, 1) for pid in cpu]
        ghosts = [(process(pid, 1), Meaning()) for pid in gone]
        found = sample(process(1), *alive, cpu=cpu, ghosts=ghosts, monotonic=self.now)
        return [row.process.pid for row in self.view.rows(found, self.state) if row.process.pid != 1]


def test_the_first_order_is_exact() -> None:
    assert Watcher().shown({10: 1.0, 11: 1.1, 12: 50.0, 13: 1.2}) == [12, 13, 11, 10]


def test_a_small_difference_swaps_nobody_however_long_it_lasts() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 49.0, 12: 0.0, 13: 0.9})
    for _ in range(5):
        assert watcher.shown({10: 47.0, 11: 51.0, 12: 0.9, 13: 0.0}) == [10, 11, 13, 12]


def test_a_peak_that_does_not_last_swaps_nobody() -> None:
    watcher = Watcher()
    quiet = {10: 50.0, 11: 10.0, 12: 0.0, 13: 0.0}
    order = watcher.shown(quiet)
    for _ in range(3):
        assert watcher.shown({**quiet, 11: 90.0}) == order
        assert watcher.shown(quiet) == order


def test_a_clear_difference_that_lasts_moves_the_one_row_that_passed() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 30.0, 12: 29.5, 13: 1.0})
    busy = {10: 50.0, 11: 29.5, 12: 30.0, 13: 40.0}
    assert watcher.shown(busy) == [10, 11, 12, 13]
    assert watcher.shown(busy) == [10, 13, 11, 12], "11 and 12 are too close to swap"


def test_quick_samples_count_by_time() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 1.0})
    orders = [watcher.shown({10: 50.0, 11: 90.0}, seconds=0.5) for _ in range(5)]
    assert orders[2] == [10, 11] and orders[-1] == [11, 10]
    assert LASTING_SECONDS == 1.5


def test_a_newcomer_goes_where_its_value_says_and_moves_nobody() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 30.0, 12: 1.0})
    assert watcher.shown({10: 48.0, 11: 49.0, 12: 1.0, 13: 20.0}) == [10, 11, 13, 12]


def test_a_key_press_sorts_at_once() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 49.0})
    now = {10: 49.0, 11: 50.0}
    assert watcher.shown(now) == [10, 11]
    watcher.state = invert_sort(watcher.state)
    assert watcher.shown(now) == [10, 11]
    watcher.state = invert_sort(watcher.state)
    assert watcher.shown(now) == [11, 10]


@pytest.mark.parametrize("descending", [True, False])
def test_a_ghost_stays_between_the_siblings_it_had(descending: bool) -> None:
    watcher = Watcher(replace(BY_CPU, descending=descending))
    alive = {10: 50.0, 11: 30.0, 12: 10.0}
    order = watcher.shown(alive)
    del alive[11]
    for _ in range(4):
        assert watcher.shown(alive, gone=(11,)) == order


def test_a_ghost_passes_nobody_when_those_before_it_calm_down() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 30.0, 12: 10.0})
    for _ in range(3):
        assert watcher.shown({10: 5.0, 12: 4.9}, gone=(11,)) == [10, 11, 12]


def test_a_ghost_keeps_its_place_by_memory_too() -> None:
    watcher = Watcher(sort_by(BY_CPU, SortColumn.MEMORY))
    view, state = watcher.view, watcher.state
    sizes = {10: 9 << 30, 11: 5 << 30, 12: 1 << 30}
    family = [process(pid, 1, rss_bytes=size) for pid, size in sizes.items()]
    before = view.rows(sample(process(1), *family), state)
    gone = sample(process(1), family[0], family[2], ghosts=[(family[1], Meaning())], monotonic=102.0)
    assert list(before.keys()) == list(view.rows(gone, state).keys())


def test_folding_a_neighbour_leaves_the_others_in_their_order() -> None:
    watcher = Watcher()
    watcher.shown({10: 50.0, 11: 49.0})
    watcher.state = fold(watcher.state, key_of(10))
    assert watcher.shown({10: 49.0, 11: 50.0}) == [10, 11]


@given(st.lists(st.lists(st.floats(0, 400), min_size=6, max_size=6), min_size=1, max_size=6), st.booleans())
def test_after_a_lasting_state_nobody_stands_before_one_that_clearly_uses_more(
    series: list[list[float]], descending: bool
) -> None:
    watcher = Watcher(replace(BY_CPU, descending=descending))
    values: dict[int, float] = {}
    for line in (*series, series[-1], series[-1]):
        values = dict(zip(range(10, 16), line, strict=True))
        order = watcher.shown(values)
        assert sorted(order) == sorted(values)
    ranked = [values[pid] for pid in (order if descending else reversed(order))]
    for index, value in enumerate(ranked):
        for later in ranked[index + 1 :]:
            assert later - value <= 1.0 or value >= 0.9 * later - 1e-9
