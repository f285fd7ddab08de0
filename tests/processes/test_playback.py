"""Where a replay stands: the recorded time, other speeds, pauses, steps, both ends."""

from __future__ import annotations

import pytest

from octotui.processes.recordings.playback import LONGEST_GAP_SECONDS, SPEEDS, Playback


def test_each_sample_is_shown_as_long_as_it_lasted() -> None:
    playback = Playback([10.0, 12.0, 12.5])
    assert playback.wait_seconds() == 2.0
    playback.step(1)
    assert playback.wait_seconds() == 0.5


def test_the_last_sample_and_a_pause_last_until_somebody_acts() -> None:
    playback = Playback([10.0, 12.0])
    playback.toggle()
    assert playback.wait_seconds() is None
    playback.toggle()
    assert playback.wait_seconds() == 2.0
    playback.step(1)
    assert playback.wait_seconds() is None and playback.is_at_end


def test_speeds_divide_the_time_and_stop_at_both_ends() -> None:
    playback = Playback([0.0, 8.0])
    playback.change_speed(1)
    assert playback.wait_seconds() == 4.0
    for _ in range(20):
        playback.change_speed(1)
    assert playback.speed == SPEEDS[-1]
    for _ in range(20):
        playback.change_speed(-1)
    assert playback.speed == SPEEDS[0] and playback.wait_seconds() == 32.0


@pytest.mark.parametrize(("gap", "waits"), [(1e12, LONGEST_GAP_SECONDS), (-50.0, 0.02), (0.0, 0.02)])
def test_a_gap_that_makes_no_sense_holds_nobody_up(gap: float, waits: float) -> None:
    assert Playback([1000.0, 1000.0 + gap]).wait_seconds() == waits


def test_steps_stay_within_the_recording() -> None:
    playback = Playback([0.0, 1.0, 2.0])
    assert not playback.step(-1)
    assert playback.step(10) and playback.index == 2
    assert not playback.step(1)
    assert playback.step(-2) and playback.index == 0


def test_playing_at_the_end_begins_anew() -> None:
    playback = Playback([0.0, 1.0])
    playback.is_paused = True
    playback.step(1)
    playback.toggle()
    assert playback.index == 0 and not playback.is_paused


def test_a_recording_of_one_sample_has_both_ends_at_once() -> None:
    playback = Playback([5.0])
    playback.toggle()
    assert playback.is_at_end and playback.wait_seconds() is None
