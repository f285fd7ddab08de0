"""A held target is this very process or nothing, and it is never left stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from dump_doubles import Sleeper

from octotui.dumps.targets.target import HeldTarget, find_capturing_child, kill_capturing_child, read_status
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey


def test_running_process_can_be_held(sleeper: Sleeper) -> None:
    held = HeldTarget.open(sleeper.key)
    assert held.is_alive
    assert held.check().name == "sleep"
    assert held.threads() == {sleeper.key.pid}
    held.close()
    held.close()


def test_process_that_ended_is_gone(sleeper: Sleeper) -> None:
    held = HeldTarget.open(sleeper.key)
    sleeper.process.kill()
    sleeper.process.wait()
    assert not held.is_alive
    with pytest.raises(ProcessGone) as gone:
        held.check()
    assert gone.value.code == "process-gone"
    assert held.threads() == frozenset()
    held.close()
    with pytest.raises(ProcessGone):
        HeldTarget.open(sleeper.key)


def test_zombie_is_gone() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    status = read_status(process.pid)
    assert status is not None
    with pytest.raises(ProcessGone):
        HeldTarget.open(ProcessKey(process.pid, status.started))
    process.wait()


def test_process_replaced_under_the_same_pid_is_refused(sleeper: Sleeper) -> None:
    with pytest.raises(ProcessGone) as gone:
        HeldTarget.open(ProcessKey(sleeper.key.pid, sleeper.key.started - 1))
    assert gone.value.code == "pid-reused"
    assert "another process (sleep)" in gone.value.message


def state_of(pid: int) -> str:
    status = read_status(pid)
    assert status is not None
    return status.state


def wait_for_state(pid: int, letters: str) -> None:
    for _ in range(2000):
        if state_of(pid) in letters:
            return
        time.sleep(0.002)
    raise AssertionError("the state did not come")


def test_target_left_stopped_is_continued(sleeper: Sleeper) -> None:
    held = HeldTarget.open(sleeper.key)
    os.kill(sleeper.key.pid, signal.SIGSTOP)
    wait_for_state(sleeper.key.pid, "T")
    assert not held.resume_if_left_stopped(was_stopped=True)
    assert state_of(sleeper.key.pid) == "T"
    assert held.resume_if_left_stopped(was_stopped=False)
    wait_for_state(sleeper.key.pid, "SR")
    assert not held.resume_if_left_stopped(was_stopped=False)
    held.close()


PARENT = """
import subprocess, sys
child = subprocess.Popen(['sleep', '600'])
tool = '''
import ctypes, time
ctypes.CDLL(None).prctl(15, b"createdump", 0, 0, 0)
print(flush=True)
time.sleep(600)
'''
named = subprocess.Popen([sys.executable, '-c', tool], stdout=subprocess.PIPE)
named.stdout.readline()
print(child.pid, named.pid, flush=True)
print('ended by', named.wait(), flush=True)
child.kill()
"""


def test_only_the_targets_own_createdump_is_ended(sleeper: Sleeper) -> None:
    assert find_capturing_child(sleeper.key) is None
    assert not kill_capturing_child(sleeper.key)
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        other, named = (int(pid) for pid in parent.stdout.readline().split())
        status = read_status(parent.pid)
        assert status is not None
        key = ProcessKey(parent.pid, status.started)
        found = find_capturing_child(key)
        assert found is not None
        assert found.pid == named != other
        assert find_capturing_child(ProcessKey(key.pid, key.started + 1)) is None
        assert kill_capturing_child(key)
        assert parent.stdout.readline().strip() == f"ended by -{signal.SIGKILL.value}"
