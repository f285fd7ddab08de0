"""What octotui reads of real .NET processes from outside."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_gcc, needs_root

from octotui.demo.runtimes import DotnetRuntime, find_runtime
from octotui.demo.standin import start_ticks
from octotui.dotnet.model import RuntimeKind
from octotui.dotnet.runtime import inspect, is_dotnet
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey


def test_a_running_target_is_known_by_version_createdump_and_socket(
    start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime, ballast_mb=32)
    runtime = find_runtime(each_runtime)

    facts = inspect(target.key)

    assert facts.kind is RuntimeKind.CORECLR
    assert facts.version == runtime.version
    assert facts.runtime_directory == str(runtime.directory)
    assert facts.createdump is not None
    assert facts.createdump.path == facts.createdump.reachable == str(runtime.createdump)
    assert facts.createdump.is_runnable
    assert facts.createdump.problem == ""
    assert facts.socket is not None
    assert facts.socket.pid == target.pid
    assert facts.socket.uid == facts.uid == os.geteuid()
    assert Path(facts.socket.path).parent == target.tmpdir
    assert facts.temp_directory == str(target.tmpdir)
    assert facts.unreadable == facts.socket_problem == ""
    assert facts.same_mounts
    assert facts.same_pids
    assert facts.tracer_pid == 0
    assert facts.threads > 3
    assert is_dotnet(target.pid) is True


def test_private_bytes_grow_with_the_managed_heap(start_target: StartTarget) -> None:
    small, large = inspect(start_target().key), inspect(start_target(ballast_mb=96).key)

    assert large.private_bytes - small.private_bytes > 80 << 20
    assert large.resident_bytes - small.resident_bytes > 80 << 20
    assert large.mapped_bytes > 10 << 20


@needs_gcc
def test_an_executable_called_calamari_is_seen_as_what_it_is(start_target: StartTarget) -> None:
    target = start_target(name="Calamari", argv=["run-script"])

    assert os.path.basename(os.readlink(f"/proc/{target.pid}/exe")) == "Calamari"
    assert inspect(target.key).kind is RuntimeKind.CORECLR


def test_diagnostics_switched_off_is_named_and_createdump_remains(start_target: StartTarget) -> None:
    target = start_target(env={"DOTNET_EnableDiagnostics": "0"})

    facts = inspect(target.key)

    assert facts.kind is RuntimeKind.CORECLR
    assert facts.socket is None
    assert "DOTNET_EnableDiagnostics=0" in facts.socket_problem
    assert facts.createdump is not None
    assert facts.createdump.is_runnable


def test_a_removed_socket_is_said_to_be_absent(target: DotnetTarget) -> None:
    facts = inspect(target.key)
    assert facts.socket is not None
    Path(facts.socket.path).unlink()

    facts = inspect(target.key)

    assert facts.socket is None
    assert "no diagnostics socket" in facts.socket_problem
    assert str(target.tmpdir) in facts.socket_problem


def test_a_stopped_process_shows_its_state(target: DotnetTarget) -> None:
    target.hold()
    _wait_for_state(target.pid, "T")
    try:
        assert inspect(target.key).state == "T"
    finally:
        target.send(signal.SIGCONT)


def test_a_target_that_ended_is_gone(target: DotnetTarget) -> None:
    key = target.key
    target.stop()

    with pytest.raises(ProcessGone):
        inspect(key)
    assert is_dotnet(key.pid) in (False, None)


def test_another_start_under_the_same_pid_is_not_the_process(target: DotnetTarget) -> None:
    with pytest.raises(ProcessGone, match="another process"):
        inspect(ProcessKey(target.pid, target.started - 1))


def test_a_process_without_a_runtime_is_not_dotnet() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        facts = inspect(ProcessKey(sleeper.pid, start_ticks(sleeper.pid)))
        assert facts.kind is RuntimeKind.NONE
        assert facts.createdump is None
        assert is_dotnet(sleeper.pid) is False
    finally:
        sleeper.kill()
        sleeper.wait()


@needs_root
def test_the_process_of_another_user_is_read_by_root(start_target: StartTarget) -> None:
    target = start_target(uid=NOBODY)

    facts = inspect(target.key)

    assert facts.uid == facts.gid == NOBODY
    assert facts.groups == ()
    assert facts.socket is not None
    assert facts.socket.uid == NOBODY
    assert facts.createdump is not None
    assert facts.createdump.is_runnable


@needs_root
def test_roots_process_read_by_another_user_is_unreadable_with_the_next_step(target: DotnetTarget) -> None:
    os.seteuid(NOBODY)
    try:
        facts = inspect(target.key)
        dotnet = is_dotnet(target.pid)
    finally:
        os.seteuid(0)

    assert facts.kind is RuntimeKind.UNKNOWN
    assert f"process {target.pid} cannot be read as uid {NOBODY}" in facts.unreadable
    assert "sudo" in facts.unreadable
    assert dotnet is None


@needs_root
def test_createdump_that_the_targets_user_may_not_run_is_seen(
    start_target: StartTarget, copied_runtime: DotnetRuntime
) -> None:
    copied_runtime.createdump.chmod(0o700)
    theirs = inspect(start_target(runtime=copied_runtime, uid=NOBODY).key).createdump
    own = inspect(start_target(runtime=copied_runtime).key).createdump
    copied_runtime.createdump.chmod(0o644)
    nobodys = inspect(start_target(runtime=copied_runtime).key).createdump

    assert theirs is not None
    assert own is not None
    assert nobodys is not None
    assert not theirs.is_runnable
    assert f"not executable for uid {NOBODY} (mode 0700)" in theirs.problem
    assert own.is_runnable
    assert not nobodys.is_runnable
    assert "mode 0644" in nobodys.problem


@needs_root
def test_a_runtime_that_another_user_can_change_is_not_trusted(
    start_target: StartTarget, copied_runtime: DotnetRuntime
) -> None:
    library = copied_runtime.directory / "libmscordaccore.so"
    before = inspect(start_target(runtime=copied_runtime).key).createdump
    os.chown(library, NOBODY, NOBODY)
    after = inspect(start_target(runtime=copied_runtime).key).createdump

    assert before is not None
    assert after is not None
    assert before.untrusted == ""
    assert after.untrusted == str(library)


def test_a_runtime_without_createdump_says_so(start_target: StartTarget, copied_runtime: DotnetRuntime) -> None:
    copied_runtime.createdump.unlink()

    tool = inspect(start_target(runtime=copied_runtime).key).createdump

    assert tool is not None
    assert not tool.is_runnable
    assert tool.problem == f"there is no {copied_runtime.createdump}"


@needs_root
def test_a_private_temp_directory_is_reached_through_the_targets_root(start_target: StartTarget) -> None:
    private = 'mount -t tmpfs none "$TMPDIR" && exec "$@"'
    target = start_target(prefix=["unshare", "--mount", "--propagation", "private", "sh", "-c", private, "sh"])

    facts = inspect(target.key)

    assert not facts.same_mounts
    assert facts.same_pids
    assert facts.socket is not None
    assert facts.socket.path.startswith(f"/proc/{target.pid}/root{target.tmpdir}/")
    assert facts.createdump is not None
    assert facts.createdump.reachable == facts.createdump.path
    assert is_dotnet(target.pid) is True


@needs_root
def test_the_socket_of_a_pid_namespace_is_found_under_its_own_pid(start_target: StartTarget) -> None:
    outer = start_target(prefix=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
    inner = int(Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()[0])

    facts = inspect(ProcessKey(inner, start_ticks(inner)))

    assert not facts.same_pids
    assert not facts.same_mounts
    assert facts.namespace_pid == 1
    assert facts.socket is not None
    assert facts.socket.pid == inner
    assert "dotnet-diagnostic-1-" in facts.socket.path


def test_facts_are_values(target: DotnetTarget) -> None:
    facts = inspect(target.key)

    assert dataclasses.replace(facts) == facts
    assert hash(facts) == hash(dataclasses.replace(facts))


def _wait_for_state(pid: int, letter: str) -> None:
    while Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode() != letter:
        time.sleep(0.005)
