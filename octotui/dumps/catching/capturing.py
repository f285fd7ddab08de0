"""Live captures that rules order: planned, submitted and followed in the dump service that people use too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.tally import Outcome
from octotui.dumps.catching.faces import Faces
from octotui.dumps.catching.tasks import Tasks
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Estimate, Remark, Severity, Target
from octotui.dumps.results import DumpResult, Failure, Job, JobState
from octotui.dumps.service import DumpService
from octotui.dumps.targets.target import HeldTarget
from octotui.errors import OctotuiError, ProcessGone
from octotui.processes.model import ProcessKey

NO_ROOM = frozenset({"no-space", "quota", "keep-free", "no-memory", "disk-full"})
"""Refusals and failures for want of room: the process is left, and the rule goes on."""

GONE = frozenset({"process-gone", "pid-reused"})
"""Codes of errors that say that a process has ended."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one order: the outcome for the rule, a sentence, the next step, the result where there is one."""

    outcome: Outcome
    note: str = ""
    hint: str = ""
    result: DumpResult | None = None


class Capturing:
    """`written` is told when a job's dump is written and its target may run again, `over` when it is over."""

    def __init__(
        self,
        service: DumpService,
        faces: Faces,
        tasks: Tasks,
        written: Callable[[int, ProcessKey], None],
        over: Callable[[int, ProcessKey, Settled], None],
        digested: Callable[[DumpResult], None],
    ) -> None:
        self._service = service
        self._faces = faces
        self._tasks = tasks
        self._written = written
        self._over = over
        self._digested = digested
        self._orders: dict[int, tuple[int, ProcessKey]] = {}
        self._ended: set[int] = set()

    @property
    def has_open(self) -> bool:
        """Whether a capture is under way or waits for its digest."""
        return bool(self._orders)

    async def begin(self, rule_id: int, rule: Rule, key: ProcessKey) -> Settled | None:
        """Plans and submits. None: the capture is under way, and `over` will tell of it."""
        sample = self._faces.sample_with(key)
        if sample is None:
            return Settled(Outcome.GONE, "it ended before it could be captured")
        request = DumpRequest(
            keys=(key,),
            explicit=frozenset({key}),
            type=rule.type,
            backend=rule.backend,
            destination=rule.destination,
        )
        try:
            plan = await self._service.plan(request, sample)
            if plan.is_refused:
                return _refused(plan, self._faces.target(key), rule)
            # Registered before the first change of the job can be heard: nothing else runs in between.
            (job,) = self._service.submit(plan)
        except ProcessGone as error:
            return Settled(Outcome.GONE, error.message)
        except OctotuiError as error:
            if error.code == "under-way":
                return Settled(Outcome.LEFT, error.message, error.hint)
            return Settled(Outcome.FAILED, error.message, error.hint)
        self._orders[job.id] = (rule_id, key)
        self.heard(job)
        return None

    async def follow(self, changes: AsyncIterator[Job]) -> None:
        """Hears every change of a job until the service is closed; to be run as a task."""
        async for job in changes:
            self.heard(job)

    def heard(self, job: Job) -> None:
        """A job has changed."""
        order = self._orders.get(job.id)
        if order is None:
            return
        rule_id, key = order
        if job.state in (JobState.VERIFYING, JobState.COPYING):
            self._written(rule_id, key)
        if not job.state.is_over or job.result is None:
            return
        if job.id in self._ended:
            return
        self._ended.add(job.id)
        if job.result.outcome is JobState.FINISHED:
            self._tasks.run(self._wait_for_digest(job), f"digest-{job.id}")
        else:
            del self._orders[job.id]
        self._over(rule_id, key, settled(job.result))

    async def _wait_for_digest(self, job: Job) -> None:
        (result,) = await self._service.wait([job])
        del self._orders[job.id]
        self._digested(result)


def settled(result: DumpResult) -> Settled:
    """What the result of a job means for its rule."""
    failure = result.failure or Failure("", result.outcome.value)
    if result.outcome is JobState.FINISHED:
        return Settled(Outcome.CAPTURED, "", "", result)
    if result.outcome is JobState.CANCELLED:
        return Settled(Outcome.LEFT, "its capture was cancelled", "", result)
    if failure.code in NO_ROOM:
        return Settled(Outcome.LEFT, failure.message, failure.hint, result)
    if failure.code in GONE:
        return Settled(Outcome.GONE, failure.message, failure.hint)
    if not lives(result.target.key):
        return Settled(Outcome.GONE, f"it ended while it was captured ({failure.message})", failure.hint)
    return Settled(Outcome.FAILED, failure.message, failure.hint, result)


def refused_result(target: Target, type: DumpType, code: str, message: str, hint: str) -> DumpResult:
    """The result of a process of which preflight made no step."""
    return DumpResult(target, JobState.REFUSED, "", type, Estimate(0, 0.0), failure=Failure(code, message, hint))


def _refused(plan: DumpPlan, target: Target, rule: Rule) -> Settled:
    remark = _first(plan.of(Severity.REFUSAL), target.key)
    code, message, hint = (remark.code, remark.message, remark.hint) if remark else ("", "nothing can be captured", "")
    if code in GONE:
        return Settled(Outcome.GONE, "it ended before it could be captured")
    if code == "not-dotnet" and rule.whom.key is None:
        return Settled(Outcome.PASSED, "it is not a .NET process")
    if code == "under-way":
        return Settled(Outcome.LEFT, message, hint)
    result = refused_result(target, rule.type, code, message, hint)
    return Settled(Outcome.LEFT if code in NO_ROOM else Outcome.FAILED, message, hint, result)


def _first(remarks: Iterable[Remark], key: ProcessKey) -> Remark | None:
    """The refusal of that process, else one of the whole plan."""
    found = list(remarks)
    return next((r for r in found if r.key == key), found[0] if found else None)


def lives(key: ProcessKey) -> bool:
    """Whether the process is there still, and has not ended."""
    try:
        held = HeldTarget.open(key)
    except ProcessGone:
        return False
    held.close()
    return True
