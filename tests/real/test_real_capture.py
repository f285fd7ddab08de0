"""Real captures: every backend, type and runtime gives a whole dump of a target that runs on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, StartTarget
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment
from real_captures import Bench, check_finished, is_running, sample_of, wait_until

from octotui.dotnet import ipc, runtime
from octotui.dumps.model import DumpRequest, DumpType, Severity
from octotui.dumps.results import JobState
from octotui.dumps.target import read_status
from octotui.dumps.verify import verify
from octotui.errors import NotADump
from octotui.processes.model import ProcessInfo, ProcessKey, Sample, Snapshot


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.service.aclose()


@pytest.mark.parametrize("backend", ["ipc", "createdump"])
@pytest.mark.parametrize("type", list(DumpType))
async def test_capture_is_whole_and_the_target_runs_on(
    bench: Bench, start_target: StartTarget, each_runtime: str, backend: str, type: DumpType
) -> None:
    target = start_target(runtime=each_runtime, ballast_mb=16, marker="deployment variable")
    result = await bench.capture(target, backend, type)
    path = check_finished(result, target)
    assert (result.backend, result.type) == (backend, type)
    content = path.read_bytes()
    assert result.sha256 == hashlib.sha256(content).hexdigest()
    if type in (DumpType.HEAP, DumpType.FULL):
        assert target.marker_bytes in content
    wait_until(lambda: is_running(target), "the target runs")
    facts = runtime.inspect(target.key)
    assert facts.socket is not None
    await ipc.process_info(facts.socket)
    record = json.loads(path.with_name(path.name + ".json").read_text())
    assert record["outcome"] == "finished"
    assert record["sha256"] == result.sha256
    assert record["runtime"].startswith(each_runtime)
    assert bench.leftovers() == []


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


async def test_target_without_socket_is_captured_directly(bench: Bench, start_target: StartTarget) -> None:
    target = start_target(env={"DOTNET_EnableDiagnostics": "0"})
    plan = await bench.plan(target)
    assert plan.steps[0].backend == "createdump"
    check_finished(await bench.run(plan), target)


async def test_path_with_placeholders_is_taken_as_it_stands(
    bench: Bench, start_target: StartTarget, each_runtime: str, tmp_path: Path
) -> None:
    target = start_target(runtime=each_runtime)
    place = tmp_path / "100%d of %p & more"
    for backend in ("ipc", "createdump"):
        result = await bench.run(await bench.plan(target, backend, DumpType.MINI, place))
        assert check_finished(result, target).parent == place
    assert sum(name.startswith("100") for name in os.listdir(tmp_path)) == 1


async def test_named_program_that_is_not_dotnet_is_refused(bench: Bench) -> None:
    status = read_status(os.getpid())
    assert status is not None
    key = ProcessKey(os.getpid(), status.started)
    sample = Sample(Snapshot("host", datetime.now(UTC), 0, 0, {key: ProcessInfo(key, 1, "python")}))
    plan = await bench.service.plan(DumpRequest((key,), frozenset({key})), sample)
    assert plan.is_refused
    assert [remark.code for remark in plan.of(Severity.REFUSAL)] == ["not-dotnet"]


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


async def test_real_dump_that_was_damaged_is_named_so(
    bench: Bench, start_target: StartTarget, each_runtime: str, tmp_path: Path
) -> None:
    target = start_target(runtime=each_runtime)
    good = check_finished(await bench.capture(target, type=DumpType.MINI), target).read_bytes()
    notes_at = ELFFile(BytesIO(good)).get_segment(0)["p_offset"]
    damaged = {
        "cut off": good[:-1],
        "headers lie beyond": good[:2000],
        "notes lie beyond": good[: notes_at + 100],
        "not an ELF file": b"\0" + good[1:],
        "notes do not parse": good[:notes_at] + b"\xff" * 12 + good[notes_at + 12 :],
        "more than its headers": good + b"tail",
    }
    for words, content in damaged.items():
        broken = tmp_path / "broken.dmp"
        broken.write_bytes(content)
        with pytest.raises(NotADump, match=words):
            verify(broken)


async def test_two_captures_of_a_tree_run_one_after_the_other(bench: Bench, start_target: StartTarget) -> None:
    first, second = start_target(runtime="8.0"), start_target(runtime="3.1")
    plan = await bench.service.plan(DumpRequest((first.key, second.key)), sample_of(first, second))
    results = await bench.service.wait(bench.service.submit(plan))
    assert [result.outcome for result in results] == [JobState.FINISHED] * 2
