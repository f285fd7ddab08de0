"""`octotui doctor PID`: whether live stacks will work, why not, and what helps; nothing is asked of the process."""

from __future__ import annotations

from typing import Any

import pytest
from doctor_world import PID, facts_of

from octotui.cli.doctor.check import Status
from octotui.cli.doctor.process import stacks_of
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dumps import commands


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.dotnet.asking.os.geteuid", lambda: 0)


@pytest.mark.parametrize("version", ["5.0.17", "8.0.4", "10.0.9", "30.0.0", ""])
def test_a_healthy_process_is_told_the_command(version: str) -> None:
    check = stacks_of(facts_of(version=version))
    assert (check.title, check.status) == ("stacks", Status.OK)
    assert commands.octotui("stacks", str(PID)) in check.detail


@pytest.mark.parametrize("version", ["3.1.23", "2.1.30"])
def test_an_old_runtime_is_looked_at_after_a_dump(version: str) -> None:
    check = stacks_of(facts_of(version=version))
    assert check.status is Status.WARNING
    assert "hang" in check.detail
    assert check.fix == commands.octotui("dump", str(PID))


@pytest.mark.parametrize(
    ("changes", "why", "fix"),
    [
        ({"state": "T"}, "is stopped", f"kill -CONT {PID}"),
        ({"state": "t", "tracer_pid": 7, "tracer_name": "gdb"}, "traced by gdb (7)", "end that tool"),
        ({"socket": None, "socket_problem": "switched off"}, "switched off", "dump"),
        ({"waits_at_start": "DOTNET_DiagnosticPorts=/run/p"}, "waits at its start", "let that tool continue it"),
        ({"state": "Z"}, "has ended", "tree"),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_helps(changes: dict[str, Any], why: str, fix: str) -> None:
    check = stacks_of(facts_of(**changes))
    assert check.status is Status.WARNING
    assert why in check.detail
    assert fix in check.fix


def test_the_value_of_a_variable_of_the_process_is_not_told() -> None:
    assert "/run/p" not in stacks_of(facts_of(waits_at_start="DOTNET_DiagnosticPorts=/run/p")).detail


def test_anothers_process_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.dotnet.asking.os.geteuid", lambda: 65534)
    check = stacks_of(facts_of(socket=DiagnosticsSocket("/tmp/s", PID, 1000)))
    assert check.status is Status.WARNING
    assert "sudo" in check.fix
