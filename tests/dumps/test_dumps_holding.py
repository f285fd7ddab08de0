"""Holding processes: who stands still, who runs again, and what happens when octotui or the watchdog dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dump_doubles import Sleeper, Sleepers

from octotui.dumps.targets import holding, watchdog
from octotui.dumps.targets.holding import Hold
from octotui.dumps.targets.target import read_status
from octotui.errors import CaptureFailed
from octotui.processes.model import ProcessKey

LIMIT = 600.0


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    for _ in range(4000):
        if is_so():
            return
        time.sleep(0.005)
    raise AssertionError(f"it never came about: {what}")


def is_stopped(sleeper: Sleeper) -> bool:
    status = read_status(sleeper.key.pid)
    return status is not None and status.state == "T"


def watchdogs_of(pid: int) -> list[int]:
    """Processes that run the watchdog for the process `pid`, or did: children of another are not told apart."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            parent = read_status(int(path.parent.name))
            is_one = watchdog.__file__.encode() in path.read_bytes()
        except OSError:
            continue
        if is_one and parent is not None and parent.state not in "ZX" and parent.parent_pid == pid:
            found.append(int(path.parent.name))
    return found


def test_processes_stand_still_inside_and_run_afterwards(start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper() for _ in range(3)]
    with Hold(LIMIT) as hold:
        assert hold.hold(sleeper.key for sleeper in sleepers) == {sleeper.key for sleeper in sleepers}
        assert all(is_stopped(sleeper) for sleeper in sleepers)
        assert len(watchdogs_of(os.getpid())) == 1
        assert hold.release(sleepers[0].key)
        assert [is_stopped(sleeper) for sleeper in sleepers] == [False, True, True]
    assert not any(is_stopped(sleeper) for sleeper in sleepers)
    assert watchdogs_of(os.getpid()) == []


def test_a_process_that_was_stopped_before_is_left_as_it_is(sleeper: Sleeper) -> None:
    sleeper.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_stopped(sleeper), "it is stopped")
    with Hold(LIMIT) as hold:
        assert hold.hold([sleeper.key]) == frozenset()
        hold.release(sleeper.key)
    assert is_stopped(sleeper)


def test_a_process_that_ended_or_gave_its_pid_away_is_not_held(start_sleeper: Sleepers) -> None:
    ended, other = start_sleeper(), start_sleeper()
    ended.end()
    with Hold(LIMIT) as hold:
        assert hold.hold([ended.key, ProcessKey(other.key.pid, other.key.started - 1)]) == frozenset()
        assert not is_stopped(other)


def test_a_target_that_ends_while_it_is_held_is_reported(start_sleeper: Sleepers) -> None:
    ends, stays = start_sleeper(), start_sleeper()
    with Hold(LIMIT) as hold:
        hold.hold([ends.key, stays.key])
        ends.end()
        assert not hold.release(ends.key)
        assert hold.release(stays.key)


def test_what_was_released_before_is_never_held(sleeper: Sleeper) -> None:
    with Hold(LIMIT) as hold:
        hold.release(sleeper.key)
        assert hold.hold([sleeper.key]) == frozenset()
        assert not is_stopped(sleeper)


