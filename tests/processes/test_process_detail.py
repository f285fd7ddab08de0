"""Facts that are read for one process only."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakeproc import FakeProc

from octotui.errors import ProcessGone
from octotui.processes.detail import detail
from octotui.processes.model import ProcessInfo, ProcessKey
from octotui.processes.procfs import ProcfsSource

PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17


def process_of(pid: int) -> ProcessInfo:
    found = ProcfsSource(tuple).read().find(pid)
    assert found is not None
    return found


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[tuple[ProcessInfo, Path]]:
    """A child that runs a file of its own."""
    program = Path(shutil.copy("/bin/sleep", tmp_path / "Calamari"))
    child = subprocess.Popen([program, "600"], env={})
    try:
        yield process_of(child.pid), program
    finally:
        child.kill()
        child.wait()


def test_limits_files_and_tracer_of_a_real_process_are_read(sleeper: tuple[ProcessInfo, Path]) -> None:
    found = detail(sleeper[0])
    assert found.open_files is not None
    assert found.open_files >= 3
    for name in ("Max open files", "Max core file size", "Max address space"):
        limit = found.limit(name)
        assert limit is not None
        assert limit.soft.isdecimal() or limit.soft == "unlimited"
    assert found.limit("Max nonsense") is None
    assert (found.tracer_pid, found.tracer_name, found.executable_state, found.inner_pid) == (0, "", "", 0)


def test_an_executable_that_was_deleted_or_replaced_is_told(sleeper: tuple[ProcessInfo, Path]) -> None:
    process, program = sleeper
    program.unlink()
    assert detail(process).executable_state == "deleted"
    program.write_bytes(b"a newer version")
    assert detail(process).executable_state == "replaced"


def test_an_executable_that_an_upgrade_moved_a_new_file_over_is_replaced(sleeper: tuple[ProcessInfo, Path]) -> None:
    process, program = sleeper
    newer = Path(shutil.copy("/bin/sleep", program.with_name("newer")))
    newer.replace(program)
    assert detail(process).executable_state == "replaced"


def test_an_executable_of_a_container_is_compared_with_the_file_that_the_container_has(tmp_path: Path) -> None:
    script = f"mount -t tmpfs none {tmp_path} && cp /bin/sleep {tmp_path}/Calamari && exec {tmp_path}/Calamari 600"
    child = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stderr=subprocess.DEVNULL)
    try:
        comm = Path(f"/proc/{child.pid}/comm")
        deadline = time.monotonic() + 10
        while comm.read_text() != "Calamari\n":
            if child.poll() is not None:
                pytest.skip("namespaces are not permitted here")
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not (tmp_path / "Calamari").exists()
        assert detail(process_of(child.pid)).executable_state == ""
    finally:
        child.kill()
        child.wait()


def test_a_real_tracer_is_named_as_long_as_it_traces(sleeper: tuple[ProcessInfo, Path]) -> None:
    process, _ = sleeper
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(PTRACE_SEIZE, process.pid, None, None) != 0:
        pytest.skip(f"tracing is not permitted here: {os.strerror(ctypes.get_errno())}")
    found = detail(process)
    assert found.tracer_pid == os.getpid()
    assert found.tracer_name == Path("/proc/self/comm").read_text().rstrip("\n")
    # Seized but never stopped, it cannot be detached; it ends with its fixture.


def test_a_process_in_a_pid_namespace_of_its_own_has_an_inner_pid() -> None:
    command = ["unshare", "--pid", "--fork", "--kill-child", "/bin/sleep", "600"]
    outer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        deadline = time.monotonic() + 10
        while not children.read_text().strip():
            if outer.poll() is not None:
                pytest.skip("namespaces are not permitted here")
            assert time.monotonic() < deadline
            time.sleep(0.01)
        (pid,) = map(int, children.read_text().split())
        assert detail(process_of(pid)).inner_pid == 1
    finally:
        outer.kill()
        outer.wait()


def test_a_process_that_ended_or_whose_pid_was_reused_is_gone() -> None:
    process = process_of(os.getpid())
    other = replace(process, key=ProcessKey(process.pid, process.key.started + 1))
    with pytest.raises(ProcessGone) as caught:
        detail(other)
    assert str(process.pid) in caught.value.message


def test_what_another_user_may_not_read_is_missing_with_its_reason() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "import os\n"
        "from octotui.processes.detail import detail\n"
        "from octotui.processes.procfs import ProcfsSource\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = detail(ProcfsSource(tuple).read().find(1))\n"
        "print(found.open_files, found.tracer_pid, found.is_restricted)\n"
        "print(*(found.problems[name] for name in ('open_files', 'executable_state')), sep='|')\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    facts, reasons = told.splitlines()
    assert facts == "None 0 True"
    assert set(reasons.split("|")) == {"not permitted to this user"}


def fake_home(fake_proc: FakeProc, status: bytes = b"TracerPid:\t0\n") -> ProcessInfo:
    (fake_proc.add(80) / "status").write_bytes(status)
    (found,) = ProcfsSource(tuple, fake_proc.root).read().processes.values()
    return found


def test_a_tracer_is_named(fake_proc: FakeProc) -> None:
    process = fake_home(fake_proc, status=b"Name:\tbash\nTracerPid:\t99\n")
    (fake_proc.add(99) / "comm").write_bytes(b"str\x1bace\n")
    found = detail(process, proc=fake_proc.root)
    assert (found.tracer_pid, found.tracer_name, found.inner_pid) == (99, "str␛ace", 0)


def test_nonsense_of_the_kernel_is_a_reason_not_an_error(fake_proc: FakeProc, tmp_path: Path) -> None:
    process = fake_home(fake_proc, status=b"TracerPid:\tmany\nNSpid:\t80\tx\n")
    found = detail(process, proc=fake_proc.root, cgroups=tmp_path / "none")
    assert found.tracer_pid is None
    assert found.problems["tracer_pid"] == "the kernel's answer makes no sense"
    assert found.problems["inner_pid"] == "the kernel's answer makes no sense"
    assert found.problems["limits"] == "No such file or directory"
    assert "no control group" in found.problems["memory"]
    assert not found.is_restricted
