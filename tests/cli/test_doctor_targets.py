"""The doctor's lines about runtimes and about the processes that could be captured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scripted_service import CALAMARI, KEY, SHELL, ScriptedHost, ScriptedService, plan_of, refusal, step

from octotui.cli.doctor import targets
from octotui.cli.doctor.check import Status
from octotui.dotnet.model import CreatedumpTool, RuntimeFacts, RuntimeKind
from octotui.dumps.model import DumpPlan, DumpRequest, LeftOut, Remark, Severity, Step
from octotui.errors import DiagnosticsError, NothingMatched, ProcessGone
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample, Snapshot

REQUEST = DumpRequest((KEY,))


def sample_of(*meanings: tuple[int, Meaning]) -> Sample:
    keys = [ProcessKey(pid, 100) for pid, _ in meanings]
    processes = {key: ProcessInfo(key, 1, "x") for key in keys}
    snapshot = Snapshot("web-07", datetime(2024, 5, 1, tzinfo=UTC), 100.0, 1000.0, processes)
    return Sample(snapshot, meanings=dict(zip(keys, (meaning for _, meaning in meanings), strict=True)))


SAMPLE = sample_of(
    (14220, Meaning("calamari", "Calamari", dotnet=True)),
    (14233, Meaning("user-script", "script", dotnet=False)),
    (500, Meaning("none", dotnet=True)),
    (600, Meaning("tentacle-service", "Tentacle", dotnet=True, is_own=True)),
)


def facts(tool: CreatedumpTool | None, directory: str = "/opt/dotnet/8.0.4") -> RuntimeFacts:
    return RuntimeFacts(KEY, RuntimeKind.CORECLR, "8.0.4", directory, tool)


def plan(*steps: Step, left_out: tuple[LeftOut, ...] = (), remarks: tuple[Remark, ...] = ()) -> DumpPlan:
    return plan_of(*steps, left_out=left_out, remarks=remarks)(REQUEST)


def test_octopus_dotnet_processes_are_chosen_and_our_own_family_is_not() -> None:
    assert targets.chosen(SAMPLE, None) == (KEY,)


def test_a_named_pid_is_chosen_whatever_it_is() -> None:
    assert targets.chosen(SAMPLE, 14233)[0].pid == 14233
    with pytest.raises(NothingMatched):
        targets.chosen(SAMPLE, 4_194_303)


@pytest.mark.parametrize(
    ("tool", "status", "words"),
    [
        (CreatedumpTool("/d/createdump", "/d/createdump", True), Status.OK, "createdump found"),
        (CreatedumpTool("/d/createdump", "/d/createdump", True, untrusted="/d"), Status.OK, "root never starts it"),
        (CreatedumpTool("/d/createdump", "/d/createdump", False, "it is not executable"), Status.WARNING, "not exec"),
        (None, Status.WARNING, "not there"),
    ],
)
def test_a_runtime_is_held_against_its_createdump(tool: CreatedumpTool | None, status: Status, words: str) -> None:
    (check,) = targets.runtimes(sample_of((1, Meaning(dotnet=True))), lambda _: facts(tool))
    assert (check.status, words in check.detail) == (status, True)
    assert "8.0.4" in check.title


def test_each_runtime_is_one_line_however_many_processes_run_on_it() -> None:
    many = sample_of(*((pid, Meaning(dotnet=True)) for pid in range(10, 20)))
    tool = CreatedumpTool("/d/createdump", "/d/createdump", True)
    found = targets.runtimes(many, lambda key: facts(tool, f"/opt/{key.pid % 2}"))
    assert len(found) == 2


def test_a_process_that_goes_while_it_is_looked_at_is_passed_by() -> None:
    def gone(_: ProcessKey) -> RuntimeFacts:
        raise ProcessGone("it ended")

    (check,) = targets.runtimes(SAMPLE, gone)
    assert check.status is Status.OK


def test_a_runtime_directory_of_a_stranger_cannot_drive_the_terminal() -> None:
    (check,) = targets.runtimes(sample_of((1, Meaning(dotnet=True))), lambda _: facts(None, "/tmp/\x1b[2J"))
    assert "\x1b" not in check.detail


def test_a_ready_process_is_told_backend_size_and_pause() -> None:
    check = targets.planned("Calamari 14220", plan(step()))
    assert check.status is Status.OK
    assert check.detail == "heap dump by ipc, about 157 MB, pause about 6.1 s"


def test_a_warning_of_the_plan_is_a_warning_of_the_doctor() -> None:
    remark = Remark(Severity.WARNING, "pause", "it may lose its connection", "capture later", KEY)
    check = targets.planned("Calamari 14220", plan(step(), remarks=(remark,)))
    assert (check.status, check.fix) == (Status.WARNING, "capture later")


def test_a_refused_process_is_a_failure_with_its_fix() -> None:
    check = targets.planned("Calamari 14220", plan(left_out=(LeftOut(CALAMARI, "x"),), remarks=(refusal(KEY),)))
    assert (check.status, check.fix) == (Status.FAILURE, "octotui dump --output DIR")


def test_a_process_that_ended_meanwhile_is_no_failure_of_the_host() -> None:
    gone = Remark(Severity.REFUSAL, "process-gone", "it has ended", "look again", KEY)
    check = targets.planned("Calamari 14220", plan(left_out=(LeftOut(CALAMARI, "x"),), remarks=(gone,)))
    assert (check.status, check.detail) == (Status.WARNING, "it has ended meanwhile")


def test_a_process_that_is_not_dotnet_is_a_warning_with_the_reason() -> None:
    check = targets.planned("script 14233", plan(left_out=(LeftOut(SHELL, "it is not .NET"),)))
    assert (check.status, check.detail) == (Status.WARNING, "it is not .NET")


async def test_readiness_goes_by_the_planner_and_submits_nothing() -> None:
    service = ScriptedService(plan_of(step()))
    host: Any = ScriptedHost(service)
    (check,) = await targets.readiness(host, SAMPLE, (KEY,))
    assert check.title == "Calamari 14220"
    assert service.submitted == []


async def test_a_planner_that_fails_is_a_line_and_not_the_end() -> None:
    def broken(_: DumpRequest) -> DumpPlan:
        raise DiagnosticsError("the socket does not answer", hint="octotui dump --backend createdump")

    host: Any = ScriptedHost(ScriptedService(broken))
    (check,) = await targets.readiness(host, SAMPLE, (KEY,))
    assert (check.status, check.fix) == (Status.FAILURE, "octotui dump --backend createdump")


async def test_no_targets_is_said(tmp_path: Path) -> None:
    host: Any = ScriptedHost(ScriptedService(plan_of()))
    (check,) = await targets.readiness(host, replace(SAMPLE, meanings={}), ())
    assert check.status is Status.OK


def test_a_hostile_path_of_a_runtime_is_in_no_advised_command() -> None:
    path = "/tmp/';reboot;'/createdump"
    tool = CreatedumpTool(path, path, False, "it is not executable")
    (check,) = targets.runtimes(sample_of((1, Meaning(dotnet=True))), lambda _: facts(tool))
    assert "reboot" not in check.fix
    assert "sudo" not in check.fix
