"""The captures under way and those that wait: one after the other, or the whole plan at one moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, replace
from functools import partial

from octotui.dotnet.conversations import CAPTURE, Conversations
from octotui.dumps.backends.registry import AUTO
from octotui.dumps.captures.capture import StepCapture
from octotui.dumps.captures.jobs import JobBook
from octotui.dumps.captures.outcomes import failed
from octotui.dumps.captures.workplace import Workshop
from octotui.dumps.estimating.estimates import deadline_seconds
from octotui.dumps.keeping.records import result_of
from octotui.dumps.model import DumpPlan, Order, Step
from octotui.dumps.plans.together import NOT_NEEDED, is_held
from octotui.dumps.results import DumpResult, Job, JobState
from octotui.dumps.targets.moment import Moment
from octotui.dumps.targets.target import HeldTarget
from octotui.errors import OctotuiError, ProcessGone

HOLD_EXTRA_SECONDS = 30.0
"""What the watchdog of a hold grants beyond the time after which a capture counts as stuck."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Jobs of one plan that run side by side; most often it is one."""

    plan: DumpPlan
    job_ids: tuple[int, ...]


class CaptureQueue:
    """Runs one batch after the other. Used on one event loop.

    Every target is held by pidfd from `add` to the end of its job: no process that takes over its pid is captured.
    """

    def __init__(self, workshop: Workshop, book: JobBook, conversations: Conversations) -> None:
        self._workshop = workshop
        self._book = book
        self._conversations = conversations
        self._batches: deque[_Batch] = deque()
        self._held: dict[int, HeldTarget] = {}
        self._runner: asyncio.Task[None] | None = None
        self._running: dict[int, tuple[StepCapture, asyncio.Task[None]]] = {}
        self._digests: dict[asyncio.Task[None], StepCapture] = {}
        self._is_closed = False

    def add(self, plan: DumpPlan) -> tuple[Job, ...]:
        """Queues every step and returns its jobs. A target that ended meanwhile gives a job that is over at once."""
        ids = tuple(self._queued(step) for step in plan.steps)
        if plan.request.order is Order.TOGETHER:
            self._batches.append(_Batch(plan, ids))
        else:
            self._batches.extend(_Batch(plan, (job_id,)) for job_id in ids)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(self._run_all(), name="octotui-dumps")
        return tuple(self._book[job_id] for job_id in ids)

    def cancel(self, job_id: int) -> None:
        """Cancels a job: a queued one at once, a running one as soon as its target runs again."""
        if job_id not in self._book or self._book[job_id].state.is_over:
            return
        if job_id in self._running:
            capture, task = self._running[job_id]
            capture.hurry()
            task.cancel()
            return
        self._end(job_id, result_of(self._book[job_id].step, JobState.CANCELLED))

    async def aclose(self) -> None:
        """Cancels every job and returns when targets run and partial files are gone. May be called twice."""
        self._is_closed = True
        for job in self._book.jobs:
            self.cancel(job.id)
        if self._runner is not None:
            await asyncio.wait({self._runner})
        for capture in self._digests.values():
            capture.skip_digest()
        await asyncio.gather(*self._digests, return_exceptions=True)

    def _queued(self, step: Step) -> int:
        job = self._book.add(step)
        try:
            self._held[job.id] = HeldTarget.open(step.target.key)
        except ProcessGone as error:
            self._book.ended(job.id, failed(step, error))
        return job.id

    async def _run_all(self) -> None:
        while self._batches:
            batch = self._batches.popleft()
            jobs = [self._book[job_id] for job_id in batch.job_ids if not self._book[job_id].state.is_over]
            if not jobs:
                continue
            moment = _moment_of([job.step for job in jobs], batch.plan)
            tasks = {self._started(job, batch.plan, moment) for job in jobs}
            try:
                await asyncio.wait(tasks)
            finally:
                if moment is not None:
                    await moment.aclose()

    def _started(self, job: Job, plan: DumpPlan, moment: Moment | None) -> asyncio.Task[None]:
        capture = StepCapture(
            job.step,
            self._held[job.id],
            plan.destination,
            self._workshop,
            lambda progress: self._book.progressed(job.id, progress),
            _fallbacks(job.step, plan),
            moment,
            self._conversations.turn(job.key, CAPTURE, partial(self._book.waits, job.id)),
        )
        task = asyncio.get_running_loop().create_task(self._run(job, capture), name=f"octotui-dump-{job.id}")
        self._running[job.id] = (capture, task)

        def over(task: asyncio.Task[None]) -> None:
            # A task that was cancelled before it began has done nothing of this itself.
            self._running.pop(job.id, None)
            if moment is not None:
                moment.left(job.key)
            if not task.cancelled() and (error := task.exception()) is not None:
                # Not one of ours: it stays loud, but the queue goes on and nobody waits for ever.
                self._end(job.id, failed(job.step, error))
                asyncio.get_running_loop().call_exception_handler({"message": "capture failed", "exception": error})
            self._end(job.id, result_of(job.step, JobState.CANCELLED))

        task.add_done_callback(over)
        return task

    async def _run(self, job: Job, capture: StepCapture) -> None:
        try:
            result = await capture.run()
        except asyncio.CancelledError:
            result = result_of(job.step, JobState.CANCELLED)
        except (OctotuiError, OSError) as error:
            result = failed(job.step, error)
        finally:
            self._running.pop(job.id, None)
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
        self._book.ended(job_id, result)


def _moment_of(steps: list[Step], plan: DumpPlan) -> Moment | None:
    """The moment that these steps share; None where one is captured by itself."""
    if len(steps) < 2:
        return None
    held = [step for step in steps if is_held(step)]
    limit = max((deadline_seconds(step.estimate) for step in held), default=0.0) + HOLD_EXTRA_SECONDS
    return Moment((step.target.key for step in steps), (step.target.key for step in held), limit)


def _fallbacks(step: Step, plan: DumpPlan) -> tuple[str, ...]:
    """Backends that may stand in: those that could have done it, where the request left the choice to octotui."""
    if plan.request.backend != AUTO:
        return ()
    return tuple(passed.backend for passed in step.passed_over if passed.reason == NOT_NEEDED)
