"""What became of the processes that a rule caught, counted: none is counted twice, none is forgotten."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from enum import Enum, auto

from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.state import CLOSED, Caught, Ending, RuleState, Stage
from octotui.dumps.arming.track import Track
from octotui.processes.model import ProcessKey

MOST_REMEMBERED = 100
MOST_DONE = 10_000


class Outcome(Enum):
    """What came of an order to capture, or to take stacks.

    GONE: it ended before; PASSED: there was nothing to capture, or no need to.
    """

    CAPTURED = auto()
    FAILED = auto()
    LEFT = auto()
    GONE = auto()
    PASSED = auto()


STAGE_OF = {
    Outcome.CAPTURED: Stage.CAPTURED,
    Outcome.FAILED: Stage.FAILED,
    Outcome.LEFT: Stage.LEFT,
    Outcome.GONE: Stage.ENDED_EARLY,
    Outcome.PASSED: Stage.PASSED,
}


class Tally:
    """Counts of one rule, with the last of the closed processes."""

    def __init__(self) -> None:
        self.seen = 0
        self.dumps = 0
        self.looks = 0
        self.lost = 0
        self.unseen = 0
        self.failures_in_a_row = 0
        self._closed = dict.fromkeys(CLOSED, 0)
        self._last: deque[Caught] = deque(maxlen=MOST_REMEMBERED)
        self._done: dict[ProcessKey, None] = {}

    def __contains__(self, key: object) -> bool:
        """Whether that process was counted and is closed."""
        return key in self._done

    def close(self, track: Track) -> None:
        """Counts a process that has come to its end with this rule."""
        self._closed[track.stage] += 1
        self._last.append(track.state())
        self._done[track.key] = None
        if len(self._done) > MOST_DONE:
            del self._done[next(iter(self._done))]
        if track.stage is Stage.FAILED:
            self.failures_in_a_row += 1
        elif track.stage in (Stage.CAPTURED, Stage.LOOKED):
            self.failures_in_a_row = 0

    def state(
        self, id: int, rule: Rule, armed_at: float, sentence: str, ending: Ending | None, tracks: Collection[Track]
    ) -> RuleState:
        return RuleState(
            id,
            rule,
            armed_at,
            sentence,
            ending,
            seen=self.seen,
            captured=self._closed[Stage.CAPTURED],
            passed=self._closed[Stage.PASSED],
            ended_early=self._closed[Stage.ENDED_EARLY],
            failed=self._closed[Stage.FAILED],
            left=self._closed[Stage.LEFT],
            lost=self.lost,
            caught=(*self._last, *(track.state() for track in tracks)),
            dumps=self.dumps,
            unseen=self.unseen,
            looked=self._closed[Stage.LOOKED],
            looks=self.looks,
        )
