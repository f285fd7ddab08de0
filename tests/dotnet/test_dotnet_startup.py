"""A runtime that waits at its start: by which variable, and whether it waits still."""

from __future__ import annotations

from pathlib import Path

import pytest

from octotui.dotnet.startup import suspended_by, waits_at_start

WAITING = ("dotnet", ".NET SynchManag", ".NET EventPipe")
RUNNING = (*WAITING, ".NET Finalizer")


@pytest.mark.parametrize(
    ("variable", "is_suspended"),
    [
        ("DOTNET_DefaultDiagnosticPortSuspend=1", True),
        ("COMPlus_DefaultDiagnosticPortSuspend=1", True),
        ("DOTNET_DefaultDiagnosticPortSuspend=0", False),
        ("DOTNET_DefaultDiagnosticPortSuspend=0x0", False),
        ("DOTNET_DefaultDiagnosticPortSuspend=", False),
        ("DOTNET_DiagnosticPorts=/run/monitor", True),
        ("DOTNET_DiagnosticPorts=/run/monitor,suspend,connect", True),
        ("DOTNET_DiagnosticPorts=/run/monitor, NoSuspend", False),
        ("DOTNET_DiagnosticPorts=/run/a,nosuspend;/run/b", True),
        ("DOTNET_DiagnosticPorts=;", False),
        ("PATH=/bin", False),
    ],
)
def test_variable_suspends_a_runtime_or_does_not(variable: str, is_suspended: bool) -> None:
    name, _, value = variable.encode().partition(b"=")
    assert suspended_by({name: value}) == (variable if is_suspended else "")


def process_with(threads: tuple[str, ...], proc: Path) -> None:
    for number, name in enumerate(threads):
        thread = proc / "7/task" / str(number)
        thread.mkdir(parents=True)
        (thread / "comm").write_text(f"{name}\n")


@pytest.mark.parametrize(("threads", "waits"), [(WAITING, True), (RUNNING, False), (("dotnet",), False), ((), False)])
def test_runtime_waits_as_long_as_it_has_a_server_and_no_finalizer(
    tmp_path: Path, threads: tuple[str, ...], waits: bool
) -> None:
    process_with(threads, tmp_path)
    environment = {b"DOTNET_DefaultDiagnosticPortSuspend": b"1"}
    assert bool(waits_at_start(7, environment, tmp_path)) is waits
    assert waits_at_start(7, {}, tmp_path) == ""


def test_hostile_value_is_printable() -> None:
    assert "\x1b" not in suspended_by({b"DOTNET_DiagnosticPorts": b"/run/\x1b[2J" + b"x" * 9999})
    assert len(suspended_by({b"DOTNET_DiagnosticPorts": b"x" * 9999})) <= 120
