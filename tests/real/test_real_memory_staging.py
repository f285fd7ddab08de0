"""Dumps that are written to memory while their target stands still, and copied to disk when it runs again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, is_running, is_traced, sample_of, until

from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, Medium, Severity
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.service import DumpService
from octotui.dumps.staged.shared_memory import home_of
from octotui.dumps.survival.recovery import recover

BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])
BALLAST_MB = 120


@pytest.fixture
def small_memory(tmp_path: Path) -> Iterator[Path]:
    """A shared memory of 24 MB."""
    place = tmp_path / "shm"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=1777", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


async def planned(
    service: DumpService, target: DotnetTarget, backend: str = "auto", medium: Medium | None = Medium.MEMORY
) -> DumpPlan:
    request = DumpRequest((target.key,), frozenset({target.key}), backend=backend, medium=medium)
    return await service.plan(request, sample_of(target))


async def run(service: DumpService, plan: DumpPlan) -> DumpResult:
    (result,) = await service.wait(service.submit(plan))
    return result


def nothing_is_left(store: Store) -> bool:
    return not home_of(store.state).exists() and not list(store.jobs.iterdir())


@BACKENDS
async def test_dump_goes_to_memory_and_ends_up_on_disk(bench: Bench, start_target: StartTarget, backend: str) -> None:
    target = start_target(ballast_mb=BALLAST_MB, marker="kept on the way")
    plan = await planned(bench.service, target, backend)
    assert (plan.steps[0].medium, plan.steps[0].medium_reason) == (Medium.MEMORY, "it was asked for")
    home = home_of(bench.store.state)
    jobs = bench.service.submit(plan)
    await until(lambda: is_traced(target), "the target is being captured")
    await until(lambda: any(home.glob(".octotui-*/dump")), "the dump is written to memory")
    (result,) = await bench.service.wait(jobs)
    path = check_finished(result, target)
    assert result.medium is Medium.MEMORY
    assert path.stat().st_dev != os.stat("/dev/shm").st_dev
    assert target.marker_bytes in path.read_bytes()
    assert is_running(target)
    assert nothing_is_left(bench.store)
    (entry,) = bench.service._history.entries()
    assert (entry.medium, entry.bytes) == ("memory", result.bytes)


async def test_target_runs_while_its_dump_is_copied(
    bench: Bench, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    from octotui.dumps import progress

    target = start_target(ballast_mb=BALLAST_MB)
    states: list[bool] = []
    put = progress.Counter.put

    def watched(counter: progress.Counter, value: int) -> None:
        states.append(is_running(target))
        put(counter, value)

    monkeypatch.setattr(progress.Counter, "put", watched)
    monkeypatch.setattr("octotui.dumps.captures.capture.REPORT_SECONDS", 0.001)
    changes = bench.service.subscribe()
    jobs = bench.service.submit(await planned(bench.service, target))
    seen = []
    async for job in changes:
        seen.append((job.state, job.bytes_written))
        if job.state.is_over:
            break
    check_finished((await bench.service.wait(jobs))[0], target)
    assert states
    assert all(states)
    copied = [count for state, count in seen if state is JobState.COPYING]
    assert copied == sorted(copied)
    assert copied, "the copy tells how far it is"


@needs_root
@BACKENDS
async def test_another_users_dump_goes_through_memory_too(
    bench: Bench, start_target: StartTarget, backend: str
) -> None:
    target = start_target(uid=NOBODY)
    result = await run(bench.service, await planned(bench.service, target, backend))
    assert result.medium is Medium.MEMORY
    check_finished(result, target)
    assert nothing_is_left(bench.store)


@BACKENDS
async def test_cancelled_capture_leaves_nothing_in_memory(
    bench: Bench, start_target: StartTarget, backend: str
) -> None:
    target = start_target(ballast_mb=BALLAST_MB)
    (job,) = bench.service.submit(await planned(bench.service, target, backend))
    await until(lambda: is_traced(target), "the target is being captured")
    bench.service.cancel(job.id)
    (result,) = await bench.service.wait([job])
    assert result.outcome is JobState.CANCELLED
    assert is_running(target)
    assert nothing_is_left(bench.store)
    assert bench.store.records() == ()


OCTOTUI = """
import asyncio, sys, time
from pathlib import Path
from octotui.dumps import progress
from octotui.dumps.model import DumpRequest, Medium
from octotui.processes.model import ProcessKey
from real_captures import Bench, sample_of

