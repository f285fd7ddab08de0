"""The pause meter: sums of stillness, on made-up samples and on a real stopped process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.dumps.targets.pause import PauseMeter, Stillness


def stillness_of(*samples: tuple[float, bool]) -> Stillness:
    found = Stillness()
    for at, is_stopped in samples:
        found.add(at, is_stopped)
    return found


@pytest.mark.parametrize(
    ("samples", "seconds"),
    [
        ([], 0.0),
        ([(0.0, False), (1.0, False)], 0.0),
        ([(0.0, False), (0.01, True), (0.02, True), (0.03, False)], 0.02),
        ([(0.0, True), (0.01, False)], 0.005),
        ([(0.0, False), (1.0, True), (2.0, False), (3.0, True), (4.0, False)], 2.0),
        ([(0.0, False), (0.01, True), (0.51, True)], 0.505),
    ],
)
def test_changes_are_taken_to_lie_between_two_samples(samples: list[tuple[float, bool]], seconds: float) -> None:
    assert stillness_of(*samples).seconds() == pytest.approx(seconds)


def test_stop_that_goes_on_counts_up_to_now() -> None:
    found = stillness_of((0.0, False), (1.0, True))
    assert found.is_stopped
    assert found.seconds(now=2.5) == pytest.approx(2.0)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def wait_for_state(pid: int, letters: str) -> None:
    for _ in range(2000):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in letters:
            return
        time.sleep(0.002)
    raise AssertionError("the state did not come")


def test_stopped_process_is_measured_while_it_stands(sleeper: subprocess.Popen[bytes]) -> None:
    meter = PauseMeter(sleeper.pid)
    meter.start()
    before = time.monotonic()
    os.kill(sleeper.pid, signal.SIGSTOP)
    wait_for_state(sleeper.pid, "T")
    while not meter.is_paused:
        time.sleep(0.002)
    assert meter.seconds >= 0.0
    os.kill(sleeper.pid, signal.SIGCONT)
    wait_for_state(sleeper.pid, "SR")
    while meter.is_paused:
        time.sleep(0.002)
    measured = meter.stop()
    assert measured is not None
    assert 0.0 < measured <= time.monotonic() - before


def test_process_that_was_stopped_beforehand_is_not_paused_by_us(sleeper: subprocess.Popen[bytes]) -> None:
    os.kill(sleeper.pid, signal.SIGSTOP)
    wait_for_state(sleeper.pid, "T")
    meter = PauseMeter(sleeper.pid, was_stopped=True)
    meter.start()
    time.sleep(0.05)
    assert meter.stop() is None


def test_process_that_is_gone_gives_no_pause() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    meter = PauseMeter(process.pid)
    meter.start()
    assert meter.stop() is None


def test_process_that_ends_under_the_meter_ends_the_watch(sleeper: subprocess.Popen[bytes]) -> None:
    meter = PauseMeter(sleeper.pid)
    meter.start()
    sleeper.kill()
    sleeper.wait()
    time.sleep(0.02)
    assert meter.stop() is None
