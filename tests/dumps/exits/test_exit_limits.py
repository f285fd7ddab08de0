"""A dump at the end never costs more than was allowed, and whatever becomes of it or the tracer, the process ends."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from dotnet_targets import needs_root
from small_disks import small_disk_at

from octotui.dumps.exits import filling
from octotui.dumps.exits.target import Target
from octotui.dumps.exits.taskfiles import stat_of

CONTROLLER = Path("/sys/fs/cgroup/memory")
SOON = 10
"""Seconds in which something that happens at once has happened, on the slowest machine."""


@pytest.fixture
def never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory whose file's system hangs: the process that reads it hangs too. Tracers are forked from this process."""
    monkeypatch.setattr(filling._Filler, "_read", lambda *_: time.sleep(600))


def check_failed(traced, target, status: int, code: str) -> str:
    failed = traced.outcome()
    assert (failed["news"], failed["code"]) == ("failed", code), failed
    assert target.wait(SOON) == status
    assert traced.until("gone")["status"] == failed["status"]
    assert not traced.path.exists()
    return str(failed["message"])


@needs_root
def test_a_disk_that_is_too_small_is_not_even_begun(start, trace, tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "small", "2m") as disk:
        target = start("return", 3)
        traced = trace(target, path=disk / "core")
        target.finish()
        assert "2.1 MB free" in check_failed(traced, target, 3, "no-space")


@needs_root
def test_a_disk_that_fills_up_while_it_is_written_leaves_no_file(start, trace, tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "small", "3m") as disk:
        # The memory alone would fit; the headers of so many mappings do not.
        target = start("maps", 30_000)
        traced = trace(target, path=disk / "core")
        target.finish()
        assert "the disk is full" in check_failed(traced, target, 3, "no-space")
        assert list(disk.iterdir()) == []


def test_the_room_that_has_to_stay_free_stays_free(start, trace) -> None:
    target = start("return", 3)
    traced = trace(target, least_free_bytes=1 << 60)
    target.finish()
    assert "have to stay free" in check_failed(traced, target, 3, "no-space")


def test_a_dump_above_the_limit_is_not_written(start, trace) -> None:
    target = start("return", 3)
    traced = trace(target, most_bytes=100_000)
    target.finish()
    assert "more than 100 kB" in check_failed(traced, target, 3, "too-large")


def test_a_dump_that_takes_too_long_is_given_up(start, trace, never_answers: None) -> None:
    target = start("return", 5)
    traced = trace(target, most_seconds=0.5)
    target.finish()
    assert "not written in 0.50 s" in check_failed(traced, target, 5, "too-slow")


def test_a_dump_is_cancelled_while_it_is_written(start, trace, never_answers: None) -> None:
    target = start("return", 5)
    traced = trace(target)
    target.finish()
    traced.until("writing")
    traced.order(do="cancel")
    assert "cancelled" in check_failed(traced, target, 5, "cancelled")


def test_a_trace_is_cancelled_and_the_process_runs_on(start, trace) -> None:
    target = start("return", 3)
    traced = trace(target)
    traced.order(do="cancel")
    assert traced.outcome()["news"] == "passed"
    traced.close()
    assert "TracerPid:\t0" in Path(f"/proc/{target.pid}/status").read_text()
    target.finish()
    assert target.wait() == 3
    assert not traced.path.exists()


def test_a_tracer_that_waits_for_an_exec_which_waits_for_it_gives_way(
    start, trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    exits = Target._exits

    def as_if_the_stop_came_during_a_look(target: Target, thread: int) -> None:
        if target.pace.was_quick:
            time.sleep(0.05)
            target._seize_new()
        exits(target, thread)

    monkeypatch.setattr(Target, "_exits", as_if_the_stop_came_during_a_look)
    target = start("burstexec", 500)
    traced = trace(target)
    target.finish()
    assert target.wait(SOON) == 9
    assert traced.path.exists() is False


def test_a_file_that_is_there_already_is_neither_written_nor_removed(start, trace, tmp_path: Path) -> None:
    (tmp_path / "core").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_text("precious")
    target = start("return", 3)
    traced = trace(target)
    target.finish()
    assert traced.outcome()["code"] == "destination"
    assert target.wait() == 3
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "core").is_symlink()


