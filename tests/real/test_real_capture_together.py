"""A tree captured at one moment, on real .NET processes: all stand still together, and all run again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, Gap, StartTarget
from real_captures import (
    Bench,
    check_finished,
    is_running,
    is_traced,
    sample_of,
    status_of,
    tracer_of,
    until,
    wait_until,
)

from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Order, Severity
from octotui.dumps.results import JobState
from octotui.dumps.targets import watchdog
from octotui.dumps.targets.target import read_status
from octotui.processes.model import ProcessKey

BALLAST_MB = 96


async def together(bench: Bench, *targets: DotnetTarget, backend: str = "auto") -> DumpPlan:
    keys = tuple(target.key for target in targets)
    request = DumpRequest(keys, frozenset(keys), type=DumpType.HEAP, backend=backend, order=Order.TOGETHER)
    return await bench.service.plan(request, sample_of(*targets))


def watchdogs() -> set[int]:
    """Watchdogs that run now, of whomever."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if watchdog.__file__.encode() in path.read_bytes():
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


def watchdogs_of(pid: int) -> set[int]:
    return {dog for dog in watchdogs() if (status := read_status(dog)) is not None and status.parent_pid == pid}


def longest_gap(target: DotnetTarget, known: int) -> Gap:
    wait_until(lambda: len(target.heartbeat_gaps()) > known, "the gap is written")
    return max(target.heartbeat_gaps()[known:], key=lambda gap: gap.seconds)


async def test_a_tree_stands_still_at_one_moment_and_each_dump_is_whole(
    bench: Bench, start_target: StartTarget
) -> None:
    runtimes = ("8.0", "8.0", "3.1")
    targets = [start_target(ballast_mb=BALLAST_MB, marker=f"number {n}", runtime=r) for n, r in enumerate(runtimes)]
    plan = await together(bench, *targets)
    assert [step.backend for step in plan.steps] == ["createdump"] * 3
    known = [len(target.heartbeat_gaps()) for target in targets]
    results = {result.target.key: result for result in await bench.service.wait(bench.service.submit(plan))}
    gaps = []
    for target, before in zip(targets, known, strict=True):
        result = results[target.key]
        assert target.marker_bytes in check_finished(result, target).read_bytes()
        await until(lambda target=target: is_running(target), "the target runs")
        gap = longest_gap(target, before)
        assert result.pause_seconds is not None
        # The whole time counts, from the stop before the capture to the release after it.
        assert abs(result.pause_seconds - gap.seconds) <= max(0.1 * gap.seconds, 0.050)
        gaps.append(gap)
    assert max(gap.start for gap in gaps) < min(gap.end for gap in gaps)
    await bench.service.aclose()
    assert watchdogs_of(os.getpid()) == set()
    assert bench.leftovers() == []


async def test_one_that_was_stopped_before_stays_stopped_and_the_others_run(
    bench: Bench, start_target: StartTarget
) -> None:
    stopped, runs = start_target(), start_target()
    stopped.hold()
    plan = await together(bench, stopped, runs)
    assert "stopped" in [remark.code for remark in plan.of(Severity.NOTICE)]
    results = {result.target.key: result for result in await bench.service.wait(bench.service.submit(plan))}
    for target in (stopped, runs):
        check_finished(results[target.key], target)
    assert status_of(stopped).state == "T"
    await until(lambda: is_running(runs), "it runs")
    stopped.release()


async def test_a_cancelled_capture_lets_its_target_go_and_leaves_the_others_whole(
    bench: Bench, start_target: StartTarget
) -> None:
    targets = [start_target(ballast_mb=300) for _ in range(3)]
    jobs = bench.service.submit(await together(bench, *targets))
    by_key = {target.key: target for target in targets}
    await until(lambda: all(not is_running(target) for target in targets), "all stand still")
    bench.service.cancel(jobs[1].id)
    results = await bench.service.wait(jobs)
    assert [result.outcome for result in results] == [JobState.FINISHED, JobState.CANCELLED, JobState.FINISHED]
    for job, result in zip(jobs, results, strict=True):
        if result.outcome is JobState.FINISHED:
            check_finished(result, by_key[job.key])
        await until(lambda job=job: is_running(by_key[job.key]), "it runs")
    assert bench.leftovers() == []


