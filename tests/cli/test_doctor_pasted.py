"""What the doctor prints is pasted into a shell, and then the capture works: real refusals of real .NET processes."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dotnet_targets import NOBODY, DotnetTarget, needs_root

from octotui.demo.runtimes import DotnetRuntime, find_runtime, runtime_in

pytestmark = [
    needs_root,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the pip packages carry .NET for x86_64 only"),
]

AS_USER = """
import os, sys, tempfile
from octotui.cli import run
from octotui.cli.output import Session
sys.argv[0] = os.environ["OCTOTUI"]
quiet, sys.stdout = sys.stdout, open(os.devnull, "w")
# What the user may not read is imported before.
run(["doctor", sys.argv[1], "--json"], Session())
sys.stdout = quiet
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with tempfile.TemporaryDirectory() as state:
    os.environ["OCTOTUI_STATE_DIR"] = state
    os.environ["OCTOTUI_CONFIG"] = state + "/none.toml"
    status = run(["doctor", sys.argv[1], "--json"], Session())
sys.exit(status)
"""

TRACER = """
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, int(sys.argv[1]), None, None):
    sys.exit(ctypes.get_errno())
print("traces", flush=True)
time.sleep(600)
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """A person's shell: a `sudo` that asks nothing, a store of its own, octotui by its full path."""

    directory: Path
    octotui: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.directory / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
            "OCTOTUI_STATE_DIR": str(self.directory / "state"),
            "OCTOTUI_CONFIG": str(self.directory / "none.toml"),
            "OCTOTUI": self.octotui,
        }

    def paste(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line], env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    def doctor(self, pid: int, *, is_nobody: bool = False) -> list[dict[str, Any]]:
        command = (
            [sys.executable, "-c", AS_USER, str(pid)] if is_nobody else [self.octotui, "doctor", str(pid), "--json"]
        )
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=120)
        return list(json.loads(done.stdout)["checks"])

    def capture_or_refusal(self, pid: int) -> dict[str, Any]:
        """The result, or the refusal's code for a plan that has no step."""
        done = self.paste(f"{self.octotui} dump {pid} --yes --json")
        document = json.loads(done.stdout)
        results = document.get("results") or [{}]
        if results[0].get("outcome") == "finished":
            return dict(results[0])
        return {"code": (results[0].get("error") or document["error"])["code"]}

    def refusal(self, pid: int) -> str:
        """What `octotui dump` says when it does not even begin."""
        done = self.paste(f"{self.octotui} dump {pid} --type mini --yes")
        assert done.returncode == 3, done
        return done.stdout + done.stderr

    def capture(self, pid: int, *options: str) -> dict[str, Any]:
        done = self.paste(f"{self.octotui} dump {pid} --type mini --yes --json {' '.join(options)}")
        return dict(json.loads(done.stdout)["results"][0])


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "bin").mkdir()
    sudo = tmp_path / "bin/sudo"
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    return Shell(tmp_path, str(Path(sys.executable).with_name("octotui")))


