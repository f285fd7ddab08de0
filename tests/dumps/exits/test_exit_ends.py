"""Every way to end is told from what looks like one, and nobody sees another status than the process would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, needs_root
from exit_sentry import Traced

from octotui.dumps.verifying.verify import Expectation, Writer, verify
from octotui.processes.statfile import parse_stat

StartTrace = Callable[..., Traced]


def check_core(traced: Traced, pid: int, threads: int) -> None:
    facts = verify(traced.path, Expectation(frozenset({pid}), runtime="", writer=Writer.OCTOTUI))
    assert len(facts.threads) == threads
    assert traced.path.stat().st_mode & 0o777 == 0o600


def state_of(pid: int) -> str:
    found = parse_stat(Path(f"/proc/{pid}/stat").read_bytes())
    assert found is not None
    return found.state


def wait_for_state(pid: int, wanted: str) -> None:
    deadline = time.monotonic() + 20
    while state_of(pid) not in wanted:
        assert time.monotonic() < deadline, (state_of(pid), wanted)
        time.sleep(0.005)


@pytest.mark.parametrize("code", [0, 3])
def test_a_process_that_returns_is_captured_and_returns_the_same(start, trace, code: int) -> None:
    target = start("return", code)
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert (target.wait(), os.waitstatus_to_exitcode(written["status"])) == (code, code)
    assert traced.until("gone")["status"] == written["status"] == code << 8
    check_core(traced, target.pid, 1)
    assert written["bytes"] == traced.path.stat().st_size


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_process_that_is_killed_is_captured_with_all_threads(start, trace, number: signal.Signals) -> None:
    target = start("threads", 40)
    traced = trace(target)
    target.process.send_signal(number)
    written = traced.until("written")
    assert target.wait() == -number
    assert (written["status"] & 0x7F, written["threads"], written["late"]) == (number, 41, [])
    check_core(traced, target.pid, 41)


def test_a_crash_shows_the_thread_that_crashed_and_why(start, trace) -> None:
    target = start("crash")
    traced = trace(target)
    target.finish()
    traced.until("written")
    assert target.wait() == -signal.SIGSEGV
    assert verify(traced.path).threads[0] == target.pid
    # The siginfo note: a fault at the address that the program wrote to.
    assert b"CORE\0\0\0\0" + (11).to_bytes(4, "little") in traced.path.read_bytes()[:65536]


def test_a_success_is_passed_where_only_failures_are_kept(start, trace) -> None:
    target = start("return", 0)
    traced = trace(target, keep="failed")
    target.finish()
    assert traced.outcome()["news"] == "passed"
    assert "status 0" in traced.outcome()["why"]
    assert target.wait() == 0
    assert not traced.path.exists()


def test_the_end_of_one_thread_is_not_the_end_of_the_process(start, trace) -> None:
    target = start("single")
    traced = trace(target)
    target.finish()
    assert traced.until("written")["threads"] == 1
    assert target.wait() == 6
    assert traced.kinds().count("exiting") == 1


def test_a_process_without_its_first_thread_ends_with_its_last(start, trace) -> None:
    target = start("leaderless")
    traced = trace(target)
    wait_for_state(target.pid, "Z")
    target.finish()
    written = traced.until("written")
    check_core(traced, target.pid, 1)
    untraced = start("leaderless")
    wait_for_state(untraced.pid, "Z")
    untraced.finish()
    assert target.wait() == untraced.wait() == os.waitstatus_to_exitcode(written["status"])


def test_a_process_whose_first_thread_had_ended_before_is_traced_too(start, trace) -> None:
    target = start("leaderless")
    wait_for_state(target.pid, "Z")
    traced = trace(target)
    target.finish()
    traced.until("written")
    check_core(traced, target.pid, 1)
    traced.until("gone")
    untraced = start("leaderless")
    wait_for_state(untraced.pid, "Z")
    untraced.finish()
    assert target.wait() == untraced.wait()


def test_threads_that_all_end_by_themselves_leave_one_to_be_captured(start, trace) -> None:
    target = start("each")
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert written["threads"] >= 1
    assert target.wait() == 5
    assert traced.until("gone")["status"] == 5 << 8


def test_an_exec_of_a_side_thread_is_no_end_and_the_new_program_is_traced(start, trace) -> None:
    target = start("exec")
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert (target.wait(), written["status"], written["threads"]) == (9, 9 << 8, 1)
    check_core(traced, target.pid, 1)
    assert traced.kinds().count("exiting") == 1


def test_threads_made_quickly_are_looked_for_and_traced_from_their_start_when_it_is_calm(start, trace) -> None:
    target = start("burst", 500)
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert target.wait() == 50
    assert written["may_miss_threads"]
    check_core(traced, target.pid, 1)


def test_an_exec_of_a_thread_that_was_never_traced_is_no_end_either(start, trace) -> None:
    target = start("burstexec", 500)
    traced = trace(target)
    target.finish()
    written = traced.until("written")
    assert (target.wait(), written["status"], written["threads"]) == (9, 9 << 8, 1)
    check_core(traced, target.pid, 1)


def test_a_process_of_very_many_threads_is_captured_with_all_of_them(start, trace) -> None:
    target = start("threads", 2000)
    traced = trace(target)
    target.process.kill()
    written = traced.until("written")
    assert target.wait() == -signal.SIGKILL
    assert (written["threads"], written["late"], written["untraced"]) == (2001, [], [])
    check_core(traced, target.pid, 2001)


def test_a_thread_that_was_killed_between_two_stops_is_missing_and_said_to_be(start, trace, tmp_path: Path) -> None:
    for number in range(30):
        target = start("signals")
        traced = trace(target, path=tmp_path / f"core{number}")
        for _ in range(3 * number):
            with suppress(BlockingIOError):
                os.kill(target.pid, signal.SIGRTMIN)
        target.process.kill()
        written = traced.until("written")
        assert target.wait() == -signal.SIGKILL
        assert written["threads"] + len(written["untraced"]) == 4, written
        check_core(traced, target.pid, written["threads"])


def test_children_are_not_traced(start, trace) -> None:
    target = start("children")
    traced = trace(target)
    target.finish()
    traced.until("written")
    assert target.wait() == 3


def test_a_stop_and_its_end_work_as_untraced(start, trace) -> None:
    target = start("threads", 3)
    traced = trace(target)
    target.process.send_signal(signal.SIGSTOP)
    wait_for_state(target.pid, "tT")
    time.sleep(0.05)
    assert state_of(target.pid) in "tT"
    target.process.send_signal(signal.SIGCONT)
    wait_for_state(target.pid, "S")
    target.finish()
    traced.until("written")
    assert target.wait() == 4


def test_a_process_that_stands_still_is_traced_and_stays_where_it_is(start, trace) -> None:
    target = start("threads", 3)
    target.process.send_signal(signal.SIGSTOP)
    wait_for_state(target.pid, "T")
    traced = trace(target)
    assert traced.kinds() == ["tracing"]
    wait_for_state(target.pid, "tT")
    target.finish()
    traced.kill()
    wait_for_state(target.pid, "T")
    target.process.send_signal(signal.SIGCONT)
    assert target.wait() == 4


def test_a_killed_process_that_stood_still_is_captured(start, trace) -> None:
    target = start("threads", 3)
    traced = trace(target)
    target.process.send_signal(signal.SIGSTOP)
    wait_for_state(target.pid, "tT")
    target.process.kill()
    assert traced.until("written")["threads"] == 4
    assert target.wait() == -signal.SIGKILL


@needs_root
def test_another_users_process_and_one_that_forbids_it_are_traced_by_root(start, trace, tmp_path: Path) -> None:
    for name, options in (("other", {"user": NOBODY, "group": NOBODY, "cwd": "/"}), ("self", {})):
        target = start("undumpable", **options)
        traced = trace(target, path=tmp_path / name)
        target.finish()
        traced.until("written")
        assert target.wait() == 7
        check_core(traced, target.pid, 1)


@needs_root
def test_a_process_in_a_container_is_traced_from_outside(start, trace) -> None:
    outer = start("return", 3, prefix=("unshare", "--pid", "--mount", "--fork", "--mount-proc"))
    (inner,) = (int(pid) for pid in Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split())
    target = type(outer)(outer.process, inner)
    traced = trace(target)
    target.finish()
    assert traced.until("written")["status"] == 3 << 8
    assert outer.wait() == 3
    check_core(traced, inner, 1)


def test_gdb_reads_threads_and_names_of_the_core(start, trace, program: Path) -> None:
    if subprocess.run(["which", "gdb"], capture_output=True, check=False).returncode:
        pytest.skip("gdb is not here")
    target = start("threads", 3)
    traced = trace(target)
    target.process.kill()
    traced.until("written")
    command = ["gdb", "-nx", "-batch", "-ex", "thread apply all bt", str(program), str(traced.path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.count("LWP") >= 4
    assert "pause" in said
    assert "main" in said
