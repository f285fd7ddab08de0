"""What the screen knows of rules and holds: those of the watch, and what was told of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from octotui.dumps.arming.rule import Whom
from octotui.dumps.arming.state import CLOSED, Caught, HoldState, News, RuleState, Stage
from octotui.dumps.results import Job
from octotui.octopus.rolenames import roles_named
from octotui.processes.model import ProcessKey
from octotui.ui.lines.signs import Sign
from octotui.ui.ports import WatchPort

MOST_NEWS = 50
"""How much of what was told is kept."""

KEPT_SECONDS = 60.0
"""For how long a caught process stays on the table after all is over with it."""

_TRACED = frozenset({Stage.TRACED, Stage.WRITING})


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of news; `at` is the wall clock in seconds since the epoch."""

    at: float
    news: News


class Watching:
    """A view on the watch. Knows no widget."""

    def __init__(self, watch: WatchPort, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.watch = watch
        self.news: deque[Told] = deque(maxlen=MOST_NEWS)
        self.clock = clock

    @property
    def now(self) -> float:
        """The clock of `HoldState.since` and `Caught.since`."""
        return self.clock()

    @property
    def rules(self) -> tuple[RuleState, ...]:
        """Newest last; those that are over too, until they are dismissed."""
        return self.watch.rules

    @property
    def armed(self) -> tuple[RuleState, ...]:
        return tuple(state for state in self.watch.rules if state.ending is None)

    @property
    def holds(self) -> tuple[HoldState, ...]:
        return self.watch.holds

    @property
    def traced(self) -> tuple[Caught, ...]:
        """The processes that will be captured at their end, or are being captured there."""
        return tuple(one for state in self.watch.rules for one in state.caught if one.stage in _TRACED)

    @property
    def is_idle(self) -> bool:
        """Whether octotui can end without that anything else ends with it."""
        return not (self.armed or self.holds or self.traced)

    def hold_of(self, key: ProcessKey | None) -> HoldState | None:
        return next((hold for hold in self.holds if hold.key == key), None)

    def rule_about(self, key: ProcessKey | None, whom: Whom) -> RuleState | None:
        """The newest armed rule that names the process, has caught it, or waits for what `whom` would wait for."""
        for state in reversed(self.armed):
            named = state.rule.whom
            is_waited_for = named.key is None and named.under == whom.under and _is_role(named, whom)
            has_caught = any(one.key == key and one.stage not in CLOSED for one in state.caught)
            if (named.key is not None and named.key == key) or has_caught or is_waited_for:
                return state
        return None

    def tell(self, news: News) -> None:
        self.news.append(Told(time.time(), news))

    def signs(self, jobs: Iterable[Job]) -> Mapping[ProcessKey, Sign]:
        """What octotui does to processes by rules, by holds and by `jobs`."""
        found = {
            one.key: Sign.TRACED | Sign.CAPTURED if one.stage is Stage.WRITING else Sign.TRACED for one in self.traced
        }
        for hold in self.holds:
            found[hold.key] = found.get(hold.key, Sign.NONE) | Sign.HELD
        for job in jobs:
            if not job.state.is_over:
                found[job.key] = found.get(job.key, Sign.NONE) | Sign.CAPTURED
        return found

    def kept(self) -> frozenset[ProcessKey]:
        """Processes whose rows stay when they end: held, caught, and for a while what all is over with."""
        latest = self.now - KEPT_SECONDS
        caught = (one for state in self.rules for one in state.caught)
        return frozenset(one.key for one in caught if one.stage not in CLOSED or one.since >= latest) | {
            hold.key for hold in self.holds
        }


def _is_role(one: Whom, other: Whom) -> bool:
    if one.name or other.name:
        return one.name == other.name
    return bool(one.role) and roles_named(one.role) == roles_named(other.role)
