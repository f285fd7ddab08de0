"""Real captures that go wrong: whatever happens, the target runs on, nothing is left, and the words say why."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, is_running, is_traced, status_of, tracer_of, until, wait_until

from octotui.demo.runtimes import find_runtime
from octotui.dotnet import ipc, runtime
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpType, Severity
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.survival.recovery import recover
from octotui.dumps.targets.target import find_capturing_child, read_status

BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])
LARGE_MB = 300


def failure_of(result: DumpResult, outcome: JobState = JobState.FAILED) -> tuple[str, str]:
    assert result.outcome is outcome
    assert (result.path, result.verified) == (None, False)
    assert result.failure is not None
    return result.failure.code, result.failure.message


async def socket_answers(target: DotnetTarget) -> bool:
    facts = runtime.inspect(target.key)
    assert facts.socket is not None, facts.socket_problem
    return bool(await ipc.process_info(facts.socket))


@BACKENDS
async def test_cancelled_capture_lets_the_target_run_and_leaves_no_file(
    bench: Bench, start_target: StartTarget, backend: str
) -> None:
    target = start_target(ballast_mb=LARGE_MB)
    (job,) = bench.service.submit(await bench.plan(target, backend))
    await until(lambda: is_traced(target), "the target is being captured")
    bench.service.cancel(job.id)
    (result,) = await bench.service.wait([job])
    assert result.outcome is JobState.CANCELLED
    assert is_running(target)
    assert bench.leftovers() == []
    assert bench.store.records() == ()
    assert await socket_answers(target)
    check_finished(await bench.capture(target, backend, DumpType.MINI), target)


async def test_capture_cancelled_before_the_runtime_forked_is_stopped_too(
    bench: Bench, start_target: StartTarget
) -> None:
    target = start_target(ballast_mb=LARGE_MB)
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02):
        (job,) = bench.service.submit(await bench.plan(target, "ipc"))
        await asyncio.sleep(delay)
        bench.service.cancel(job.id)
        (result,) = await bench.service.wait([job])
        assert result.outcome is JobState.CANCELLED
        assert is_running(target)
        assert find_capturing_child(target.key) is None
    assert bench.leftovers() == []
    assert await socket_answers(target)


@BACKENDS
async def test_closing_the_service_in_the_middle_lets_the_target_run(
    bench: Bench, start_target: StartTarget, backend: str
) -> None:
    target = start_target(ballast_mb=LARGE_MB)
    bench.service.submit(await bench.plan(target, backend))
    await until(lambda: is_traced(target), "the target is being captured")
    await bench.service.aclose()
    assert is_running(target)
    assert bench.leftovers() == []


OCTOTUI = """
import asyncio, sys
from pathlib import Path
from octotui.processes.model import ProcessKey
from real_captures import Bench

class Known:
    pid, key = int(sys.argv[1]), ProcessKey(int(sys.argv[1]), int(sys.argv[2]))

async def main():
    bench = Bench(Path(sys.argv[3]))
    await bench.run(await bench.plan(Known, sys.argv[4]))