@pytest.mark.parametrize("how", ["kill", "close"])
def test_a_tracer_that_goes_while_armed_leaves_the_process_running(start, trace, how: str) -> None:
    target = start("threads", 5)
    traced = trace(target)
    traced.kill() if how == "kill" else traced.close()
    target.finish()
    assert target.wait(SOON) == 4
    assert not traced.path.exists()


@pytest.mark.parametrize("how", ["kill", "close"])
def test_a_tracer_that_goes_while_it_writes_lets_the_process_end(start, trace, how: str, never_answers: None) -> None:
    target = start("return", 5)
    traced = trace(target)
    target.finish()
    traced.until("writing")
    assert traced.path.exists()
    traced.kill() if how == "kill" else traced.close()
    assert target.wait(SOON) == 5
    # One that is killed cannot tidy up; one that is let go does.
    assert traced.path.exists() == (how == "kill")


def test_a_signal_that_the_tracer_saw_and_did_not_answer_is_not_lost(
    start, trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Target.stopped

    def slowly(target: Target, thread: int, number: int, event: int) -> None:
        time.sleep(0 if event else 600)
        answer(target, thread, number, event)

    monkeypatch.setattr(Target, "stopped", slowly)
    target = start("signals")
    traced = trace(target)
    assert queued(target.pid)
    while not any(b"t" in stat_of(str(task))[:1] for task in Path(f"/proc/{target.pid}/task").iterdir()):
        time.sleep(0.002)
    # By now the tracer has looked at the stop.
    time.sleep(0.1)
    traced.kill()
    traced.close()
    target.finish()
    assert target.process.stdout is not None
    assert int(target.process.stdout.read()) == 1
    assert target.wait() == 2


def test_no_signal_of_many_is_lost_when_the_tracer_is_killed(start, trace) -> None:
    sent = 2000
    target = start("signals")
    traced = trace(target)
    for number in range(sent):
        while not queued(target.pid):
            time.sleep(0.0001)
        if number == sent // 2:
            traced.kill()
            traced.close()
    target.finish()
    assert target.process.stdout is not None
    assert int(target.process.stdout.read()) == sent
    assert target.wait() == 2


def queued(pid: int) -> bool:
    """Queues one realtime signal; False when the queue is full. Realtime signals are counted, not merged."""
    try:
        os.kill(pid, signal.SIGRTMIN)
    except BlockingIOError:
        return False
    return True


@needs_root
@pytest.mark.skipif(not (CONTROLLER / "memory.limit_in_bytes").exists(), reason="no memory controller of cgroup v1")
def test_a_victim_of_missing_memory_is_let_go_at_once(start, trace) -> None:
    group = CONTROLLER / f"octotui-exit-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(24 << 20))
        target = start("hungry")
        (group / "cgroup.procs").write_text(str(target.pid))
        traced = trace(target)
        target.finish()
        passed = traced.outcome()
        assert target.wait(SOON) == -signal.SIGKILL
        assert (passed["news"], passed["status"]) == ("passed", 9)
        assert "memory" in passed["why"]
        assert not traced.path.exists()
    finally:
        for _ in range(200):
            with suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.05)


@needs_root
@pytest.mark.skipif(not Path("/sys/fs/cgroup/freezer/tasks").exists(), reason="no freezer of cgroup v1")
def test_a_thread_that_will_not_come_is_named_and_the_others_are_captured(start, trace) -> None:
    group = Path(f"/sys/fs/cgroup/freezer/octotui-exit-{os.getpid()}-{time.monotonic_ns()}")
    group.mkdir()
    target = start("threads", 2)
    frozen = max(int(name) for name in os.listdir(f"/proc/{target.pid}/task"))
    try:
        (group / "tasks").write_text(str(frozen))
        traced = trace(target)
        (group / "freezer.state").write_text("FROZEN")
        target.finish()
        written = traced.until("written")
        assert (written["late"], written["threads"]) == ([frozen], 2)
    finally:
        (group / "freezer.state").write_text("THAWED")
        assert target.wait(SOON) == 4
        group.rmdir()