class Known:
    pid, key = int(sys.argv[1]), ProcessKey(int(sys.argv[1]), int(sys.argv[2]))

def slow(counter, value):
    if not counter.value:
        print("copying", flush=True)
    counter.value = value
    time.sleep(0.5)

async def main():
    progress.Counter.put = slow
    service = Bench(Path(sys.argv[3])).service
    request = DumpRequest((Known.key,), frozenset({Known.key}), backend=sys.argv[4], medium=Medium.MEMORY)
    await service.wait(service.submit(await service.plan(request, sample_of(Known))))

asyncio.run(main())
"""


def octotui_on(target: DotnetTarget, state: Path, backend: str) -> subprocess.Popen[bytes]:
    """An octotui of its own that captures `target` through memory and takes its time over the copy."""
    tests = Path(__file__).resolve().parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", OCTOTUI, str(target.pid), str(target.key.started), str(state), backend],
        env={**os.environ, "PYTHONPATH": f"{tests}:{tests / 'real'}"},
        stdout=subprocess.PIPE,
    )


@BACKENDS
@pytest.mark.parametrize("moment", ["writing", "copying"])
async def test_killed_octotui_leaves_a_whole_dump_or_none_and_no_memory_in_use(
    tmp_path: Path, start_target: StartTarget, backend: str, moment: str
) -> None:
    target = start_target(ballast_mb=BALLAST_MB, marker="through the kill")
    store = Store(tmp_path / "dumps")
    home = home_of(store.state)
    with octotui_on(target, tmp_path, backend) as octotui:
        try:
            if moment == "copying":
                assert octotui.stdout is not None
                assert octotui.stdout.readline() == b"copying\n"
                assert not list(store.directory.glob("*.dmp")), "no file has its name before it is whole"
            else:
                await until(lambda: is_traced(target), "the target is being captured")
                await until(lambda: any(home.glob(".octotui-*/dump")), "the dump is written to memory")
        finally:
            octotui.send_signal(signal.SIGKILL)
    await until(lambda: is_running(target), "the target runs")
    await until(lambda: bool(recover(store)) or bool(store.records()), "what was left is settled")
    (record,) = store.records()
    assert (record.outcome, record.is_verified) == ("finished", True)
    assert record.path is not None
    assert target.marker_bytes in record.path.read_bytes()
    assert sorted(os.listdir(store.directory)) == [record.path.name, f"{record.path.name}.json"]
    await until(lambda: not recover(store) and nothing_is_left(store), "nothing is left in memory")


@needs_root
async def test_memory_without_room_is_refused_where_it_was_asked_for(
    tmp_path: Path, start_target: StartTarget, small_memory: Path
) -> None:
    service = DumpService(
        Store(tmp_path / "dumps"), surroundings=Surroundings(memory=small_memory), limits=Limits.none()
    )
    target = start_target()
    plan = await planned(service, target)
    assert plan.is_refused
    (refusal,) = plan.of(Severity.REFUSAL)
    assert refusal.code == "no-memory"
    assert "its file system in memory has 25 MB free" in refusal.message
    assert "--staging disk" in refusal.hint
    plan = await planned(service, target, medium=None)
    assert (plan.steps[0].medium, plan.steps[0].medium_reason) == (Medium.DISK, "nothing is known of this disk yet")
    await service.aclose()


@needs_root
@BACKENDS
async def test_dump_that_outgrows_the_memory_fails_and_harms_nobody(
    tmp_path: Path, start_target: StartTarget, small_memory: Path, backend: str
) -> None:
    service = DumpService(
        Store(tmp_path / "dumps"), surroundings=Surroundings(memory=small_memory), limits=Limits.none()
    )
    target = start_target(ballast_mb=BALLAST_MB)
    plan = await planned(service, target, backend, medium=None)
    step = replace(plan.steps[0], medium=Medium.MEMORY, estimate=replace(plan.steps[0].estimate, bytes=1_000_000))
    result = await run(service, replace(plan, steps=(step,)))
    assert result.failure is not None
    assert result.failure.code == "memory-full", result.failure
    assert f"--staging disk {target.pid}" in result.failure.hint
    assert is_running(target)
    assert os.listdir(small_memory) == []
    await service.aclose()
