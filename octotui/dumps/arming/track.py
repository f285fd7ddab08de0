"""One process that a rule caught: how far it has come. Changed by its rule only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from octotui.dumps.arming.conditions import Conditions
from octotui.dumps.arming.state import AT_WORK, CLOSED, Caught, Stage
from octotui.processes.model import ProcessKey


class HoldPhase(Enum):
    """Whether it stands still by its rule, and what for.

    ASKED: the stop was ordered; LOOK: a person may look, until its time is over; CAPTURE: for the time of a capture.
    ASKED_WHEN_READY: it runs, and is stopped for its capture in the instant its runtime is ready.
    LETTING_GO: it is told to run on, for its stacks.
    """

    NONE = auto()
    ASKED_LOOK = auto()
    LOOK = auto()
    ASKED_WHEN_READY = auto()
    ASKED_CAPTURE = auto()
    CAPTURE = auto()
    LETTING_GO = auto()
    DONE = auto()


ASKED = frozenset({HoldPhase.ASKED_LOOK, HoldPhase.ASKED_WHEN_READY, HoldPhase.ASKED_CAPTURE, HoldPhase.LETTING_GO})
"""A stop, or its end, was ordered and has not come about yet."""

_HELD = frozenset(
    {HoldPhase.ASKED_LOOK, HoldPhase.LOOK, HoldPhase.ASKED_CAPTURE, HoldPhase.CAPTURE, HoldPhase.LETTING_GO}
)


@dataclass(slots=True)
class Track:
    """`is_ready`: it has a runtime; `is_expected`: it should get one sooner or later; `was_due`: its conditions held
    once; `taken` counts what the rule counts of it, dumps or looks; `looks` were taken of it, `was_looked_at`: one for
    its next dump; `was_sampled`: a sample had it; `cannot_hold`: it was tried, or is not allowed;
    `was_asked_for`: a tracer was told to take hold of it.

    `next_at` is when the next dump of a series is due, `look_until` when a hold for a look is over; both monotonic.
    """

    rule_id: int
    key: ProcessKey
    name: str
    role: str
    conditions: Conditions
    stage: Stage
    since: float
    is_ready: bool = False
    is_expected: bool = True
    was_due: bool = False
    taken: int = 0
    looks: int = 0
    was_looked_at: bool = False
    next_at: float = 0.0
    hold: HoldPhase = HoldPhase.NONE
    cannot_hold: bool = False
    was_asked_for: bool = False
    look_until: float = 0.0
    note: str = ""
    exit_status: int | None = None
    was_sampled: bool = False
    has_ended: bool = False

    @property
    def is_open(self) -> bool:
        return self.stage not in CLOSED

    @property
    def is_at_work(self) -> bool:
        """Whether a dump of it is being made, or its stacks are being taken."""
        return self.stage in AT_WORK

    @property
    def is_held(self) -> bool:
        return self.hold in _HELD

    @property
    def has_to_be_released(self) -> bool:
        return self.is_held or self.hold is HoldPhase.ASKED_WHEN_READY

    def move(self, stage: Stage, now: float, note: str = "") -> None:
        """Changes its stage; the note always goes with it."""
        if stage is not self.stage:
            self.stage, self.since = stage, now
        self.note = note

    def state(self) -> Caught:
        return Caught(self.rule_id, self.key, self.name, self.role, self.stage, self.since, self.note, self.exit_status)
