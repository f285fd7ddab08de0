"""The values of a capture before it begins: request, plan, step, estimate, remark. All immutable."""

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


class Order(StrEnum):
    """In which order the processes of a plan are captured."""

    ONE_BY_ONE = "one-by-one"
    TOGETHER = "together"


class Medium(StrEnum):
    """What a dump is written to while its target stands still."""

    DISK = "disk"
    MEMORY = "memory"


class Severity(StrEnum):
    REFUSAL = "refusal"
    WARNING = "warning"
    NOTICE = "notice"


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

    def as_json(self) -> dict[str, Any]:
        """Who it is, as plans and results print it."""
        return {
            "pid": self.key.pid,
            "started": self.key.started,
            "name": self.name,
            "role": self.role,
            "task": self.task,
        }


@dataclass(frozen=True, slots=True)
class DumpRequest:
    """What was asked for. `keys` are frozen at the press; the planner orders them.

    `backend` is "auto" or a backend's name; `destination` None means the store; `medium` None leaves it to the planner.
    `explicit` holds the keys that were named one by one (pid on the command line, cursor, marks): octotui's own
    family is captured only when it is named so, and a named process that cannot be captured is a refusal.
    """

    keys: tuple[ProcessKey, ...]
    explicit: frozenset[ProcessKey] = frozenset()
    type: DumpType = DumpType.HEAP
    backend: str = "auto"
    destination: Path | None = None
    order: Order = Order.ONE_BY_ONE
    medium: Medium | None = None


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
    """One process's capture within a plan.

    `medium_reason` says why it is written there. `is_portable` is False when only tools on this host can read the dump.
    """

    target: Target
    backend: str
    reason: str
    type: DumpType
    estimate: Estimate
    facts: RuntimeFacts
    passed_over: tuple[PassedOver, ...] = ()
    medium: Medium = Medium.DISK
    medium_reason: str = ""
    is_portable: bool = True


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A process of the request that gets no step, and why (most often: it is not .NET)."""

    target: Target
    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One order in which the steps could be captured, and what it would cost.

    `longest_pause_seconds` is that of the process that stands still longest; `total_seconds` runs from the first stop
    to the last release; `moment_seconds` lie between the first stop and the last one: how far apart in time the dumps
    are. `reason` says in words what speaks for it.
    """

    order: Order
    longest_pause_seconds: float
    total_seconds: float
    moment_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class DumpPlan:
    """What would be done, in order, and everything that a person should know before it is.

    A plan with a refusal that has no key, or with no step at all, cannot be submitted. `offers` has one of each order
    where there is a choice, that is with two steps or more; `request.order` is the one that would be carried out.
    """

    request: DumpRequest
    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[Remark, ...]
    destination: Path
    free_bytes: int
    offers: tuple[Offer, ...] = ()

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
