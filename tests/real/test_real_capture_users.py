"""Root captures other users' processes with no more rights than theirs, and takes nothing from them on trust."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, is_running, is_traced, sample_of, status_of, until

from octotui.dotnet import runtime
from octotui.dumps.backends.base import Capture
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.commands import as_root
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.model import DumpRequest, Severity
from octotui.dumps.rights import Rights
from octotui.dumps.service import DumpService

pytestmark = needs_root
BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])


def field(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    return ""


def variables_of(pid: int) -> list[str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return [entry.partition("=")[0] for entry in entries if entry]


@BACKENDS
async def test_createdump_runs_as_the_targets_user(bench: Bench, start_target: StartTarget, backend: str) -> None:
    target = start_target(uid=NOBODY, ballast_mb=200, marker="another's secret")
    jobs = bench.service.submit(await bench.plan(target, backend))
    await until(lambda: is_traced(target), "the target is being captured")
    tool = status_of(target).tracer_pid
    assert field(tool, "Uid").split() == [str(NOBODY)] * 4
    assert field(tool, "Gid").split() == [str(NOBODY)] * 4
    assert field(tool, "Groups") == ""
    assert int(field(tool, "CapEff"), 16) == int(field(tool, "CapPrm"), 16) == 0
    if backend == "createdump":
        assert field(tool, "NoNewPrivs") == "1"
        assert variables_of(tool) == ["PATH", "LANG", "LD_LIBRARY_PATH"]
        assert os.readlink(f"/proc/{tool}/cwd") == "/"
    (result,) = await bench.service.wait(jobs)
    path = check_finished(result, target)
    assert target.marker_bytes in path.read_bytes()
    assert is_running(target)
    assert bench.leftovers() == []
    assert list(target.tmpdir.glob(".octotui-*")) == []


async def test_staging_of_the_host_is_used_where_the_target_can_pass(
    start_target: StartTarget, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A state directory below closed directories, as pytest makes them, cannot be passed by others.
    state = Path("/var/tmp") / f"octotui-test-{os.getpid()}"
    state.mkdir(mode=0o711)
    state.chmod(0o711)
    bench = Bench(state)
    try:
        target = start_target(uid=NOBODY)
        for backend in ("ipc", "createdump"):
            jobs = bench.service.submit(await bench.plan(target, backend))
            await until(lambda: any(bench.store.staging.glob(".octotui-*")), "the common staging is used")
            (result,) = await bench.service.wait(jobs)
            check_finished(result, target)
        assert bench.leftovers() == []
    finally:
        await bench.service.aclose()
        shutil.rmtree(state)


def holder_of(path: str) -> subprocess.Popen[bytes]:
    """A process of the target's user that has `path` open for writing."""
    holder = subprocess.Popen(
        ["bash", "-c", 'exec 9>>"$1"; echo; exec sleep 600', "-", path],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    return holder


async def test_target_that_keeps_its_dump_open_does_not_keep_its_hold(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = start_target(uid=NOBODY)
    holders: list[subprocess.Popen[bytes]] = []
    run = CreatedumpBackend.run

    async def run_and_hold(self: CreatedumpBackend, capture: Capture) -> None:
        await run(self, capture)
        holders.append(await asyncio.to_thread(holder_of, capture.path))

    monkeypatch.setattr(CreatedumpBackend, "run", run_and_hold)
    try:
        path = check_finished(await bench.capture(target, "createdump"), target)
        held = os.stat(f"/proc/{holders[0].pid}/fd/9")
        assert (held.st_dev, held.st_ino) != (path.stat().st_dev, path.stat().st_ino)
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


async def test_runtime_that_its_user_can_change_is_never_run_as_root(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = start_target()
    tool = runtime.inspect(target.key).createdump
    assert tool is not None
    if tool.untrusted:
        # This checkout is not root's alone: then the refusal is the real thing.
        plan = await bench.plan(target, "createdump")
        assert plan.is_refused
        return
    monkeypatch.setattr("octotui.dotnet.runtime.first_untrusted", lambda path: "/home/someone")
    plan = await bench.plan(target, "createdump")
    (refusal,) = plan.of(Severity.REFUSAL)
    assert "/home/someone" in refusal.message
    assert (await bench.plan(target)).steps[0].backend == "ipc"


AS_NOBODY = """
import asyncio, ctypes, os, sys
from pathlib import Path
import concurrent.futures.thread, encodings.ascii, encodings.utf_16_le
from octotui.processes.model import ProcessKey
from real_captures import Bench

class Known:
    pid, key = int(sys.argv[1]), ProcessKey(int(sys.argv[1]), int(sys.argv[2]))

os.setgroups([])
os.setgid(65534)
os.setuid(65534)
# A change of user makes a process opaque even to itself.
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)

async def main():
    bench = Bench(Path(sys.argv[3]))
    for backend in ("ipc", "createdump"):
        result = await bench.run(await bench.plan(Known, backend))
        print(result.outcome, result.failure, oct(result.path.stat().st_mode), result.path.stat().st_uid)

asyncio.run(main())
"""


def run_as_nobody(target: DotnetTarget) -> list[str]:
    tests = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(target.pid), str(target.key.started), str(target.home / "state")],
        env={**os.environ, "PYTHONPATH": f"{tests}:{tests / 'real'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines() or done.stderr.splitlines()


async def test_own_user_without_root_captures_its_own(start_target: StartTarget) -> None:
    target = start_target(uid=NOBODY)
    assert await asyncio.to_thread(run_as_nobody, target) == [f"finished None 0o100600 {NOBODY}"] * 2


async def test_stranger_is_refused_and_told_to_use_sudo(start_target: StartTarget, bench: Bench) -> None:
    target = start_target()
    service = DumpService(bench.store, rights=Rights(NOBODY, NOBODY), limits=Limits.none())
    plan = await service.plan(DumpRequest((target.key,)), sample_of(target))
    (refusal,) = plan.of(Severity.REFUSAL)
    assert refusal.hint == as_root("dump", str(target.pid))
    await service.aclose()
