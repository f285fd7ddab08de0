"""Names of all variables, values only as a rule lets them through."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from fakeproc import FakeProc

from octotui.errors import ProcessGone
from octotui.processes.environment import LONGEST_ENVIRONMENT, Environment, environment, parse_environment
from octotui.processes.model import ProcessInfo
from octotui.processes.procfs import ProcfsSource


def rule(name: str, value: str) -> str | None:
    return value if name.startswith("Tentacle") else None


@pytest.fixture
def sleeper() -> Iterator[ProcessInfo]:
    child = subprocess.Popen(["/bin/sleep", "600"], env={"TentacleHome": "/home/\x1b[31mt", "MASTER_KEY": "hunter2"})
    try:
        found = ProcfsSource(tuple).read().find(child.pid)
        assert found is not None
        yield found
    finally:
        child.kill()
        child.wait()


def values(found: Environment) -> dict[str, str | None]:
    return {variable.name: variable.value for variable in found.variables}


def test_only_what_the_rule_lets_through_is_kept(sleeper: ProcessInfo) -> None:
    found = environment(sleeper, shown_value=rule)
    assert values(found) == {"TentacleHome": "/home/␛[31mt", "MASTER_KEY": None}
    assert "hunter2" not in repr(found)


def test_fragments_of_values_are_counted_and_not_taken_for_names() -> None:
    raw = b"HOME=/root\0ret of a secret\0x y=1\0=\0\xff\x1b=2\0" + b"A" * 200 + b"=3\0_=x\0"
    found = parse_environment(raw, rule)
    assert values(found) == {"HOME": None, "_": None}
    assert found.nameless == 5
    assert not found.is_cut


def test_an_endless_environment_is_cut_between_two_variables(fake_proc: FakeProc) -> None:
    (fake_proc.add(80) / "environ").write_bytes(b"A=1\0" + b"B=" + b"x" * LONGEST_ENVIRONMENT + b"\0C=1\0")
    (process,) = ProcfsSource(tuple, fake_proc.root).read().processes.values()
    found = environment(process, shown_value=rule, proc=fake_proc.root)
    assert (values(found), found.is_cut) == ({"A": None}, True)


def test_a_process_that_has_ended_is_gone(fake_proc: FakeProc) -> None:
    fake_proc.add(80)
    (process,) = ProcfsSource(tuple, fake_proc.root).read().processes.values()
    fake_proc.remove(80)
    with pytest.raises(ProcessGone):
        environment(process, shown_value=rule, proc=fake_proc.root)
