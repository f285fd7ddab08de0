"""The service, with backends that do as they are told on processes that are real."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, Sleeper, Sleepers, facts_of, info, sample_of, silent_socket

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends.base import Availability
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest
from octotui.dumps.results import Job, JobState
from octotui.dumps.service import DumpService
from octotui.errors import CaptureFailed, Refused
from octotui.processes.model import ProcessKey


class Desk:
    """A service with two scripted backends and facts that can be changed under it."""

    def __init__(self, directory: Path) -> None:
        self.first, self.second = ScriptedBackend("ipc"), ScriptedBackend("createdump")
        self.facts: dict[ProcessKey, RuntimeFacts] = {}
        self.store = Store(directory / "dumps")
        self.service = DumpService(
            self.store,
            backends=(self.first, self.second),
            history=History(),
            inspect=lambda key: self.facts.get(key, facts_of(key)),
            limits=Limits.none(),
        )

    async def plan(self, *sleepers: Sleeper, backend: str = "auto", destination: Path | None = None) -> DumpPlan:
        keys = tuple(sleeper.key for sleeper in sleepers)
        sample = sample_of(*(info(key) for key in keys))
        request = DumpRequest(keys, frozenset(keys), backend=backend, destination=destination)
        return await self.service.plan(request, sample)

    def leftovers(self) -> list[str]:
        """Everything in the state directory but dumps, records and history."""
        names = [path.name for path in self.store.state.rglob("*") if not path.is_dir()]
        staged = [path.name for path in self.store.state.rglob(".octotui-*")]
        return [name for name in names if not name.endswith((".dmp", ".dmp.json"))] + staged


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    await made.service.aclose()


async def until(is_so: asyncio.Event) -> None:
    await asyncio.wait_for(is_so.wait(), 20)


async def test_capture_ends_verified_private_and_recorded(desk: Desk, sleeper: Sleeper) -> None:
    (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper)))
    assert result.outcome is JobState.FINISHED
    assert result.verified
    assert result.path is not None
    assert result.path.parent == desk.store.directory
    assert stat.S_IMODE(result.path.stat().st_mode) == 0o600
    assert result.bytes == result.path.stat().st_size
    record = json.loads((result.path.parent / f"{result.path.name}.json").read_text())
    assert record["schema"] == 1
    assert record["sha256"] == result.sha256 != ""
    assert record["verification"]["writer"] == "createdump"
    assert record["tool_output"] == ["[createdump] Dump successfully written in 1ms"]
    assert desk.leftovers() == []
    assert [r.path for r in desk.store.records()] == [result.path]


async def test_jobs_run_one_at_a_time_in_the_order_of_the_plan(desk: Desk, start_sleeper: Sleepers) -> None:
    sleepers = [start_sleeper() for _ in range(3)]
    seen: list[tuple[int, JobState]] = []
    changes = desk.service.subscribe()
    jobs = desk.service.submit(await desk.plan(*sleepers))
    assert desk.service.has_running
    await desk.service.wait(jobs)
    assert not desk.service.has_running
    await desk.service.aclose()
    async for job in changes:
        seen.append((job.id, job.state))
        running = [one.state for one in desk.service.jobs if one.state in (JobState.RUNNING, JobState.VERIFYING)]
        assert len(running) <= 1
    for job in jobs:
        states = list(dict.fromkeys(state for job_id, state in seen if job_id == job.id))
        assert states == [JobState.QUEUED, JobState.RUNNING, JobState.VERIFYING, JobState.FINISHED]
    assert [run.facts.key for run in desk.first.runs] == [job.key for job in jobs]


async def test_progress_is_told_while_it_runs(desk: Desk, sleeper: Sleeper) -> None:
    desk.first.holds = True
    changes = desk.service.subscribe()
    jobs = desk.service.submit(await desk.plan(sleeper))
    async for job in changes:
        if job.bytes_written:
            break
    assert job.state is JobState.RUNNING
    assert job.seconds > 0
    desk.first.release.set()
    (result,) = await desk.service.wait(jobs)
    assert result.outcome is JobState.FINISHED


async def test_calamari_that_exits_while_queued_is_reported_not_dumped(desk: Desk, start_sleeper: Sleepers) -> None:
    stays, leaves = start_sleeper(), start_sleeper()
    desk.first.holds = True
    jobs = desk.service.submit(await desk.plan(stays, leaves))
    await until(desk.first.started)
    leaves.end()
    desk.first.release.set()
    results = {job.key: result for job, result in zip(jobs, await desk.service.wait(jobs), strict=True)}
    assert results[stays.key].outcome is JobState.FINISHED
    lost = results[leaves.key]
    assert (lost.outcome, lost.path) == (JobState.FAILED, None)
    assert lost.failure is not None
    assert lost.failure.code == "process-gone"
    assert "ended before it could be captured" in lost.failure.message
    assert len(desk.first.runs) == 1


async def test_process_that_ended_before_the_confirm_is_reported(desk: Desk, sleeper: Sleeper) -> None:
    plan = await desk.plan(sleeper)
    sleeper.end()
    (result,) = await desk.service.wait(desk.service.submit(plan))
    assert result.failure is not None
    assert result.failure.code == "process-gone"
    assert desk.first.runs == []


async def test_process_replaced_under_the_same_pid_is_refused(desk: Desk, sleeper: Sleeper) -> None:
    plan = await desk.plan(sleeper)
    step = plan.steps[0]
    older = replace(step.target, key=ProcessKey(sleeper.key.pid, sleeper.key.started - 5))
    (result,) = await desk.service.wait(desk.service.submit(replace(plan, steps=(replace(step, target=older),))))
    assert result.outcome is JobState.REFUSED
    assert result.failure is not None
    assert result.failure.code == "pid-reused"
    assert desk.first.runs == []


@pytest.mark.parametrize("change", [{"uid": 4711}, {"runtime_directory": "/tmp/other"}])
async def test_process_that_became_another_program_is_refused(
    desk: Desk, sleeper: Sleeper, change: dict[str, object]
) -> None:
    plan = await desk.plan(sleeper)
    desk.facts[sleeper.key] = facts_of(sleeper.key, **change)
    (result,) = await desk.service.wait(desk.service.submit(plan))
    assert result.outcome is JobState.REFUSED
    assert result.failure is not None
    assert result.failure.code == "changed"
    assert desk.first.runs == []


async def test_backend_that_cannot_any_more_is_refused_at_the_last_look(desk: Desk, sleeper: Sleeper) -> None:
    plan = await desk.plan(sleeper)
    desk.first.available = Availability(False, "its createdump lost its run bit", "chmod +x")
    (result,) = await desk.service.wait(desk.service.submit(plan))
    assert (result.outcome, desk.first.runs) == (JobState.REFUSED, [])


async def test_words_of_the_tool_and_our_next_step_are_reported(desk: Desk, sleeper: Sleeper) -> None:
    desk.first.fails = CaptureFailed("No space left on device (28)", hint="free some space", code="disk-full")
    (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper)))
    assert result.outcome is JobState.FAILED
    assert result.failure is not None
    assert result.as_json()["error"] == {
        "code": "disk-full",
        "message": "No space left on device (28)",
        "hint": "free some space",
    }
    assert desk.leftovers() == []
    assert desk.store.records() == ()


@pytest.mark.parametrize(("content", "code"), [(b"", "no-file"), (b"not a core", "not-whole")])
async def test_ok_of_a_tool_is_no_proof(desk: Desk, sleeper: Sleeper, content: bytes, code: str) -> None:
    desk.first.content = content
    (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper)))
    assert (result.outcome, result.verified, result.path) == (JobState.FAILED, False, None)
    assert result.failure is not None
    assert result.failure.code == code
    assert desk.leftovers() == []


async def test_running_job_is_cancelled_without_a_trace(desk: Desk, sleeper: Sleeper) -> None:
    desk.first.holds = True
    jobs = desk.service.submit(await desk.plan(sleeper))
    await until(desk.first.started)
    desk.service.cancel(jobs[0].id)
    desk.service.cancel(jobs[0].id)
    (result,) = await desk.service.wait(jobs)
    assert (result.outcome, result.path) == (JobState.CANCELLED, None)
    assert desk.first.ended == 1
    assert desk.leftovers() == []
    assert desk.store.records() == ()


async def test_queued_job_is_cancelled_at_once_and_the_running_one_goes_on(desk: Desk, start_sleeper: Sleepers) -> None:
    desk.first.holds = True
    running, queued = desk.service.submit(await desk.plan(start_sleeper(), start_sleeper()))
    await until(desk.first.started)
    desk.service.cancel(queued.id)
    assert desk.service.jobs[1].state is JobState.CANCELLED
    desk.first.release.set()
    results = await desk.service.wait((running, queued))
    assert [result.outcome for result in results] == [JobState.FINISHED, JobState.CANCELLED]
    desk.service.cancel(running.id)
    desk.service.cancel(999)


async def test_same_target_is_never_captured_twice_at_once(desk: Desk, sleeper: Sleeper) -> None:
    desk.first.holds = True
    plan = await desk.plan(sleeper)
    jobs = desk.service.submit(plan)
    with pytest.raises(Refused) as refused:
        desk.service.submit(plan)
    assert refused.value.code == "under-way"
    again = await desk.plan(sleeper)
    assert again.is_refused
    desk.first.release.set()
    await desk.service.wait(jobs)
    assert not (await desk.plan(sleeper)).is_refused


async def test_capture_of_another_octotui_is_respected(desk: Desk, sleeper: Sleeper, tmp_path: Path) -> None:
    desk.first.holds = True
    plan = await desk.plan(sleeper)
    jobs = desk.service.submit(plan)
    await until(desk.first.started)
    other = Desk(tmp_path)
    assert (await other.plan(sleeper)).is_refused
    with pytest.raises(Refused):
        other.service.submit(plan)
    desk.first.release.set()
    await desk.service.wait(jobs)
    await other.service.aclose()


async def test_refused_plan_cannot_be_submitted(desk: Desk, sleeper: Sleeper) -> None:
    desk.first.available = desk.second.available = Availability(False, "no")
    with pytest.raises(Refused):
        desk.service.submit(await desk.plan(sleeper))


async def test_silent_socket_has_a_stand_in_where_the_choice_was_ours(desk: Desk, sleeper: Sleeper) -> None:
    desk.first.fails = silent_socket()
    (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper)))
    assert (result.outcome, result.backend) == (JobState.FINISHED, "createdump")
    (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper, backend="ipc")))
    assert result.outcome is JobState.FAILED


async def test_error_of_octotui_itself_ends_one_job_and_not_the_queue(desk: Desk, start_sleeper: Sleepers) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))
    desk.first.crashes = ZeroDivisionError("a bug")
    first, second = start_sleeper(), start_sleeper()
    jobs = desk.service.submit(await desk.plan(first, second))
    await until(desk.first.started)
    desk.first.crashes = None
    results = await desk.service.wait(jobs)
    assert [result.outcome for result in results] == [JobState.FAILED, JobState.FINISHED]
    assert results[0].failure is not None
    assert results[0].failure.code == "internal"
    assert isinstance(heard[0], ZeroDivisionError)
    assert desk.leftovers() == []


async def test_closing_cancels_everything_and_ends_the_streams(desk: Desk, start_sleeper: Sleepers) -> None:
    desk.first.holds = True
    changes = desk.service.subscribe()
    jobs = desk.service.submit(await desk.plan(start_sleeper(), start_sleeper()))
    await until(desk.first.started)
    await desk.service.aclose()
    await desk.service.aclose()
    assert [job.state for job in desk.service.jobs] == [JobState.CANCELLED] * 2
    assert [result.outcome for result in await desk.service.wait(jobs)] == [JobState.CANCELLED] * 2
    last: dict[int, Job] = {job.id: job async for job in changes}
    assert {job.state for job in last.values()} == {JobState.CANCELLED}
    assert [job async for job in desk.service.subscribe()] == []
    with pytest.raises(Refused):
        desk.service.submit(await desk.plan(start_sleeper()))
    assert desk.leftovers() == []


async def test_loop_that_is_torn_down_leaves_nothing(tmp_path: Path, sleeper: Sleeper) -> None:
    def in_a_loop_of_its_own() -> Desk:
        async def begin() -> Desk:
            desk = Desk(tmp_path)
            desk.first.holds = True
            desk.service.submit(await desk.plan(sleeper))
            await until(desk.first.started)
            return desk

        return asyncio.run(begin())

    desk = await asyncio.to_thread(in_a_loop_of_its_own)
    assert desk.first.ended == 1
    assert desk.leftovers() == []


async def test_destination_of_ones_own_gets_dump_and_record(desk: Desk, sleeper: Sleeper, tmp_path: Path) -> None:
    place = tmp_path / "my dumps 100%"
    (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper, destination=place)))
    assert result.path is not None
    assert result.path.parent == place
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.iterdir()) == [result.path.name, f"{result.path.name}.json"]
    assert desk.store.records() == ()


async def test_secret_in_the_tools_words_is_masked_in_the_record(desk: Desk, sleeper: Sleeper) -> None:
    class Chatty(ScriptedBackend):
        async def run(self, capture: object) -> None:
            await super().run(capture)  # type: ignore[arg-type]
            capture.note("it said --password=hunter2hunter2 \x1b[31m")  # type: ignore[attr-defined]

    chatty = Chatty("ipc")
    service = DumpService(desk.store, backends=(chatty,), history=History(), inspect=facts_of, limits=Limits.none())
    sample = sample_of(info(sleeper.key))
    (result,) = await service.wait(service.submit(await service.plan(DumpRequest((sleeper.key,)), sample)))
    assert result.path is not None
    record = (desk.store.directory / f"{result.path.name}.json").read_text()
    assert "hunter2hunter2" not in record
    assert "\\u001b" not in record
    await service.aclose()


MEMORY = Path("/dev/shm")


@pytest.mark.skipif(not MEMORY.is_dir() or os.geteuid() != 0, reason="needs a second file system and root")
async def test_dump_that_another_file_system_must_take_is_copied(desk: Desk, sleeper: Sleeper) -> None:
    # A target in a container writes below its own root, so the staging lies elsewhere.
    desk.facts[sleeper.key] = facts_of(sleeper.key, same_mounts=False)
    place = MEMORY / f"octotui-test-{os.getpid()}"
    place.mkdir(mode=0o700)
    try:
        (result,) = await desk.service.wait(desk.service.submit(await desk.plan(sleeper, destination=place)))
        assert result.outcome is JobState.FINISHED, result.failure
        assert result.path is not None
        assert (result.path.parent, result.path.stat().st_uid) == (place, 0)
        assert result.sha256
    finally:
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
