"""The doctor's lines about catching: what is heard of, what can be missed, whether ends can be captured."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotnet_targets import needs_root

from octotui.cli.doctor.catching import at_exit, catching, try_to_trace
from octotui.cli.doctor.check import Check, Status, ok, warning
from octotui.dumps.rights import Rights

ROOT, USER = Rights(0, 0), Rights(1000, 1000)


def proc_with(directory: Path, capabilities: str) -> Path:
    (directory / "self").mkdir(parents=True)
    (directory / "self/status").write_text(f"CapEff:\t{capabilities}\n")
    return directory


def test_where_the_kernel_tells_of_starts_no_process_is_too_short() -> None:
    check = catching(ok("process events", "on: buffer of 33 MB"), ROOT)
    assert (check.status, check.fix) == (Status.OK, "")
    assert "any length" in check.detail


def test_a_small_buffer_of_events_still_hears_of_each_start() -> None:
    assert catching(warning("process events", "on: buffer of 212 kB; a storm can overflow"), ROOT).status is Status.OK


def test_without_root_it_says_what_is_missed_and_how_to_miss_nothing() -> None:
    check = catching(warning("process events", "not available (needs root): octotui polls", "sudo x"), USER)
    assert check.status is Status.WARNING
    assert "shorter than about 50 ms can be missed" in check.detail
    assert check.fix.startswith("sudo ")
    assert check.is_command


@pytest.mark.parametrize(
    ("rights", "capabilities", "status", "part"),
    [
        (ROOT, "000001ffffffffff", Status.OK, "catch --at-exit"),
        (ROOT, "0", Status.WARNING, "CAP_SYS_PTRACE"),
        (USER, "0", Status.WARNING, "only processes of this user"),
        (Rights(1000, 1000, 1), "0", Status.WARNING, "ptrace_scope = 1"),
        (Rights(0, 0, 3), "000001ffffffffff", Status.FAILURE, "ptrace_scope = 3"),
    ],
)
def test_yama_and_capabilities_decide_whether_ends_can_be_captured(
    tmp_path: Path, rights: Rights, capabilities: str, status: Status, part: str
) -> None:
    check: Check = at_exit(rights, proc_with(tmp_path, capabilities), lambda: "")
    assert check.status is status
    assert part in check.detail
    assert bool(check.fix) is (status is not Status.OK)


def test_a_seccomp_filter_that_refuses_the_trace_is_told(tmp_path: Path) -> None:
    proc = proc_with(tmp_path, "000001ffffffffff")
    check = at_exit(ROOT, proc, lambda: "Operation not permitted")
    assert check.status is Status.WARNING
    assert "seccomp" in check.detail


@needs_root
def test_the_trial_traces_a_real_process_and_leaves_none() -> None:
    assert try_to_trace() == ""
