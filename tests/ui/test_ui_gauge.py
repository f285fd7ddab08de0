"""The figures of the status line: the cost of octotui itself, and the pace of its scans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from octotui.processes.state import Scope
from octotui.ui.gauge import OwnCost
from octotui.ui.lines.cells import line_text
from octotui.ui.lines.glyphs import UNICODE
from octotui.ui.lines.status import Status, status_line

USUAL = Status(
    host="web-07", user="root", instance='Tentacle "web-blue"', scope=Scope.OCTOPUS, shown=6, total=312,
    interval_seconds=2.0, pause_seconds=2.0, events="on", own_percent=0.3,
)  # fmt: skip


class Meter:
    """A clock and the CPU time that was used by it."""

    def __init__(self) -> None:
        self.now, self.used = 100.0, 0.0
        self.cost = OwnCost(lambda: self.now, lambda: self.used)

    def pass_time(self, seconds: float, percent: float) -> float | None:
        self.now += seconds
        self.used += seconds * percent / 100
        return self.cost.percent()


def test_the_start_does_not_count_as_the_cost_of_watching() -> None:
    meter = Meter()
    assert meter.pass_time(0.5, 90) is None
    assert meter.pass_time(0.4, 80) is None
    assert meter.pass_time(2, 0.3) == 0.3


def test_a_cost_that_hardly_moves_stands_still_and_a_new_one_shows() -> None:
    meter = Meter()
    for seconds in (0.5, 0.4):
        meter.pass_time(seconds, 50)
    shown = [meter.pass_time(2, percent) for percent in (0.30, 0.32, 0.25, 0.35)]
    assert set(shown) == {0.3}
    for _ in range(20):
        meter.pass_time(2, 5.0)
    assert meter.pass_time(2, 5.0) == pytest.approx(5.0, abs=1.6)


def text(status: Status, width: int) -> str:
    return line_text(status_line(status, width, UNICODE))


def test_the_status_line_of_a_small_terminal_has_the_own_cost_and_the_counts() -> None:
    shown = text(USUAL, 80)
    assert "octotui 0.3 %" in shown and "Octopus · 6 of 312 · 2 s" in shown
    assert "events on" in text(USUAL, 120)
    assert "polling" in text(replace(USUAL, events="off"), 120)


def test_a_scan_that_is_slower_than_asked_for_says_so_with_what_came_of_it() -> None:
    assert "slow scan, 3.5 s" in text(replace(USUAL, pause_seconds=3.2), 120)
    assert "slow scan, 10 s" in text(replace(USUAL, pause_seconds=6.1), 120)
    assert "slow" not in text(replace(USUAL, pause_seconds=2.05), 120)