@pytest.fixture
def start() -> Iterator[Callable[..., DotnetTarget]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(DotnetTarget.start(**options))


def fix_of(checks: list[dict[str, Any]], code: str) -> str:
    found = [check for check in checks if check["code"] == code and check["status"] != "ok"]
    assert found, [(check["code"], check["detail"]) for check in checks if check["status"] != "ok"]
    assert found[0]["fix_is_command"], found[0]
    return str(found[0]["fix"])


@pytest.fixture
def own_runtime() -> Iterator[DotnetRuntime]:
    """A copy of the .NET 8.0 runtime in a place that only root can change."""
    original = find_runtime("8.0")
    root = Path(tempfile.mkdtemp(dir="/opt", prefix="octotui test's "))
    try:
        root.chmod(0o755)
        shutil.copytree(original.root, root / "net", symlinks=True)
        copied = runtime_in(root / "net", "8.0")
        assert copied is not None
        yield copied
    finally:
        shutil.rmtree(root, ignore_errors=True)


def test_nothing_is_wrong_with_a_process_that_can_be_captured(shell: Shell, start: Callable[..., DotnetTarget]) -> None:
    target = start()
    checks = [check for check in shell.doctor(target.pid) if check["group"] in ("process", "capture")]
    assert [check for check in checks if check["status"] != "ok"] == []
    assert shell.capture(target.pid)["outcome"] == "finished"


def test_the_process_of_another_user_is_captured_by_the_line_with_sudo(
    shell: Shell, start: Callable[..., DotnetTarget]
) -> None:
    target = start()
    line = fix_of(shell.doctor(target.pid, is_nobody=True), "other-user")
    assert line == f"sudo {shell.octotui} dump {target.pid}"
    done = shell.paste(f"{line} --type mini --yes --json")
    assert json.loads(done.stdout)["results"][0]["outcome"] == "finished"


def test_a_traced_process_is_captured_once_its_tracer_was_ended_by_the_line(
    shell: Shell, start: Callable[..., DotnetTarget]
) -> None:
    target = start()
    with subprocess.Popen([sys.executable, "-c", TRACER, str(target.pid)], stdout=subprocess.PIPE) as tracer:
        try:
            assert tracer.stdout is not None
            assert tracer.stdout.readline() == b"traces\n"
            assert shell.capture(target.pid)["error"]["code"] == "traced"
            line = fix_of(shell.doctor(target.pid), "traced")
            assert shell.paste(line).returncode == 0
            assert tracer.wait(10) == -signal.SIGTERM
        finally:
            tracer.kill()
    assert shell.capture(target.pid)["outcome"] == "finished"


def test_a_stopped_process_is_captured_and_the_line_lets_it_run_on(
    shell: Shell, start: Callable[..., DotnetTarget]
) -> None:
    target = start()
    target.hold()
    line = fix_of(shell.doctor(target.pid), "state")
    assert shell.capture(target.pid)["backend"] == "createdump"
    assert shell.paste(line).returncode == 0
    assert shell.capture(target.pid)["backend"] == "ipc"


def test_switched_off_diagnostics_need_no_fix_since_createdump_goes_without(
    shell: Shell, start: Callable[..., DotnetTarget]
) -> None:
    target = start(env={"DOTNET_EnableDiagnostics": "0"})
    found = {check["code"]: check for check in shell.doctor(target.pid)}
    assert found["no-socket"]["status"] == "ok"
    assert "DOTNET_EnableDiagnostics=0" in found["no-socket"]["detail"]
    assert found["backend-createdump"]["detail"].startswith("would be used")
    assert shell.capture(target.pid)["outcome"] == "finished"


def test_a_store_that_others_can_read_is_closed_by_the_line(shell: Shell, start: Callable[..., DotnetTarget]) -> None:
    target = start()
    store = shell.directory / "state/dumps"
    store.mkdir(parents=True, mode=0o755)
    store.chmod(0o755)
    assert "open to others" in shell.refusal(target.pid)
    assert shell.paste(fix_of(shell.doctor(target.pid), "store")).returncode == 0
    assert shell.capture(target.pid)["outcome"] == "finished"


def test_a_createdump_without_run_bits_gets_them_by_the_line_however_its_path_is_spelled(
    shell: Shell, start: Callable[..., DotnetTarget], own_runtime: DotnetRuntime
) -> None:
    own_runtime.createdump.chmod(0o644)
    target = start(runtime=own_runtime)
    assert "cannot be run" in shell.capture(target.pid)["error"]["message"]
    line = fix_of(shell.doctor(target.pid), "createdump-not-runnable")
    assert line.startswith("sudo chmod a+x ")
    assert shell.paste(line).returncode == 0
    assert shell.capture(target.pid)["outcome"] == "finished"


def test_a_program_that_its_user_may_not_read_becomes_dumpable_by_the_line_and_a_restart(
    shell: Shell, start: Callable[..., DotnetTarget], own_runtime: DotnetRuntime
) -> None:
    own_runtime.dotnet.chmod(0o711)
    closed = start(runtime=own_runtime, uid=NOBODY)
    refused = shell.capture(closed.pid)
    assert (refused["outcome"], refused["error"]["code"]) == ("refused", "not-dumpable")
    checks = shell.doctor(closed.pid)
    line = fix_of(checks, "not-dumpable")
    assert next(check for check in checks if check["title"] == "capture")["status"] == "failure"
    closed.stop()
    assert shell.paste(line).returncode == 0
    assert shell.capture(start(runtime=own_runtime, uid=NOBODY).pid)["outcome"] == "finished"


@pytest.fixture
def small_store(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store on a disk of its own that is small enough for its quota to be reached."""
    place = shell.directory / "state/dumps"
    place.mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("OCTOTUI_QUOTA", "10%")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3g,mode=700", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_full_store_is_refused_with_the_dumps_to_remove_and_the_line_makes_room(
    shell: Shell, start: Callable[..., DotnetTarget], small_store: Path
) -> None:
    target = start(ballast_mb=60)
    names = []
    while (done := shell.capture_or_refusal(target.pid)).get("outcome") == "finished":
        names.append(done["path"])
        assert len(names) < 8
    line = fix_of(shell.doctor(target.pid), str(done["code"]))
    assert "dumps remove" in line or "dumps prune" in line
    assert shell.paste(line).returncode == 0
    assert shell.capture(target.pid)["outcome"] == "finished"