def test_nothing_is_stopped_when_the_watchdog_cannot_be_started(
    sleeper: Sleeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for python in (str(tmp_path / "no-python"), "/bin/true"):
        monkeypatch.setattr(holding.sys, "executable", python)
        with pytest.raises(CaptureFailed, match="no process was stopped") as caught, Hold(LIMIT) as hold:
            hold.hold([sleeper.key])
        assert caught.value.code == "no-watchdog"
        assert not is_stopped(sleeper)


def test_nothing_is_stopped_when_the_watchdog_died_meanwhile(sleeper: Sleeper) -> None:
    with Hold(LIMIT) as hold:
        (dog,) = watchdogs_of(os.getpid())
        os.kill(dog, signal.SIGKILL)
        with pytest.raises(CaptureFailed, match="it ended"):
            hold.hold([sleeper.key])
        assert not is_stopped(sleeper)


def test_everything_is_let_go_when_the_watchdog_dies(start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper() for _ in range(2)]
    with Hold(LIMIT) as hold:
        hold.hold(sleeper.key for sleeper in sleepers)
        (dog,) = watchdogs_of(os.getpid())
        os.kill(dog, signal.SIGKILL)
        wait_until(lambda: not any(is_stopped(sleeper) for sleeper in sleepers), "all run")
        wait_until(lambda: hold.held == frozenset(), "nothing is held")


def test_everything_is_let_go_when_the_time_is_up(sleeper: Sleeper) -> None:
    with Hold(2.0) as hold:
        hold.hold([sleeper.key])
        wait_until(lambda: not is_stopped(sleeper), "it runs")
        wait_until(lambda: watchdogs_of(os.getpid()) == [], "the watchdog is gone")


HOLDER = """
import sys, time
from octotui.dumps.targets.holding import Hold
from octotui.processes.model import ProcessKey
hold = Hold(600.0)
hold.start()
hold.hold([ProcessKey(int(word.split(":")[0]), int(word.split(":")[1])) for word in sys.argv[1:]])
print("held", flush=True)
time.sleep(600)
"""


STOPPED_HOLDER = """
import sys, time
from octotui.dumps.targets.holding import Hold
from octotui.errors import CaptureFailed
from octotui.processes.model import ProcessKey
keys = [ProcessKey(int(word.split(":")[0]), int(word.split(":")[1])) for word in sys.argv[1:]]
with Hold(600.0) as hold:
    hold.hold(keys)
    print("held", flush=True)
    sys.stdin.read()
    for _ in range(4000):
        if not hold.held:
            break
        time.sleep(0.005)
    alive = [hold.release(key) for key in keys]
    try:
        hold.hold(keys)
    except CaptureFailed as error:
        print(f"{'something' if hold.held else 'nothing'} is held, alive: {alive}, {error.code}", flush=True)
"""


@pytest.mark.parametrize("also_the_watchdog", [(), (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)])
def test_everything_runs_again_when_octotui_is_killed(
    start_sleeper: Sleepers, also_the_watchdog: tuple[signal.Signals, ...]
) -> None:
    sleepers = [start_sleeper() for _ in range(3)]
    names = [f"{sleeper.key.pid}:{sleeper.key.started}" for sleeper in sleepers]
    with subprocess.Popen([sys.executable, "-c", HOLDER, *names], stdout=subprocess.PIPE) as octotui:
        try:
            assert octotui.stdout is not None
            assert octotui.stdout.readline() == b"held\n"
            assert all(is_stopped(sleeper) for sleeper in sleepers)
            (dog,) = watchdogs_of(octotui.pid)
            assert os.getsid(dog) == dog
            for number in also_the_watchdog:
                os.kill(dog, number)
        finally:
            octotui.kill()
    wait_until(lambda: not any(is_stopped(sleeper) for sleeper in sleepers), "all run")
    wait_until(lambda: _is_over(dog), "the watchdog is gone")


def test_everything_runs_again_when_octotui_itself_is_stopped_and_it_gets_along_when_it_goes_on(
    start_sleeper: Sleepers,
) -> None:
    sleepers = [start_sleeper() for _ in range(2)]
    names = [f"{sleeper.key.pid}:{sleeper.key.started}" for sleeper in sleepers]
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED_HOLDER, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as octotui:
        try:
            assert octotui.stdin is not None and octotui.stdout is not None
            assert octotui.stdout.readline() == b"held\n"
            assert all(is_stopped(sleeper) for sleeper in sleepers)
            (dog,) = watchdogs_of(octotui.pid)
            octotui.send_signal(signal.SIGSTOP)
            wait_until(lambda: not any(is_stopped(sleeper) for sleeper in sleepers), "all run")
            wait_until(lambda: _is_over(dog), "the watchdog is gone")
            octotui.send_signal(signal.SIGCONT)
            octotui.stdin.close()
            assert octotui.stdout.read() == b"nothing is held, alive: [True, True], no-watchdog\n"
            assert octotui.wait(60) == 0
        finally:
            octotui.kill()
    assert not any(is_stopped(sleeper) for sleeper in sleepers)


def _is_over(pid: int) -> bool:
    status = read_status(pid)
    return status is None or status.state in "ZX"


def test_the_watchdog_keeps_only_the_very_process_that_was_named(sleeper: Sleeper) -> None:
    kept: dict[bytes, int] = {}
    name = f"{sleeper.key.pid} {sleeper.key.started}".encode()
    later = f"{sleeper.key.pid} {sleeper.key.started + 1}".encode()
    assert watchdog.obey(b"+ " + later, kept) == b"gone " + later
    assert watchdog.obey(b"+ x y", kept) == b"gone x y"
    assert watchdog.obey(b"nonsense", kept) == b""
    assert watchdog.obey(b"+ " + name, kept) == b"armed " + name
    assert watchdog.obey(b"+ " + name, kept) == b"armed " + name
    assert list(kept) == [name]
    assert watchdog.obey(b"- " + name, kept) == b""
    assert kept == {}
