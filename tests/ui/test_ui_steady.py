"""Figures that tremble stand still on the screen, and follow when they really move."""

from __future__ import annotations

import random

from octotui.ui.steady import Steady


def test_noise_around_a_figure_does_not_move_it() -> None:
    chance, scan = random.Random(3), Steady(least=0.004)
    shown = [scan.take(chance.uniform(0.008, 0.015)) for _ in range(300)]
    assert len(set(shown[50:])) == 1


def test_a_figure_that_has_doubled_is_shown_soon() -> None:
    cost = Steady(least=0.3)
    assert cost.take(1.0) == 1.0
    shown = [cost.take(2.0) for _ in range(12)]
    assert 1.6 < shown[-1] <= 2.0


def test_small_figures_move_by_what_matters_alone() -> None:
    cost = Steady(least=0.3)
    cost.take(0.1)
    assert {cost.take(0.35) for _ in range(50)} == {0.1}


def test_the_cost_of_the_start_is_forgotten_within_a_few_refreshes() -> None:
    cost = Steady(least=0.3)
    cost.take(60.0)
    assert [cost.take(1.0) for _ in range(7)][-1] < 2.0
