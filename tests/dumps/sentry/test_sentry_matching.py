"""Whom a rule means, by what can be read of a process in the moment of its exec."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sentry_world import Children, key_of, kill, program

from octotui.dumps.sentry.glance import Glance
from octotui.dumps.sentry.matching import Matcher
from octotui.dumps.sentry.orders import Arm, Unusable
from octotui.processes.model import ProcessKey

KEY = ProcessKey(1, 1)
"""A process that is always there, for its owner is asked."""


def rule(**whom: Any) -> Arm:
    fields = {"role": "", "filter": "", "name": "", "under": None, "key": None, **whom}
    return Arm(
        id=1, hold=False, hold_seconds=1, hold_services=False, at_exit=False, any_status=False, count=1, trace=None,
        want_ready=False, **fields,
    )  # fmt: skip


def glance(*words: str, name: str = "", exe: str | None = None, state: bytes = b"R") -> Glance:
    """A process of this command line; its executable is the first word unless it is given."""
    raw = "\0".join(words).encode() + b"\0" if words else b""
    executable = exe if exe is not None else (words[0] if words else "")
    short = (name or os.path.basename(executable))[:15]
    return Glance(-1, KEY, short.encode(), state, 1, False, raw, executable)


def matches(found: Glance, **whom: Any) -> bool:
    return Matcher(rule(**whom), frozenset()).matches(found)


CALAMARI = glance("/opt/Calamari", "run-script", "--script=a.sh")
DLL = glance("/usr/bin/dotnet", "/work/Calamari.dll", "deploy-package", "-taskId", "ServerTasks-12")
MONO = glance("/usr/bin/mono", "/work/Calamari.exe", "run-script")
TENTACLE = glance("/opt/tentacle/Tentacle", "run", "--instance=web-blue")


@pytest.mark.parametrize(
    ("found", "role", "is_meant"),
    [
        (CALAMARI, "calamari", True),
        (DLL, "calamari", True),
        (MONO, "calamari", True),
        (MONO, "calamari-legacy", True),
        (CALAMARI, "calamari-legacy", False),
        (TENTACLE, "tentacle-service", True),
        (TENTACLE, "calamari", False),
        (glance(name="Calamari", state=b"Z"), "calamari", True),
        (glance("dotnet", exe="/usr/bin/dotnet"), "calamari", False),
        (glance("bash", "-c", "Calamari", exe="/bin/bash"), "calamari", False),
    ],
)
def test_a_role_is_that_of_the_view(found: Glance, role: str, is_meant: bool) -> None:
    assert matches(found, role=role) is is_meant


@pytest.mark.parametrize(
    ("found", "name", "is_meant"),
    [
        (CALAMARI, "calamari", True),
        (DLL, "Calamari.dll", True),
        (DLL, "Calamari", True),
        (DLL, "dotnet", True),
        (DLL, "deploy-package", False),
        (glance("python3", "/opt/tool.py", "x", exe="/usr/bin/python3.11"), "tool.py", True),
        (glance("/opt/a-name-that-is-longer-than-the-kernels"), "a-name-that-is-longer-than-the-kernels", True),
    ],
)
def test_a_name_is_what_a_person_would_call_it(found: Glance, name: str, is_meant: bool) -> None:
    assert matches(found, name=name) is is_meant


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        ("deploy-package", True),
        ("role:calamari -mono", True),
        ("task:ServerTasks-12", True),
        ("task:ServerTasks-13", False),
        (f"pid:{KEY.pid}", True),
        (f"user:{os.stat('/proc/1').st_uid}", True),
        ("user:12345678", False),
        ("run-script", False),
        ("-dotnet", False),
        ("deploy cpu>90 age<5m", True),
    ],
)
def test_a_filter_is_asked_what_is_known_at_the_exec(text: str, is_meant: bool) -> None:
    assert matches(DLL, filter=text) is is_meant


def test_a_filter_that_compares_figures_stays_open() -> None:
    assert Matcher(rule(filter="deploy mem>1g"), frozenset()).is_open
    assert not Matcher(rule(filter="deploy"), frozenset()).is_open


@pytest.mark.parametrize("whom", [{"role": "x"}, {"role": "ssh-session"}, {"role": "none"}, {"filter": "role:"}, {}])
def test_whom_nobody_can_be_is_refused(whom: dict[str, str]) -> None:
    with pytest.raises(Unusable) as caught:
        Matcher(rule(**whom), frozenset())
    assert caught.value.about == {"id": 1}


def test_octotui_those_above_it_and_tools_that_capture_are_never_meant() -> None:
    assert not Matcher(rule(name="Calamari"), frozenset({KEY})).matches(CALAMARI)
    assert matches(CALAMARI, name="Calamari")
    for words in (["/usr/bin/createdump", "1"], ["/usr/bin/gcore", "1"], ["/venv/bin/python", "-m", "octotui"]):
        assert not matches(glance(*words), name=os.path.basename(words[0]))
    assert Matcher(rule(key=KEY), frozenset({KEY})).matches(CALAMARI)


def test_of_a_zombie_it_is_said_whether_it_could_have_been_one() -> None:
    by_role = Matcher(rule(role="calamari"), frozenset())
    assert by_role.could_have_meant(glance(name="dotnet", state=b"Z"))
    assert not by_role.could_have_meant(glance(name="true", state=b"Z"))
    assert Matcher(rule(filter="deploy"), frozenset()).could_have_meant(glance(name="true", state=b"Z"))


def test_under_means_the_very_process_at_any_depth(made: Children, home: Path) -> None:
    shell = made.start("sh", "-c", f"{program(home)} run & echo $!; wait")
    assert shell.stdout is not None
    calamari = int(shell.stdout.readline())
    found = Glance.at(calamari)
    assert found is not None
    try:
        with closing(found):
            assert matches(found, filter=f"pid:{calamari}", under=key_of(shell.pid))
            assert matches(found, filter=f"pid:{calamari}", under=key_of(os.getpid()))
            stranger = key_of(shell.pid)._replace(started=key_of(shell.pid).started + 1)
            assert not matches(found, filter=f"pid:{calamari}", under=stranger)
            assert not matches(found, filter=f"pid:{calamari}", under=key_of(calamari))
    finally:
        kill(calamari)


@pytest.mark.parametrize(("above", "is_tool"), [("Calamari", True), ("Other", False)])
def test_kubectl_is_a_tool_only_below_calamari(made: Children, home: Path, above: str, is_tool: bool) -> None:
    parent = made.start(program(home, above), "spawn", program(home, "kubectl"), "1", "0", "live", "60000000")
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    try:
        found = Glance.at(pid)
        assert found is not None
        with closing(found):
            assert matches(found, role="tool") is is_tool
            assert matches(found, filter="role:tool") is is_tool
            assert not matches(found, role="calamari")
    finally:
        kill(pid)
