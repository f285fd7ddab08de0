"""The book of jobs: the latest state of each, everyone who follows, everyone who waits for an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from octotui.dumps.model import Step
from octotui.dumps.progress import Progress
from octotui.dumps.results import DumpResult, Job, JobState
from octotui.processes.model import ProcessKey


class Subscription:
    """Every change of a job from now on. An async iterator; it ends when the service is closed."""

    def __init__(self) -> None:
        self._changes: asyncio.Queue[Job | None] = asyncio.Queue()
        self._is_over = False

    def put(self, job: Job | None) -> None:
        self._changes.put_nowait(job)

    def __aiter__(self) -> AsyncIterator[Job]:
        return self

    async def __anext__(self) -> Job:
        if self._is_over:
            raise StopAsyncIteration
        job = await self._changes.get()
        if job is None:
            self._is_over = True
            raise StopAsyncIteration
        return job


class JobBook:
    """Jobs in the order of their submission. Used on the event loop only."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._settled: dict[int, asyncio.Event] = {}
        self._subscriptions: list[Subscription] = []
        self._is_closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(self._jobs.values())

    def __getitem__(self, job_id: int) -> Job:
        return self._jobs[job_id]

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._jobs

    def add(self, step: Step) -> Job:
        """A new job, queued."""
        job = Job(id=len(self._jobs) + 1, step=step)
        self._settled[job.id] = asyncio.Event()
        self._put(job)
        return job

    def waits(self, job_id: int, words: str) -> None:
        """Notes what a queued job waits for."""
        job = self._jobs[job_id]
        if not job.state.is_over:
            self._put(replace(job, waits_for=words))

    def progressed(self, job_id: int, progress: Progress) -> None:
        job = self._jobs[job_id]
        if not job.state.is_over:
            self._put(
                replace(
                    job,
                    state=progress.state,
                    waits_for="",
                    bytes_written=progress.bytes_written,
                    seconds=progress.seconds,
                    pause_seconds=progress.pause_seconds,
                    is_paused=progress.is_paused,
                )
            )

    def ended(self, job_id: int, result: DumpResult) -> None:
        """Notes the end of a job; a second end is ignored. A finished job is settled once its digest is known."""
        job = self._jobs[job_id]
        if job.state.is_over:
            return
        self._put(
            replace(
                job,
                state=result.outcome,
                bytes_written=result.bytes or job.bytes_written,
                seconds=result.seconds or job.seconds,
                pause_seconds=job.pause_seconds if result.pause_seconds is None else result.pause_seconds,
                is_paused=False,
                result=result,
                waits_for="",
            )
        )
        if result.outcome is not JobState.FINISHED:
            self._settled[job_id].set()

    def settled(self, job_id: int, result: DumpResult | None) -> None:
        """Notes the result of a finished job with its digest; None: it will have none."""
        if result is not None:
            self._put(replace(self._jobs[job_id], result=result))
        self._settled[job_id].set()

    def under_way(self) -> dict[ProcessKey, Job]:
        """The jobs that are not over, by target."""
        return {job.key: job for job in self._jobs.values() if not job.state.is_over}

    async def wait(self, job_ids: Iterable[int]) -> tuple[DumpResult, ...]:
        """The results of these jobs, in their order, once all are over and the finished ones have their digest."""
        results: list[DumpResult] = []
        for job_id in job_ids:
            await self._settled[job_id].wait()
            result = self._jobs[job_id].result
            assert result is not None
            results.append(result)
        return tuple(results)

    def subscribe(self) -> Subscription:
        subscription = Subscription()
        if self._is_closed:
            subscription.put(None)
        else:
            self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """Ends every subscription."""
        self._is_closed = True
        for subscription in self._subscriptions:
            subscription.put(None)
        self._subscriptions.clear()

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        for subscription in self._subscriptions:
            subscription.put(job)
