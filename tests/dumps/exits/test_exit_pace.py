"""Threads are traced from their start while they are rare, looked for while they are made quickly, and traced again."""

from __future__ import annotations

from octotui.dumps.exits.pace import CALM_SECONDS, LONGEST_CALM_SECONDS, LOOK_SECONDS, QUICK_THREADS, Pace


def hurry(pace: Pace, now: float) -> None:
    for _ in range(QUICK_THREADS):
        pace.made(now)


def test_rare_threads_are_traced_from_their_start() -> None:
    pace = Pace()
    for second in range(1000):
        pace.made(second / 20)
    assert not pace.was_quick


def test_a_burst_of_threads_is_looked_for_until_it_is_over() -> None:
    pace = Pace()
    hurry(pace, 10.0)
    assert pace.is_quick
    assert not pace.calmed(10.0 + CALM_SECONDS / 2)
    assert pace.calmed(10.1 + CALM_SECONDS)
    assert not pace.is_quick
    assert pace.was_quick
    assert not pace.calmed(20.0)


def test_one_that_never_calms_down_is_tried_ever_more_rarely() -> None:
    pace, now, tries = Pace(), 0.0, 0
    hurry(pace, now)
    while now < 1000:
        now += 0.1
        if pace.calmed(now):
            tries += 1
            hurry(pace, now)
    assert 1000 / LONGEST_CALM_SECONDS < tries < 50


def test_a_target_of_very_many_threads_is_looked_at_less_often() -> None:
    pace = Pace()
    assert pace.looks(1.0)
    pace.looked(1.0, 1.0001)
    assert not pace.looks(1.02)
    assert pace.looks(1.001 + LOOK_SECONDS)
    pace.looked(2.0, 2.1)
    assert not pace.looks(4.0)
