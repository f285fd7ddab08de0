"""Real captures: every backend, type and runtime gives a whole dump of a target that runs on."""

from __future__ import annotations

import os

from dotnet_targets import DotnetTarget, StartTarget
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment
from real_captures import Bench, check_finished, sample_of, wait_until

from octotui.dumps.model import DumpRequest, DumpType, Severity
from octotui.dumps.results import JobState
from octotui.dumps.verifying.verify import verify


def wait_for_gap(target: DotnetTarget, known: int) -> None:
    wait_until(lambda: len(target.heartbeat_gaps()) > known, "the gap is written")


async def test_pause_agrees_with_the_targets_own_heartbeat(bench: Bench, start_target: StartTarget) -> None:
    target = start_target(ballast_mb=64)
    for backend in ("ipc", "createdump"):
        known = len(target.heartbeat_gaps())
        result = await bench.capture(target, backend)
        assert result.pause_seconds is not None
        wait_for_gap(target, known)
        gap = max(found.seconds for found in target.heartbeat_gaps()[known:])
        assert abs(result.pause_seconds - gap) <= max(0.1 * gap, 0.020)


async def test_plan_prefers_the_socket_and_explains_the_other(bench: Bench, start_target: StartTarget) -> None:
    plan = await bench.plan(start_target(ballast_mb=32))
    (step,) = plan.steps
    assert step.backend == "ipc"
    assert [passed.backend for passed in step.passed_over] == ["createdump"]
    assert [remark.code for remark in plan.of(Severity.NOTICE)] == ["sensitive"]
    assert 32_000_000 < step.estimate.bytes < 320_000_000


async def test_threads_of_the_target_are_all_in_its_dump(bench: Bench, start_target: StartTarget) -> None:
    target = start_target(threads=40)
    before = {int(name) for name in os.listdir(f"/proc/{target.pid}/task")}
    path = check_finished(await bench.capture(target, type=DumpType.MINI), target)
    assert len(before & set(verify(path).threads)) >= 40


async def test_verifier_agrees_with_an_independent_reader(
    bench: Bench, start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime)
    path = check_finished(await bench.capture(target, type=DumpType.FULL), target)
    facts = verify(path)
    with path.open("rb") as stream:
        core = ELFFile(stream)
        segments = list(core.iter_segments())
        loads = [segment for segment in segments if segment["p_type"] == "PT_LOAD"]
        notes = [note for found in segments if isinstance(found, NoteSegment) for note in found.iter_notes()]
    assert facts.regions == len(loads)
    assert facts.extent_bytes == max(load["p_offset"] + load["p_filesz"] for load in loads)
    assert len(facts.threads) == sum(note["n_type"] == "NT_PRSTATUS" for note in notes)
    assert facts.pid == next(n["n_desc"]["pr_pid"] for n in notes if n["n_type"] == "NT_PRPSINFO")
    assert facts.type_guess == "full"


async def test_two_captures_of_a_tree_run_one_after_the_other(bench: Bench, start_target: StartTarget) -> None:
    first, second = start_target(runtime="8.0"), start_target(runtime="3.1")
    plan = await bench.service.plan(DumpRequest((first.key, second.key)), sample_of(first, second))
    results = await bench.service.wait(bench.service.submit(plan))
    assert [result.outcome for result in results] == [JobState.FINISHED] * 2
