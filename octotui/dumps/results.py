"""The values of a capture under way or over: job, result, failure. All immutable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from octotui.dumps.model import DumpType, Estimate, Medium, Step, Target
from octotui.processes.model import ProcessKey


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    VERIFYING = "verifying"
    COPYING = "copying"
    FINISHED = "finished"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_over(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.VERIFYING, JobState.COPYING)


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
    medium: Medium = Medium.DISK
    is_portable: bool = True

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it (`results[]` of `octotui dump --json`)."""
        return {
            **self.target.as_json(),
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
            "medium": self.medium.value,
            "portable": self.is_portable,
            "error": _failure_json(self.failure),
        }


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """How it ended that the stacks of one process were taken: two files with the same in them, or a failure.

    `text` is for people, `document` (JSON) for tools. Nothing was paused for longer than a millisecond or so.
    """

    target: Target
    outcome: JobState
    text: Path | None = None
    document: Path | None = None
    seconds: float = 0.0
    failure: Failure | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it (`analyses[]` of `octotui catch --json`)."""
        return {
            **self.target.as_json(),
            "outcome": self.outcome.value,
            "paths": {
                "text": str(self.text) if self.text else None,
                "document": str(self.document) if self.document else None,
            },
            "seconds": round(self.seconds, 3),
            "error": _failure_json(self.failure),
        }


@dataclass(frozen=True, slots=True)
class Job:
    """A step under way or over. Each event of the service is the job as it is after the event.

    `seconds` and `pause_seconds` count up while it runs; `result` is set once it is over. `waits_for` says what
    something else does with the target of a queued one ("" when it waits for its turn among the jobs).
    """

    id: int
    step: Step
    state: JobState = JobState.QUEUED
    bytes_written: int = 0
    seconds: float = 0.0
    pause_seconds: float = 0.0
    is_paused: bool = False
    result: DumpResult | None = None
    waits_for: str = ""

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


def _failure_json(failure: Failure | None) -> dict[str, str] | None:
    return None if failure is None else {"code": failure.code, "message": failure.message, "hint": failure.hint}
