"""Who is not asked, and why: told from the facts before a socket is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from octotui.dotnet.asking import why_not
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.processes.model import ProcessKey

FACTS = RuntimeFacts(
    ProcessKey(10, 100), RuntimeKind.CORECLR, socket=DiagnosticsSocket("/tmp/socket", 10, 1000), state="S", uid=1000
)


def test_one_that_runs_can_be_asked_by_its_user_and_by_root() -> None:
    assert why_not(FACTS, 1000) is None
    assert why_not(FACTS, 0) is None


@pytest.mark.parametrize(
    ("changes", "code", "words", "hint"),
    [
        ({"kind": RuntimeKind.NONE, "socket": None}, "not-dotnet", "is not a .NET process", "--tree"),
        ({"socket": None, "socket_problem": "off"}, "no-socket", "cannot be asked: off", "octotui dump 10"),
        ({"socket": None}, "no-socket", "no diagnostics socket", "octotui dump 10"),
        ({"socket": None, "unreadable": "denied"}, "unreadable", "denied", "sudo"),
        ({"state": "T"}, "stopped", "is stopped", "kill -CONT 10"),
        ({"state": "t"}, "stopped", "is stopped", "kill -CONT 10"),
        ({"state": "Z"}, "process-gone", "has ended", "tree"),
        ({"tracer_pid": 7, "tracer_name": "gdb"}, "traced", "traced by gdb (7)", "end that tool"),
        ({"tracer_pid": 7, "state": "t"}, "traced", "traced by 7", "end that tool"),
        ({"waits_at_start": "DOTNET_X=1"}, "suspended", "waits at its start", "let that tool continue"),
    ],
)
def test_what_speaks_against_it_is_said_with_the_next_step(
    changes: dict[str, Any], code: str, words: str, hint: str
) -> None:
    error = why_not(replace(FACTS, **changes), 1000)
    assert error is not None
    assert error.code == code
    assert words in error.message
    assert hint in (error.hint or "")


def test_another_user_is_told_to_use_sudo() -> None:
    error = why_not(FACTS, 2000)
    assert error is not None
    assert (error.code, error.hint) == ("denied", "sudo octotui stacks 10")


def test_one_whose_end_octotui_waits_for_can_be_asked() -> None:
    assert why_not(replace(FACTS, tracer_pid=7, tracer_name="octotui-tracer:"), 1000) is None