asyncio.run(main())
"""


def octotui_on(target: DotnetTarget, state: Path, backend: str) -> subprocess.Popen[bytes]:
    """An octotui of its own that captures `target`."""
    tests = Path(__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", OCTOTUI, str(target.pid), str(target.key.started), str(state), backend],
        env={**os.environ, "PYTHONPATH": f"{tests}:{tests / 'real'}"},
    )


@BACKENDS
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGHUP])
async def test_octotui_that_is_killed_leaves_the_target_running_and_the_dump_whole_or_gone(
    tmp_path: Path, start_target: StartTarget, backend: str, sign: signal.Signals
) -> None:
    target = start_target(ballast_mb=LARGE_MB)
    with octotui_on(target, tmp_path, backend) as octotui:
        try:
            await until(lambda: is_traced(target), "the target is being captured")
        finally:
            octotui.send_signal(sign)
    await until(lambda: is_running(target), "the target runs")
    assert target.alive()
    store = Store(tmp_path / "dumps")
    await until(lambda: bool(recover(store)), "what was left is settled")
    (record,) = store.records()
    assert (record.outcome, record.is_verified) == ("finished", True)
    assert Bench(tmp_path).leftovers() == []
    assert await socket_answers(target)


@BACKENDS
async def test_createdump_killed_while_it_attaches_never_leaves_the_target_stopped(
    bench: Bench, start_target: StartTarget, backend: str
) -> None:
    target = start_target(threads=20)
    for delay in range(12):
        jobs = bench.service.submit(await bench.plan(target, backend, DumpType.MINI))
        await until(lambda: is_traced(target) or not bench.service.has_running, "the target is being captured")
        await asyncio.sleep(delay / 1000)
        with suppress(AssertionError, ProcessLookupError):
            os.kill(tracer_of(target), signal.SIGKILL)
        (result,) = await bench.service.wait(jobs)
        assert result.outcome in (JobState.FAILED, JobState.FINISHED)
        assert is_running(target)
    assert bench.leftovers() == []
    assert await socket_answers(target)


async def test_target_stopped_after_the_plan_is_captured_by_the_stand_in(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = start_target()
    plan = await bench.plan(target)
    assert plan.steps[0].backend == "ipc"
    monkeypatch.setattr("octotui.dumps.backends.ipc.LIVENESS_SECONDS", 0.3)
    target.send(signal.SIGSTOP)
    await until(lambda: status_of(target).state == "T", "the target is stopped")
    # The last look sees the stop; the socket is not even asked.
    assert failure_of(await bench.run(plan), JobState.REFUSED)[0] == "backend"
    assert status_of(target).state == "T"
    target.send(signal.SIGCONT)


async def test_process_that_holds_the_socket_back_is_left_after_the_deadline(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = start_target(ballast_mb=LARGE_MB)
    monkeypatch.setattr("octotui.dumps.captures.capture.deadline_seconds", lambda expected: 0.15)
    for backend in ("ipc", "createdump"):
        code, message = failure_of(await bench.capture(target, backend))
        assert code == "deadline"
        assert "was stopped; the target runs on" in message
        assert is_running(target)
        assert bench.leftovers() == []
    assert await socket_answers(target)


async def test_target_left_stopped_by_a_killed_tool_is_continued(bench: Bench, start_target: StartTarget) -> None:
    target = start_target(ballast_mb=LARGE_MB)
    jobs = bench.service.submit(await bench.plan(target, "createdump"))
    await until(lambda: is_traced(target), "the target is being captured")
    # A stop signal sent while it is traced takes effect once the tracer is gone.
    target.send(signal.SIGSTOP)
    os.kill(tracer_of(target), signal.SIGKILL)
    await bench.service.wait(jobs)
    wait_until(lambda: is_running(target), "the target runs")


@needs_root
async def test_createdump_that_is_not_executable_costs_no_socket(
    bench: Bench, start_target: StartTarget, tmp_path: Path
) -> None:
    empty = tmp_path / "createdump"
    empty.write_bytes(b"")
    empty.chmod(0o644)
    # In the target's own mount namespace, so that nobody else's createdump is changed.
    hide = f"mount --bind '{empty}' '{find_runtime().createdump}' && exec \"$@\""
    target = start_target(prefix=["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh"])
    plan = await bench.plan(target)
    assert plan.is_refused
    (refusal,) = plan.of(Severity.REFUSAL)
    assert "is not executable for uid" in refusal.message
    # The same path is another file for octotui: a command on it would change the wrong one.
    assert refusal.hint == "have the owner of that runtime make its createdump executable for the process's user"
    assert await socket_answers(target)


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for name in os.listdir("/proc"):
        status = read_status(int(name)) if name.isdigit() else None
        if status is not None and status.parent_pid == pid:
            found.append(int(name))
    return found


async def test_no_process_of_octotui_is_left_after_captures(bench: Bench, start_target: StartTarget) -> None:
    target = start_target()
    before = set(children_of(os.getpid()))
    await bench.capture(target, "createdump", DumpType.MINI)
    (job,) = bench.service.submit(await bench.plan(target, "createdump"))
    with suppress(AssertionError):
        await until(lambda: is_traced(target) or job.state.is_over, "the target is being captured")
    bench.service.cancel(job.id)
    await bench.service.wait([job])
    assert set(children_of(os.getpid())) == before
