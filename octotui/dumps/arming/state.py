"""What became of rules and holds so far: the values that the screen and the command line show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from octotui.dumps.arming.rule import Rule
from octotui.dumps.model import Severity
from octotui.processes.model import ProcessKey


class Stage(StrEnum):
    """What happens to a caught process."""

    HELD = "held"
    STARTING = "starting"
    WAITING = "waiting"
    LOOKING = "taking stacks"
    CAPTURING = "capturing"
    TRACED = "traced"
    WRITING = "writing"
    CAPTURED = "captured"
    LOOKED = "stacks taken"
    PASSED = "passed"
    ENDED_EARLY = "ended early"
    FAILED = "failed"
    LEFT = "left"


AT_WORK = frozenset({Stage.LOOKING, Stage.CAPTURING, Stage.WRITING})
"""Stages in which something of a process is being taken."""

CLOSED = frozenset({Stage.CAPTURED, Stage.LOOKED, Stage.PASSED, Stage.ENDED_EARLY, Stage.FAILED, Stage.LEFT})
"""Stages that nothing follows."""


class Ending(StrEnum):
    """Why a rule is over. GONE: the one process that it was for, or waited below, has ended."""

    COUNT = "count"
    TIME = "time"
    HAND = "hand"
    ERROR = "error"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Caught:
    """One process that a rule caught. `note` is a sentence; `since` and `at` are `time.monotonic()`.

    `exit_status` is its wait status once it ended while it was traced.
    """

    rule_id: int
    key: ProcessKey
    name: str
    role: str
    stage: Stage
    since: float
    note: str = ""
    exit_status: int | None = None


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule and its counts. `lost` is how often the kernel dropped events while it was armed,
    `unseen` how many processes ended before it could be told what they were.

    `seen` counts the processes it caught; each ends up captured, looked at (its stacks are taken, and no dump was
    wanted), passed (its end was not worth a dump), ended before
    it could be captured, failed, or left for the limits. `caught` has those that are open and the last of the others;
    `dumps` counts the dumps made, `looks` how often stacks were taken; for a series of one process both are more than
    the processes.
    """

    id: int
    rule: Rule
    armed_at: float
    sentence: str
    ending: Ending | None = None
    seen: int = 0
    captured: int = 0
    passed: int = 0
    ended_early: int = 0
    failed: int = 0
    left: int = 0
    lost: int = 0
    caught: tuple[Caught, ...] = ()
    dumps: int = 0
    unseen: int = 0
    looked: int = 0
    looks: int = 0

    @property
    def taken(self) -> int:
        """What the rule's count counts: the dumps, or the looks where no dump is wanted."""
        return self.dumps if self.rule.take.has_dump else self.looks

    @property
    def is_busy(self) -> bool:
        """Whether a dump or a look for it is still being made, which goes on when the rule is over."""
        return any(found.stage in AT_WORK for found in self.caught)


@dataclass(frozen=True, slots=True)
class HoldState:
    """One process that octotui keeps stopped. `by` is "you" or "rule 2"; `is_early`: it has no runtime yet."""

    key: ProcessKey
    name: str
    by: str
    since: float
    limit_seconds: float
    is_early: bool


@dataclass(frozen=True, slots=True)
class News:
    """Something a person should see: a sentence with, where there is one, its next step."""

    severity: Severity
    text: str
    hint: str = ""
    rule_id: int | None = None
    key: ProcessKey | None = None
