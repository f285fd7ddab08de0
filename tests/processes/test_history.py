"""Histories by time: two minutes, gaps where nothing was seen, and bounded memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from octotui.processes.history import HISTORY_SECONDS, Histories, Point, by_time
from octotui.processes.model import ProcessInfo, ProcessKey, Sample, Snapshot

ONE, OTHER = ProcessKey(7, 70), ProcessKey(8, 80)


def sample(at: float, cpu: dict[ProcessKey, float] | None = None, rss: int = 1000) -> Sample:
    alive = {key: ProcessInfo(key, 1, "x", rss_bytes=rss) for key in (ONE, OTHER)}
    return Sample(Snapshot("h", datetime(2026, 1, 1, tzinfo=UTC), 500.0 + at, 9.0, alive), cpu or {})


def test_a_point_is_kept_for_each_sample_and_for_two_minutes() -> None:
    histories = Histories()
    for at in range(0, 400, 2):
        histories.take(sample(at, {ONE: float(at)}), [ONE])
    points = histories.of(ONE)
    assert points[-1] == Point(398.0, 398.0, 1000.0)
    assert points[0].at == 398.0 - HISTORY_SECONDS
    assert histories.of(OTHER) == ()


def test_memory_is_bounded_however_often_samples_come() -> None:
    histories = Histories()
    for step in range(4000):
        histories.take(sample(step / 10), [ONE])
    assert len(histories.of(ONE)) <= HISTORY_SECONDS + 1
    assert len(histories._rings[ONE]) <= 3 * (HISTORY_SECONDS + 2)


def test_of_points_within_a_second_the_highest_rate_and_the_last_memory_stay() -> None:
    histories = Histories()
    for at, cpu, rss in ((0.0, 10.0, 100), (0.3, 90.0, 200), (0.6, 20.0, 300)):
        histories.take(sample(at, {ONE: cpu}, rss), [ONE])
    assert histories.of(ONE) == (Point(0.0, 90.0, 300.0),)


def test_a_rate_that_is_not_known_is_none_and_is_replaced_by_the_first_known_one() -> None:
    histories = Histories()
    histories.take(sample(0.0), [ONE])
    assert histories.of(ONE)[0].cpu_percent is None
    histories.take(sample(0.4, {ONE: 5.0}), [ONE])
    histories.take(sample(0.6), [ONE])
    assert histories.of(ONE) == (Point(0.0, 5.0, 1000.0),)


def test_a_process_that_was_hidden_for_a_while_has_a_gap_there() -> None:
    histories = Histories()
    for at in range(0, 121, 2):
        histories.take(sample(at, {ONE: 50.0}), [] if 40 <= at <= 80 else [ONE])
    cells = by_time([(p.at, p.cpu_percent) for p in histories.of(ONE)], histories.now, 12)
    assert [cell is None for cell in cells] == [False] * 4 + [True] * 4 + [False] * 4


def test_what_was_not_shown_for_two_minutes_is_forgotten() -> None:
    histories = Histories()
    histories.take(sample(0), [ONE, OTHER])
    for at in range(2, 200, 2):
        histories.take(sample(at), [ONE])
    assert OTHER not in histories._rings and ONE in histories._rings


def test_processes_that_are_not_alive_get_no_point() -> None:
    histories = Histories()
    histories.take(sample(0), [ProcessKey(99, 1)])
    assert histories.of(ProcessKey(99, 1)) == ()


def test_a_clock_that_runs_backwards_begins_anew() -> None:
    histories = Histories()
    histories.take(sample(100, {ONE: 1.0}), [ONE])
    histories.take(sample(10, {ONE: 2.0}), [ONE])
    assert histories.of(ONE) == (Point(0.0, 2.0, 1000.0),)


def test_slow_scans_leave_no_holes_in_a_strip() -> None:
    points = [(float(at), 10.0) for at in range(0, 121, 10)]
    assert None not in by_time(points, 120.0, 60)


def test_a_young_process_fills_the_right_end_only() -> None:
    points = [(float(at), 10.0) for at in range(110, 121, 2)]
    cells = by_time(points, 120.0, 12)
    assert cells[:10] == (None,) * 10
    assert cells[-1] == 10.0


def test_time_goes_on_after_the_last_point() -> None:
    cells = by_time([(0.0, 5.0), (2.0, 5.0)], 62.0, 12)
    assert cells[5] == 5.0
    assert cells[6:] == (None,) * 6


def test_the_highest_value_of_a_stretch_is_drawn() -> None:
    assert by_time([(118.0, 1.0), (119.0, 80.0), (120.0, 2.0)], 120.0, 4)[-1] == 80.0


@given(
    st.lists(st.tuples(st.floats(0, 200), st.none() | st.floats(0, 900)), max_size=40).map(
        lambda points: sorted(points, key=lambda p: p[0])
    ),
    st.integers(0, 60),
)
def test_any_points_give_as_many_cells_as_were_asked_for(points: list[tuple[float, float | None]], cells: int) -> None:
    drawn = by_time(points, 200.0, cells)
    assert len(drawn) == cells
    assert {value for value in drawn if value is not None} <= {value for _, value in points}


def test_a_sample_of_other_processes_changes_nothing() -> None:
    histories = Histories()
    histories.take(sample(0, {ONE: 1.0}), [ONE])
    other = sample(2)
    histories.take(replace(other, snapshot=replace(other.snapshot, processes={}, pids={})), [ONE])
    assert len(histories.of(ONE)) == 1
