"""`octotui doctor PID`: every line about one process, from made-up facts and a scripted planner."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doctor_world import PID, a_world, facts_of
from scripted_service import KEY, ScriptedHost, ScriptedService, plan_of, refusal, step

from octotui.cli.doctor import layout
from octotui.cli.doctor.check import Check, Status, failure, ok, warning
from octotui.cli.doctor.process import answers, backends_of, createdump_of, examine, room, runtime_of
from octotui.dotnet.model import CreatedumpTool, DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps import commands
from octotui.dumps.backends.registry import default_backends
from octotui.dumps.model import DumpPlan, DumpRequest, LeftOut, PassedOver
from octotui.dumps.rights import Rights
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey

ROOT = Rights(0, 0)
MISSING = CreatedumpTool("/d/createdump", "/d/createdump", False, "there is no /d/createdump")


def planned(*steps: Any, **of: Any) -> DumpPlan:
    return plan_of(*steps, **of)(DumpRequest((KEY,)))


def a_host(plan: Any) -> Any:
    service: Any = ScriptedService(plan)
    service.backends = default_backends(ROOT)
    return ScriptedHost(service)


async def examined(tmp_path: Path, facts: RuntimeFacts, plan: Any) -> dict[str, Check]:
    world = a_world(tmp_path, target_uid=os.geteuid())
    found = await examine(a_host(plan), None, KEY, roots=world.roots, rights=ROOT, inspect=lambda _: facts)  # type: ignore[arg-type]
    assert all(check.group and check.as_json()["code"] for check in found)
    return {check.title: check for check in found}


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        (facts_of(), Status.OK, "runtime"),
        (facts_of(kind=RuntimeKind.SINGLE_FILE), Status.OK, "single-file"),
        (facts_of(waits_at_start="DOTNET_DiagnosticPorts=/tmp/p"), Status.WARNING, "suspended"),
        (facts_of(kind=RuntimeKind.UNKNOWN, unreadable="maps cannot be read"), Status.WARNING, "runtime"),
    ],
)
def test_the_runtime_is_named_with_what_it_limits(facts: RuntimeFacts, status: Status, code: str) -> None:
    check = runtime_of(facts)
    assert (check.status, check.code) == (status, code)
    assert bool(check.fix) is (status is not Status.OK)


@pytest.mark.parametrize(
    ("tool", "status", "code"),
    [
        (MISSING, Status.WARNING, "createdump-missing"),
        (None, Status.WARNING, "createdump-missing"),
        (replace(MISSING, problem="it is not executable"), Status.WARNING, "createdump-not-runnable"),
        (CreatedumpTool("/d/c", "/d/c", True, untrusted="/d"), Status.OK, "createdump-untrusted"),
        (CreatedumpTool("/d/c", "/d/c", True), Status.OK, "createdump"),
    ],
)
def test_createdump_is_held_against_what_a_capture_needs(
    tool: CreatedumpTool | None, status: Status, code: str
) -> None:
    check = createdump_of(facts_of(createdump=tool))
    assert (check.status, check.code) == (status, code)
    assert bool(check.fix) is (status is not Status.OK)


async def test_a_socket_that_nobody_answers_sends_the_capture_to_createdump(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        asked = facts_of(key=ProcessKey(os.getpid(), 1), socket=DiagnosticsSocket(str(path), os.getpid(), os.geteuid()))
        check = await answers(asked, ROOT, seconds=0.05)
    assert (check.status, check.code) == (Status.WARNING, "diagnostics-timeout")
    assert check.fix == commands.octotui("dump", str(os.getpid()), "--backend", "createdump")


async def test_a_stopped_process_and_anothers_socket_are_not_asked() -> None:
    assert "not asked" in (await answers(facts_of(state="T"), ROOT)).detail
    denied = await answers(facts_of(), Rights(65534, 65534))
    assert denied.fix == commands.as_root("doctor", str(PID))


async def test_no_socket_because_diagnostics_are_off_needs_no_fix() -> None:
    check = await answers(facts_of(socket=None, socket_problem="switched off by COMPlus_EnableDiagnostics=0"), ROOT)
    assert (check.status, check.code, check.fix) == (Status.OK, "no-socket", "")
    assert "COMPlus_EnableDiagnostics=0" in check.detail


@pytest.mark.parametrize(
    ("limit", "status"), [("max", Status.OK), ("2000000000", Status.OK), ("100000000", Status.WARNING)]
)
def test_the_room_in_the_control_group_is_held_against_the_dump(tmp_path: Path, limit: str, status: Status) -> None:
    world = a_world(tmp_path)
    world.file(f"proc/{PID}/cgroup", "0::/work\n")
    world.file("sys/fs/cgroup/work/memory.max", f"{limit}\n")
    world.file("sys/fs/cgroup/work/memory.current", "50000000\n")
    check = room(facts_of(), world.roots)
    assert (check.status, check.code) == (status, "memory-limit")
    assert check.is_command is (status is Status.WARNING)


def test_each_backend_is_used_or_has_its_reason() -> None:
    passed = replace(step(), passed_over=(PassedOver("createdump", "not needed"),))
    lines = {check.title: check for check in backends_of(facts_of(), planned(passed), default_backends(ROOT))}
    assert lines["ipc"].detail.startswith("would be used")
    assert "not needed" in lines["createdump"].detail
    refused = planned(left_out=(LeftOut(step().target, "x"),))
    stopped = backends_of(facts_of(state="T", createdump=None), refused, default_backends(ROOT))
    assert all(check.detail.startswith("cannot: ") for check in stopped if check.title in ("ipc", "createdump"))


async def test_a_process_that_can_be_captured_is_told_price_and_place(tmp_path: Path) -> None:
    lines = await examined(tmp_path, facts_of(uid=os.geteuid(), socket=None), plan_of(step()))
    assert lines["capture"].status is Status.OK
    assert "pause" in lines["capture"].detail and "pause" not in lines["destination"].detail


async def test_a_rule_of_the_kernel_is_the_outcome_where_the_plan_does_not_know_it(tmp_path: Path) -> None:
    a_world(tmp_path).write(sys__fs__selinux__enforce="1", sys__fs__selinux__booleans__deny_ptrace="1 1")
    lines = await examined(tmp_path, facts_of(uid=os.geteuid(), socket=None), plan_of(step()))
    assert (lines["capture"].status, lines["capture"].fix) == (Status.FAILURE, "sudo setsebool deny_ptrace off")


async def test_a_refused_process_has_the_refusal_as_its_outcome(tmp_path: Path) -> None:
    plan = plan_of(left_out=(LeftOut(step().target, "x"),), remarks=(refusal(KEY),))
    lines = await examined(tmp_path, facts_of(uid=os.geteuid(), socket=None), plan)
    assert (lines["capture"].status, lines["capture"].code) == (Status.FAILURE, refusal(KEY).code)


async def test_a_process_that_is_gone_or_not_dotnet_is_one_line(tmp_path: Path) -> None:
    def gone(_: ProcessKey) -> RuntimeFacts:
        raise ProcessGone("it has ended")

    (line,) = await examine(a_host(plan_of()), None, KEY, rights=ROOT, inspect=gone)  # type: ignore[arg-type]
    assert (line.status, line.code, line.is_command) == (Status.FAILURE, "process-gone", True)
    other = facts_of(kind=RuntimeKind.NONE)
    (line,) = await examine(a_host(plan_of()), None, KEY, rights=ROOT, inspect=lambda _: other)  # type: ignore[arg-type]
    assert (line.code, line.fix) == ("not-dotnet", commands.octotui("dump", "--tree", str(PID)))


@pytest.mark.parametrize(
    ("hint", "is_command"),
    [
        ("sudo chmod a+x '/opt/a b/createdump'", True),
        ("chmod 700 /var/lib/octotui/dumps", True),
        ("end that tracer or wait for it: ps -fp 7", False),
        ("octotui dump --output DIR", False),
        ("docker run --pid=host ...", False),
        ("chmod 700 '/tmp/two↵lines'", False),
        ("chmod 700 '/tmp/unclosed", False),
        ("choose another --output DIR", False),
        ("", False),
    ],
)
def test_only_a_whole_command_is_shown_as_one(hint: str, is_command: bool) -> None:
    assert warning("x", "y", hint).is_command is is_command


def test_a_line_names_octotui_by_its_path_since_a_shell_may_not_find_it() -> None:
    whole = warning("x", "y", "octotui dumps remove --yes 'a b.dmp'").within("host")
    assert whole.fix == commands.octotui("dumps", "remove", "--yes", "a b.dmp")
    assert whole.is_command
    assert warning("x", "y", "octotui dump --output DIR").within("host").fix == "octotui dump --output DIR"


@pytest.mark.parametrize("path", ["/a b", "/it's", "/$(reboot)", "/`reboot`", "/a;b", '/"'])
def test_a_path_is_quoted_so_that_a_shell_gives_it_back_whole(path: str) -> None:
    import subprocess

    line = commands.safe_path(path, lambda quoted: f"printf %s {quoted}", "no")
    assert subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout == path


@pytest.mark.parametrize("path", ["/a\nb", "/\x1b[2J", "/a\u202eb", "-rf", "relative"])
def test_a_path_that_cannot_be_pasted_gets_a_sentence(path: str) -> None:
    assert commands.safe_path(path, lambda quoted: f"rm {quoted}", "no") == "no"


def test_lines_fit_eighty_columns_and_commands_stay_whole() -> None:
    command = "sudo chmod a+x " + "/a" * 60
    checks = [ok("a", "word " * 40).within("host"), failure("b" * 30, "no", command).within("host")]
    lines = list(layout.lines(checks, 80))
    assert [line for line in lines if len(line) > 80] == [f"    fix: {command}"]
    assert lines[0] == "host:"
    assert all(re.match(r" {2}", line) for line in lines[1:])
    assert len(list(layout.lines(checks, 0))) == 4