async def test_a_target_that_dies_while_it_is_held_fails_alone(bench: Bench, start_target: StartTarget) -> None:
    dies, stays = start_target(ballast_mb=300), start_target(ballast_mb=300)
    jobs = bench.service.submit(await together(bench, dies, stays))
    await until(lambda: not is_running(dies) and not is_running(stays), "both stand still")
    dies.send(signal.SIGKILL)
    results = {result.target.key: result for result in await bench.service.wait(jobs)}
    assert results[dies.key].outcome is JobState.FAILED
    assert results[dies.key].failure is not None
    assert results[dies.key].failure.code == "process-gone"
    assert "ended while it was held" in results[dies.key].failure.message
    check_finished(results[stays.key], stays)
    assert is_running(stays)


async def test_a_killed_createdump_leaves_no_target_stopped_and_the_other_dump_whole(
    bench: Bench, start_target: StartTarget
) -> None:
    hit, other = start_target(ballast_mb=300), start_target(ballast_mb=300)
    jobs = bench.service.submit(await together(bench, hit, other))
    await until(lambda: is_traced(hit), "its createdump is at work")
    os.kill(tracer_of(hit), signal.SIGKILL)
    results = {result.target.key: result for result in await bench.service.wait(jobs)}
    assert results[hit.key].outcome is JobState.FAILED
    check_finished(results[other.key], other)
    for target in (hit, other):
        await until(lambda target=target: is_running(target), "it runs")
    assert bench.leftovers() == []


async def test_named_socket_captures_run_side_by_side_without_a_hold(bench: Bench, start_target: StartTarget) -> None:
    targets = [start_target(ballast_mb=BALLAST_MB) for _ in range(2)]
    plan = await together(bench, *targets, backend="ipc")
    assert [step.backend for step in plan.steps] == ["ipc", "ipc"]
    assert [remark.code for remark in plan.remarks].count("not-held") == 2
    known = [len(target.heartbeat_gaps()) for target in targets]
    jobs = bench.service.submit(plan)
    for target, result in zip(targets, await bench.service.wait(jobs), strict=True):
        check_finished(result, target)
    gaps = [longest_gap(target, before) for target, before in zip(targets, known, strict=True)]
    assert max(gap.start for gap in gaps) < min(gap.end for gap in gaps)


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="private mounts are made by root")
async def test_one_with_private_mounts_is_not_held_but_captured_with_the_others(
    bench: Bench, start_target: StartTarget
) -> None:
    inside, outside = start_target(prefix=("unshare", "--mount", "--propagation", "private")), start_target()
    plan = await together(bench, inside, outside)
    assert {step.target.key: step.backend for step in plan.steps} == {inside.key: "ipc", outside.key: "createdump"}
    assert [remark.key for remark in plan.remarks if remark.code == "not-held"] == [inside.key]
    for result in await bench.service.wait(bench.service.submit(plan)):
        assert result.outcome is JobState.FINISHED, result.failure
    assert is_running(inside)
    assert is_running(outside)


def test_sigkill_of_octotui_lets_all_held_processes_go(start_target: StartTarget, own_state: Path) -> None:
    targets = [start_target(ballast_mb=300) for _ in range(3)]
    pids = [str(target.pid) for target in targets]
    command = [sys.executable, "-m", "octotui", "dump", "--together", *pids, "--yes", "--json"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as octotui:
        try:
            wait_until(lambda: all(not is_running(target) for target in targets), "all stand still")
            (dog,) = watchdogs_of(octotui.pid)
        finally:
            octotui.kill()
    # A createdump that has begun finishes its work; nothing but it may stop a target now.
    wait_until(lambda: all(is_running(target) for target in targets), "all run")
    wait_until(lambda: dog not in watchdogs(), "no watchdog is left")
    subprocess.run([sys.executable, "-m", "octotui", "dumps"], stdout=subprocess.DEVNULL, check=True)
    # A createdump that had only just been started attaches after the release, and lets go when it is done.
    wait_until(lambda: all(is_running(target) for target in targets), "all run in the end")


def test_the_command_line_captures_together(start_target: StartTarget) -> None:
    targets = [start_target(), start_target()]
    pids = [str(target.pid) for target in targets]
    command = [sys.executable, "-m", "octotui", "dump", "--together", *pids, "--yes", "--json"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    results = json.loads(done.stdout)["results"]
    assert [(result["outcome"], result["backend"]) for result in results] == [("finished", "createdump")] * 2
    assert {ProcessKey(result["pid"], result["started"]) for result in results} == {target.key for target in targets}
