"""A dump service that plays a script, and a host that has it: the command line's half of a capture, alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from pathlib import Path

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Estimate, LeftOut, Remark, Severity, Step, Target
from octotui.dumps.results import DumpResult, Failure, Job, JobState
from octotui.processes.model import ProcessKey, Sample

KEY = ProcessKey(14220, 100)
CALAMARI = Target(KEY, "Calamari", role="calamari", label="Calamari", task="ServerTasks-826567")
SHELL = Target(ProcessKey(14233, 120), "bash", role="user-script", label="script")
ESTIMATE = Estimate(157_000_000, 6.1)


def step(target: Target = CALAMARI) -> Step:
    facts = RuntimeFacts(target.key, RuntimeKind.CORECLR)
    return Step(target, "ipc", "its diagnostics socket answers", DumpType.HEAP, ESTIMATE, facts)


def plan_of(
    *steps: Step, left_out: tuple[LeftOut, ...] = (), remarks: tuple[Remark, ...] = ()
) -> Callable[[DumpRequest], DumpPlan]:
    return lambda request: DumpPlan(request, steps, left_out, remarks, Path("/var/lib/octotui/dumps"), 10**10)


def refusal(key: ProcessKey | None = None) -> Remark:
    return Remark(Severity.REFUSAL, "no-space", "there is no room for it", "octotui dump --output DIR", key)


def finished(job: Job) -> DumpResult:
    return DumpResult(
        job.step.target,
        JobState.FINISHED,
        job.step.backend,
        job.step.type,
        job.step.estimate,
        path=Path("/var/lib/octotui/dumps/Calamari-14220-20240501T120000Z.dmp"),
        bytes=157_319_168,
        seconds=6.3,
        pause_seconds=6.1,
        verified=True,
        sha256="0" * 64,
    )


def failed(job: Job) -> DumpResult:
    failure = Failure("capture-failed", "createdump: Permission denied (13)", "octotui doctor 14220")
    return replace(finished(job), outcome=JobState.FAILED, path=None, bytes=0, verified=False, failure=failure)


class ScriptedService:
    """Runs each job through its states at once, or keeps it running until it is cancelled."""

    def __init__(
        self,
        make_plan: Callable[[DumpRequest], DumpPlan],
        end: Callable[[Job], DumpResult] = finished,
        *,
        until_cancelled: bool = False,
        on_running: Callable[[], None] = lambda: None,
    ) -> None:
        self._make_plan = make_plan
        self._end = end
        self._until_cancelled = until_cancelled
        self._on_running = on_running
        self._changes: asyncio.Queue[Job | None] = asyncio.Queue()
        self._over: dict[int, asyncio.Future[DumpResult]] = {}
        self._running: dict[int, Job] = {}
        self.cancelled: list[int] = []
        self.submitted: list[DumpPlan] = []
        self.is_closed = False

    async def plan(self, request: DumpRequest, sample: Sample) -> DumpPlan:
        return self._make_plan(request)

    async def recover(self) -> tuple[()]:
        return ()

    def submit(self, plan: DumpPlan) -> tuple[Job, ...]:
        self.submitted.append(plan)
        jobs = tuple(Job(number, step) for number, step in enumerate(plan.steps, 1))
        for job in jobs:
            self._over[job.id] = asyncio.get_running_loop().create_future()
            self._running[job.id] = running = replace(job, state=JobState.RUNNING, bytes_written=78_000_000)
            for state in (job, running):
                self._changes.put_nowait(state)
            if not self._until_cancelled:
                self._changes.put_nowait(replace(running, state=JobState.VERIFYING))
                self._finish(job, self._end(job))
        asyncio.get_running_loop().call_soon(self._on_running)
        return jobs

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)
        job = self._running[job_id]
        self._finish(job, replace(failed(job), outcome=JobState.CANCELLED))

    def _finish(self, job: Job, result: DumpResult) -> None:
        self._changes.put_nowait(replace(job, state=result.outcome, result=result))
        self._over[job.id].set_result(result)

    async def subscribe(self) -> AsyncIterator[Job]:
        while (job := await self._changes.get()) is not None:
            yield job

    async def wait(self, jobs: Iterable[Job]) -> tuple[DumpResult, ...]:
        return tuple([await self._over[job.id] for job in jobs])

    async def aclose(self) -> None:
        self.is_closed = True
        self._changes.put_nowait(None)


class ScriptedHost:
    def __init__(self, dumps: ScriptedService) -> None:
        self.dumps = dumps
