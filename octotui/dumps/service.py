"""The dump service: takes plans, captures one step after the other, tells everyone how it goes. Used by both faces."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace

from octotui.dotnet import runtime
from octotui.dumps import planning
from octotui.dumps.backends.base import Backend
from octotui.dumps.backends.registry import AUTO, default_backends
from octotui.dumps.capture import StepCapture
from octotui.dumps.history import History
from octotui.dumps.jobs import JobBook
from octotui.dumps.journal import Journal
from octotui.dumps.model import DumpPlan, DumpRequest, Severity, Step
from octotui.dumps.outcomes import failed
from octotui.dumps.records import DumpRecord, result_of
from octotui.dumps.recovery import recover
from octotui.dumps.results import DumpResult, Job, JobState
from octotui.dumps.rights import Rights, read_rights
from octotui.dumps.store import Store
from octotui.dumps.target import HeldTarget
from octotui.dumps.waiting import in_thread
from octotui.dumps.workplace import Inspect, Workshop
from octotui.errors import OctotuiError, ProcessGone, Refused
from octotui.processes.model import Sample
from octotui.units import seconds_text


class DumpService:
    """Captures one process at a time. To be used from one event loop.

    Every target is held by pidfd from submit to end, so that a process that takes over a pid is never captured.
    """

    def __init__(
        self,
        store: Store,
        *,
        backends: Sequence[Backend] | None = None,
        history: History | None = None,
        clock: Callable[[], float] = time.monotonic,
        rights: Rights | None = None,
        inspect: Inspect = runtime.inspect,
    ) -> None:
        self._rights = rights or read_rights()
        self._backends = tuple(backends) if backends is not None else default_backends(self._rights)
        self._history = history if history is not None else History(store.history)
        self._workshop = Workshop(
            store, {backend.name: backend for backend in self._backends}, self._history, self._rights, inspect, clock
        )
        self._book = JobBook()
        self._held: dict[int, HeldTarget] = {}
        self._plans: dict[int, DumpPlan] = {}
        self._runner: asyncio.Task[None] | None = None
        self._running: tuple[int, StepCapture, asyncio.Task[None]] | None = None
        self._digests: dict[asyncio.Task[None], StepCapture] = {}
        self._is_closed = False

    @property
    def store(self) -> Store:
        return self._workshop.store

    @property
    def backends(self) -> tuple[Backend, ...]:
        return self._backends

    async def plan(self, request: DumpRequest, sample: Sample) -> DumpPlan:
        """What would be done for `request`; touches nothing. Raises UsageError for a backend that does not exist."""
        under_way = {
            key: f"job {job.id} of this octotui captures it since {seconds_text(job.seconds)}"
            if job.state is not JobState.QUEUED
            else f"it is queued as job {job.id} of this octotui"
            for key, job in self._book.under_way().items()
        }
        return await in_thread(self._plan, request, sample, under_way)

    def _plan(self, request: DumpRequest, sample: Sample, under_way: planning.UnderWay) -> DumpPlan:
        return planning.plan(
            request,
            sample,
            backends=self._backends,
            store=self.store,
            history=self._history,
            inspect=self._workshop.inspect,
            rights=self._rights,
            under_way=under_way,
        )

    def submit(self, plan: DumpPlan) -> tuple[Job, ...]:
        """Queues every step and returns its jobs. A target that ended meanwhile gives a job that is over at once.

        Raises Refused when the plan is refused or one of its targets is being captured already.
        """
        if self._is_closed:
            raise Refused("the dump service is closed", hint="start octotui again")
        if plan.is_refused:
            remark = next(iter(plan.of(Severity.REFUSAL)), None)
            raise Refused(
                remark.message if remark else "the plan has no step",
                hint=remark.hint if remark else "choose a .NET process",
                code=remark.code if remark else "",
            )
        under_way = {*self._book.under_way(), *Journal(self.store.jobs).under_way()}
        for step in plan.steps:
            if step.target.key in under_way:
                raise Refused(
                    f"process {step.target.key.pid} ({step.target.name}) is being captured already",
                    hint="wait until that capture is over, or cancel it",
                    code="under-way",
                )
        jobs = [self._queue(step, plan) for step in plan.steps]
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(self._run_queue(), name="octotui-dumps")
        return tuple(jobs)

    def _queue(self, step: Step, plan: DumpPlan) -> Job:
        job = self._book.add(step)
        try:
            self._held[job.id] = HeldTarget.open(step.target.key)
            self._plans[job.id] = plan
        except ProcessGone as error:
            self._book.ended(job.id, failed(step, error))
        return self._book[job.id]

    def cancel(self, job_id: int) -> None:
        """Cancels a job: a queued one at once, a running one as soon as its target runs again."""
        if job_id not in self._book or self._book[job_id].state.is_over:
            return
        if self._running is not None and self._running[0] == job_id:
            _, capture, task = self._running
            capture.hurry()
            task.cancel()
            return
        self._end(job_id, result_of(self._book[job_id].step, JobState.CANCELLED))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The latest state of every job, in the order of submission."""
        return self._book.jobs

    @property
    def has_running(self) -> bool:
        """True while a job is queued or running."""
        return bool(self._book.under_way())

    def subscribe(self) -> AsyncIterator[Job]:
        """Every change of a job from now on; ends after `aclose`."""
        return self._book.subscribe()

    async def wait(self, jobs: Iterable[Job]) -> tuple[DumpResult, ...]:
        """The results of `jobs`, in their order, once all are over and the finished ones have their digest."""
        return await self._book.wait([job.id for job in jobs])

    async def recover(self) -> tuple[DumpRecord, ...]:
        """Finishes or clears what an octotui that was killed left behind; the records that came of it."""
        return await in_thread(recover, self.store)

    async def aclose(self) -> None:
        """Cancels every job and returns when targets run and partial files are gone. May be called twice.

        A digest that is still to come is not waited for: the next `recover` adds it to the record.
        """
        self._is_closed = True
        for job in self._book.jobs:
            self.cancel(job.id)
        if self._runner is not None:
            await asyncio.wait({self._runner})
        for capture in self._digests.values():
            capture.skip_digest()
        await asyncio.gather(*self._digests, return_exceptions=True)
        self._book.close()

    async def _run_queue(self) -> None:
        while (job := self._book.first_queued()) is not None:
            task = asyncio.get_running_loop().create_task(self._run(job), name=f"octotui-dump-{job.id}")
            await asyncio.wait({task})
            if not task.cancelled() and (error := task.exception()) is not None:
                # Not one of ours: it stays loud, but the queue goes on and nobody waits for ever.
                self._end(job.id, failed(job.step, error))
                asyncio.get_running_loop().call_exception_handler({"message": "capture failed", "exception": error})
            self._end(job.id, result_of(job.step, JobState.CANCELLED))

    async def _run(self, job: Job) -> None:
        plan = self._plans[job.id]
        capture = StepCapture(
            job.step,
            self._held[job.id],
            plan.destination,
            self._workshop,
            lambda progress: self._book.progressed(job.id, progress),
            _fallbacks(job.step, plan),
        )
        task = asyncio.current_task()
        assert task is not None
        self._running = (job.id, capture, task)
        try:
            result = await capture.run()
        except asyncio.CancelledError:
            result = result_of(job.step, JobState.CANCELLED)
        except (OctotuiError, OSError) as error:
            result = failed(job.step, error)
        finally:
            self._running = None
        before = self._book[job.id]
        self._end(job.id, replace(result, seconds=result.seconds or before.seconds))
        # The next step does not wait for the digest of this one.
        digest = asyncio.get_running_loop().create_task(self._digest(job.id, capture), name=f"octotui-digest-{job.id}")
        self._digests[digest] = capture
        digest.add_done_callback(self._digests.pop)
        if self._is_closed:
            capture.skip_digest()

    async def _digest(self, job_id: int, capture: StepCapture) -> None:
        result: DumpResult | None = None
        try:
            with contextlib.suppress(OSError):
                result = await capture.digest()
        finally:
            self._book.settled(job_id, result)

    def _end(self, job_id: int, result: DumpResult) -> None:
        held = self._held.pop(job_id, None)
        if held is not None:
            held.close()
        self._plans.pop(job_id, None)
        self._book.ended(job_id, result)


def _fallbacks(step: Step, plan: DumpPlan) -> tuple[str, ...]:
    """Backends that may stand in: those that could have done it, where the request left the choice to octotui."""
    if plan.request.backend != AUTO:
        return ()
    return tuple(passed.backend for passed in step.passed_over if passed.reason == planning.NOT_NEEDED)
