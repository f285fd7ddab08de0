"""Facts that are read for one process only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fakeproc import FakeProc

from octotui.errors import ProcessGone
from octotui.processes.detail import ProcessDetail, detail
from octotui.processes.model import ProcessInfo, ProcessKey
from octotui.processes.procfs import ProcfsSource

ENVIRONMENT = {"TentacleHome": "/home/\x1b[31mtentacle", "DOTNET_gcServer": "1", "MASTER_KEY": "hunter2"}


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple(argument.replace("hunter2", "***") for argument in argv)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[tuple[ProcessInfo, Path]]:
    """A child that runs a file of its own, with a known environment."""
    program = Path(shutil.copy("/bin/sleep", tmp_path / "Calamari"))
    child = subprocess.Popen([program, "600"], env=ENVIRONMENT)
    try:
        found = ProcfsSource(masked).read().find(child.pid)
        assert found is not None
        yield found, program
    finally:
        child.kill()
        child.wait()


def ours() -> ProcessInfo:
    found = ProcfsSource(masked).read().find(os.getpid())
    assert found is not None
    return found


def variables(found: ProcessDetail) -> dict[str, str | None]:
    return {variable.name: variable.value for variable in found.environment}


def test_only_allowed_variables_show_their_values(sleeper: tuple[ProcessInfo, Path]) -> None:
    found = detail(sleeper[0], redact=masked, shown_variables=("TentacleHome", "DOTNET_*"))
    assert variables(found) == {"TentacleHome": "/home/␛[31mtentacle", "DOTNET_gcServer": "1", "MASTER_KEY": None}
    assert "hunter2" not in repr(found)


def test_an_allowed_value_is_redacted_all_the_same(sleeper: tuple[ProcessInfo, Path]) -> None:
    assert variables(detail(sleeper[0], redact=masked, shown_variables=("MASTER_KEY",)))["MASTER_KEY"] == "***"


def test_limits_files_and_tracer_of_a_real_process_are_read(sleeper: tuple[ProcessInfo, Path]) -> None:
    found = detail(sleeper[0], redact=masked)
    assert found.open_files is not None
    assert found.open_files >= 3
    limit = found.limit("Max open files")
    assert limit is not None
    assert limit.soft.isdecimal()
    assert found.limit("Max nonsense") is None
    assert (found.tracer_pid, found.tracer_name, found.executable_state, found.listening) == (0, "", "", ())


def test_an_executable_that_was_deleted_or_replaced_is_told(sleeper: tuple[ProcessInfo, Path]) -> None:
    process, program = sleeper
    program.unlink()
    assert detail(process, redact=masked).executable_state == "deleted"
    program.write_bytes(b"a newer version")
    assert detail(process, redact=masked).executable_state == "replaced"


def test_listening_ports_are_listed() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert f"127.0.0.1:{listener.getsockname()[1]}" in detail(ours(), redact=masked).listening


def test_a_process_that_ended_or_whose_pid_was_reused_is_gone() -> None:
    process = ours()
    other = replace(process, key=ProcessKey(process.pid, process.key.started + 1))
    with pytest.raises(ProcessGone) as caught:
        detail(other, redact=masked)
    assert str(process.pid) in caught.value.message


def test_what_another_user_may_not_read_is_missing_with_its_reason() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "import os\n"
        "from octotui.processes.detail import detail\n"
        "from octotui.processes.procfs import ProcfsSource\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = detail(ProcfsSource(tuple).read().find(1), redact=tuple)\n"
        "print(found.open_files, len(found.environment), found.tracer_pid)\n"
        "print(*(found.problems[name] for name in ('open_files', 'environment', 'executable_state')), sep='|')\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    facts, reasons = told.splitlines()
    assert facts == "None 0 0"
    assert set(reasons.split("|")) == {"not permitted to this user"}


def fake_home(fake_proc: FakeProc, environment: bytes = b"", status: bytes = b"TracerPid:\t0\n") -> ProcessInfo:
    home = fake_proc.add(80)
    (home / "environ").write_bytes(environment)
    (home / "status").write_bytes(status)
    (found,) = ProcfsSource(masked, fake_proc.root).read().processes.values()
    return found


def test_fragments_of_values_are_not_taken_for_names(fake_proc: FakeProc) -> None:
    process = fake_home(fake_proc, b"HOME=/root\0ret of a secret\0x y=1\0=\0\xff\x1b=2\0" + b"A" * 200 + b"=3\0_=x\0")
    assert variables(detail(process, redact=masked, proc=fake_proc.root)) == {"HOME": None, "_": None}


def test_an_endless_environment_is_cut_between_two_variables(fake_proc: FakeProc) -> None:
    process = fake_home(fake_proc, b"A=1\0" + b"B=" + b"x" * 300_000 + b"\0C=1\0")
    assert variables(detail(process, redact=masked, proc=fake_proc.root)) == {"A": None}


def test_a_tracer_is_named(fake_proc: FakeProc) -> None:
    (fake_proc.add(99) / "comm").write_bytes(b"str\x1bace\n")
    fake_proc.remove(99)
    process = fake_home(fake_proc, status=b"Name:\tbash\nTracerPid:\t99\n")
    (fake_proc.add(99) / "comm").write_bytes(b"str\x1bace\n")
    found = detail(process, redact=masked, proc=fake_proc.root)
    assert (found.tracer_pid, found.tracer_name) == (99, "str␛ace")


def test_nonsense_of_the_kernel_is_a_reason_not_an_error(fake_proc: FakeProc, tmp_path: Path) -> None:
    process = fake_home(fake_proc, status=b"TracerPid:\tmany\n")
    found = detail(process, redact=masked, proc=fake_proc.root, cgroups=tmp_path / "none")
    assert found.tracer_pid is None
    assert found.problems["tracer_pid"] == "the kernel's answer makes no sense"
    assert found.problems["limits"] == "No such file or directory"
    assert "no control group" in found.problems["memory"]
