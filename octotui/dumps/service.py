"""The dump service: takes plans, has their steps captured, tells everyone how it goes. Used by both faces."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace

from octotui.dotnet import runtime
from octotui.dotnet.conversations import Conversations
from octotui.dumps.backends.base import Backend
from octotui.dumps.backends.registry import default_backends
from octotui.dumps.captures.jobs import JobBook
from octotui.dumps.captures.running import CaptureQueue
from octotui.dumps.captures.workplace import Inspect, Workshop
from octotui.dumps.estimating.history import History
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, Order, Severity
from octotui.dumps.plans import planning
from octotui.dumps.plans.offers import with_offers
from octotui.dumps.results import DumpResult, Job, JobState
from octotui.dumps.rights import Rights, read_rights
from octotui.dumps.staged.journal import Journal
from octotui.dumps.survival.recovery import recover
from octotui.dumps.targets.waiting import in_thread
from octotui.errors import Refused
from octotui.processes.model import Sample
from octotui.units import seconds_text


class DumpService:
    """Captures one plan after the other: its steps one by one, or all at one moment. To be used from one event loop.

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
        limits: Limits | None = None,
        surroundings: Surroundings | None = None,
        conversations: Conversations | None = None,
    ) -> None:
        """`conversations` are those of whoever else asks the same processes."""
        self._rights = rights or read_rights()
        self._limits = limits or Limits()
        self._backends = tuple(backends) if backends is not None else default_backends(self._rights)
        self._history = history if history is not None else History(store.history)
        self._workshop = Workshop(
            store,
            {backend.name: backend for backend in self._backends},
            self._history,
            self._rights,
            inspect,
            clock,
            surroundings or Surroundings(),
        )
        self._book = JobBook()
        self._queue = CaptureQueue(self._workshop, self._book, conversations or Conversations())
        self._is_closed = False

    @property
    def store(self) -> Store:
        return self._workshop.store

    @property
    def workshop(self) -> Workshop:
        """What its captures work with, for those who bring a dump that no backend wrote."""
        return self._workshop

    @property
    def limits(self) -> Limits:
        return self._limits

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
        made = self._plan_as_asked(request, sample, under_way)
        if request.order is Order.TOGETHER and len(made.steps) < 2:
            made = self._plan_as_asked(replace(request, order=Order.ONE_BY_ONE), sample, under_way)
        return with_offers(made, self._history)

    def _plan_as_asked(self, request: DumpRequest, sample: Sample, under_way: planning.UnderWay) -> DumpPlan:
        return planning.plan(
            request,
            sample,
            backends=self._backends,
            store=self.store,
            history=self._history,
            inspect=self._workshop.inspect,
            rights=self._rights,
            under_way=under_way,
            limits=self._limits,
            surroundings=self._workshop.surroundings,
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
        return self._queue.add(plan)

    def cancel(self, job_id: int) -> None:
        """Cancels a job: a queued one at once, a running one as soon as its target runs again; the others go on."""
        self._queue.cancel(job_id)

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
        await self._queue.aclose()
        self._book.close()
