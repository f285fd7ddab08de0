"""The values of a capture: request, plan, step, job, result. All immutable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from octotui.dotnet.model import RuntimeFacts
from octotui.processes.model import ProcessKey


class DumpType(StrEnum):
    """How much of the process is written."""

    MINI = "mini"
    HEAP = "heap"
    TRIAGE = "triage"
    FULL = "full"


class Severity(StrEnum):
    REFUSAL = "refusal"
    WARNING = "warning"
    NOTICE = "notice"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    VERIFYING = "verifying"
    FINISHED = "finished"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_over(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.VERIFYING)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step captures, as it was when the request was made."""

    key: ProcessKey
    name: str
    command: str = ""
    user: str = ""
    uid: int = -1
    role: str = ""
    label: str = ""
    task: str = ""
    instance: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class DumpRequest:
    """What was asked for. `keys` are frozen at the press; the planner orders them.

    `backend` is "auto" or a backend's name; `destination` None means the store.
    `explicit` holds the keys that were named one by one (pid on the command line, cursor, marks): octotui's own
    family is captured only when it is named so, and a named process that cannot be captured is a refusal.
    """

    keys: tuple[ProcessKey, ...]
    explicit: frozenset[ProcessKey] = frozenset()
    type: DumpType = DumpType.HEAP
    backend: str = "auto"
    destination: Path | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a step is expected to cost: bytes on disk, seconds that the target stands still."""

    bytes: int
    pause_seconds: float

    def as_json(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "pause_seconds": round(self.pause_seconds, 3)}


@dataclass(frozen=True, slots=True)
class Remark:
    """A refusal, warning or notice of preflight. `code` is a stable slug, `hint` the next step."""

    severity: Severity
    code: str
    message: str
    hint: str = ""
    key: ProcessKey | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A backend that was not chosen, and why."""

    backend: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One process's capture within a plan."""

    target: Target
    backend: str
    reason: str
    type: DumpType
    estimate: Estimate
    facts: RuntimeFacts
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A process of the request that gets no step, and why (most often: it is not .NET)."""

    target: Target
    reason: str


@dataclass(frozen=True, slots=True)
class DumpPlan:
    """What would be done, in order, and everything that a person should know before it is.

    A plan with a refusal that has no key, or with no step at all, cannot be submitted.
    """

    request: DumpRequest
    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[Remark, ...]
    destination: Path
    free_bytes: int

    def of(self, severity: Severity) -> tuple[Remark, ...]:
        return tuple(r for r in self.remarks if r.severity is severity)

    @property
    def is_refused(self) -> bool:
        """True when nothing at all would be run; refusals of single steps stand in `remarks` with their key."""
        return not self.steps or any(r.key is None for r in self.of(Severity.REFUSAL))

    @property
    def total_bytes(self) -> int:
        return sum(step.estimate.bytes for step in self.steps)

    @property
    def total_pause_seconds(self) -> float:
        return sum(step.estimate.pause_seconds for step in self.steps)

    @property
    def captures_a_server(self) -> bool:
        """True when an Octopus Server stands in the plan: a habitual Enter must not capture it."""
        return any(step.target.role == "server" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job gave no dump: `message` in the tool's words, `hint` our next step."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class DumpResult:
    """How a step ended. Times in seconds; `pause_seconds` was measured, not estimated; None: nothing was paused."""

    target: Target
    outcome: JobState
    backend: str
    type: DumpType
    estimate: Estimate
    path: Path | None = None
    bytes: int = 0
    seconds: float = 0.0
    pause_seconds: float | None = None
    verified: bool = False
    sha256: str = ""
    failure: Failure | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it (`results[]` of `octotui dump --json`)."""
        target = self.target
        return {
            "pid": target.key.pid,
            "started": target.key.started,
            "name": target.name,
            "role": target.role,
            "task": target.task,
            "outcome": self.outcome.value,
            "backend": self.backend,
            "type": self.type.value,
            "path": str(self.path) if self.path else None,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "pause_seconds": None if self.pause_seconds is None else round(self.pause_seconds, 3),
            "estimate": self.estimate.as_json(),
            "verified": self.verified,
            "sha256": self.sha256,
            "error": None
            if self.failure is None
            else {"code": self.failure.code, "message": self.failure.message, "hint": self.failure.hint},
        }


@dataclass(frozen=True, slots=True)
class Job:
    """A step under way or over. Each event of the service is the job as it is after the event.

    `seconds` and `pause_seconds` count up while it runs; `result` is set once it is over.
    """

    id: int
    step: Step
    state: JobState = JobState.QUEUED
    bytes_written: int = 0
    seconds: float = 0.0
    pause_seconds: float = 0.0
    is_paused: bool = False
    result: DumpResult | None = None

    @property
    def key(self) -> ProcessKey:
        return self.step.target.key

    @property
    def remaining_seconds(self) -> float | None:
        """Seconds left; None while it does not run or nothing is written yet.

        Nothing is written while the runtime looks around, so the rate so far says little at first. The more is
        written, and the nearer the estimated pause is to its end, the more it counts against the estimate.
        """
        estimate = self.step.estimate
        if self.state is not JobState.RUNNING or self.bytes_written <= 0 or estimate.bytes <= 0:
            return None
        share = min(1.0, self.bytes_written / estimate.bytes)
        elapsed = min(1.0, self.seconds / max(estimate.pause_seconds, 0.001))
        trust = max(share, elapsed**2)
        by_rate = self.seconds * (1 - share) / share
        by_estimate = max(0.0, estimate.pause_seconds - self.seconds)
        return trust * by_rate + (1 - trust) * by_estimate
