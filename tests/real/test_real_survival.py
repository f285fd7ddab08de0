"""The dump outlives octotui: whenever and however it is ended, the target runs on and no dump is half a dump."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from dotnet_targets import StartTarget
from real_captures import wait_until
from survival import Findings, Scene

BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])
BALLAST_MB = 60


@BACKENDS
@pytest.mark.parametrize("phase", ["opened", "writing", "recorded", "digested"])
def test_octotui_killed_in_any_phase_costs_no_target_no_whole_dump_and_no_true_record(
    tmp_path: Path, start_target: StartTarget, backend: str, phase: str
) -> None:
    scene = Scene(tmp_path / "state", start_target(ballast_mb=BALLAST_MB))
    scene.start_dump(backend)
    scene.wait_for(phase)
    time.sleep(random.uniform(0, 0.01))
    scene.end(signal.SIGKILL)
    was_begun = bool(scene.entries())
    scene.kill_recovery(random.uniform(0.1, 0.4))
    assert scene.judge(was_begun) == Findings()


@BACKENDS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_octotui_that_is_asked_to_end_twice_leaves_nothing_to_settle(
    tmp_path: Path, start_target: StartTarget, backend: str, number: signal.Signals
) -> None:
    scene = Scene(tmp_path / "state", start_target(ballast_mb=BALLAST_MB))
    scene.start_dump(backend)
    scene.wait_for("writing")
    scene.process.send_signal(number)
    scene.end(number)
    assert scene.process.returncode in (0, 130)
    assert scene.entries() == []
    assert scene.judge(was_begun=False) == Findings()


def test_a_reader_that_leaves_after_the_first_line_ends_no_capture(tmp_path: Path, start_target: StartTarget) -> None:
    scene = Scene(tmp_path / "state", start_target(ballast_mb=BALLAST_MB))
    scene.start_dump("auto", stdout=subprocess.PIPE)
    assert scene.process.stdout is not None
    assert scene.process.stdout.readline()
    scene.process.stdout.close()
    scene.process.wait(60)
    assert [record["outcome"] for _, record in scene.records()] in (["finished"], [])
    assert scene.judge(was_begun=False) == Findings()


def test_a_capture_under_nohup_does_not_mind_the_hangup(tmp_path: Path, start_target: StartTarget) -> None:
    scene = Scene(tmp_path / "state", start_target(ballast_mb=BALLAST_MB))
    scene.start_dump("auto", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    scene.wait_for("writing")
    scene.process.send_signal(signal.SIGHUP)
    assert scene.process.wait(60) == 0
    assert [record["outcome"] for _, record in scene.records()] == ["finished"]
    assert scene.judge(was_begun=False) == Findings()


def killed_in_its_attach_phase(scene: Scene) -> None:
    """What is left when octotui and its createdump are killed at once: a journal entry, and nothing was written."""
    scene.start_dump("createdump")
    wait_until(lambda: any(scene.entries()), "the capture is in the journal")
    scene.process.kill()
    scene.process.wait()
    for pid in os.listdir("/proc"):
        if pid.isdigit() and scene.started_by_capture(int(pid)):
            os.kill(int(pid), signal.SIGKILL)


def test_target_that_a_killed_capture_left_stopped_is_continued_at_the_next_start(
    tmp_path: Path, start_target: StartTarget
) -> None:
    target = start_target()
    scene = Scene(tmp_path / "state", target)
    killed_in_its_attach_phase(scene)
    target.hold()
    assert scene.judge(was_begun=True) == Findings()


def test_target_that_someone_had_stopped_stays_stopped(tmp_path: Path, start_target: StartTarget) -> None:
    target = start_target()
    target.hold()
    scene = Scene(tmp_path / "state", target)
    killed_in_its_attach_phase(scene)
    scene.settle()
    assert scene.entries() == []
    assert not scene.goes_on()
    target.release()
