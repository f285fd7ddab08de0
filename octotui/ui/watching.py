"""What the screen knows of rules and holds: those of the watch, what was told of them, and what a person dismissed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from octotui.dumps.arming.matching import Matcher
from octotui.dumps.arming.rule import Rule, Whom
from octotui.dumps.arming.state import Caught, HoldState, News, RuleState, Stage
from octotui.dumps.results import Job
from octotui.errors import OctotuiError
from octotui.octopus.rolenames import roles_named
from octotui.processes.model import ProcessKey, Sample
from octotui.ui.lines.signs import Sign
from octotui.ui.ports import WatchPort

MOST_NEWS = 50
"""How much of what was told is kept."""

KEPT_SECONDS = 60.0
"""For how long a caught process stays on the table after all is over with it."""

OVER = frozenset({Stage.CAPTURED, Stage.PASSED, Stage.ENDED_EARLY, Stage.FAILED, Stage.LEFT})
"""Stages that nothing follows."""

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
        self._dismissed: set[int] = set()
        self._matching: tuple[tuple[object, ...], frozenset[ProcessKey]] = ((), frozenset())

    @property
    def now(self) -> float:
        """The clock of `HoldState.since` and `Caught.since`."""
        return self.clock()

    @property
    def rules(self) -> tuple[RuleState, ...]:
        """The rules that are shown, newest last: those that are over too, until they are dismissed."""
        return tuple(state for state in self.watch.rules if state.id not in self._dismissed)

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
            has_caught = any(one.key == key and one.stage not in OVER for one in state.caught)
            if (named.key is not None and named.key == key) or has_caught or is_waited_for:
                return state
        return None

    def dismiss(self, rule_id: int) -> None:
        """Show that rule no longer. It must be over."""
        self._dismissed.add(rule_id)

    def tell(self, news: News) -> None:
        self.news.append(Told(time.time(), news))

    def signs(self, jobs: Iterable[Job]) -> Mapping[ProcessKey, Sign]:
        """What octotui does to processes by rules, by holds and by `jobs`."""
        found = {one.key: Sign.TRACED for one in self.traced}
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
        return frozenset(one.key for one in caught if one.stage not in OVER or one.since >= latest) | {
            hold.key for hold in self.holds
        }

    def watched(self, sample: Sample | None) -> frozenset[ProcessKey]:
        """Processes whose figures rules need: those that were caught, and those that a condition could come true of."""
        caught = (one.key for state in self.armed for one in state.caught if one.stage not in OVER)
        named = (state.rule.whom.key for state in self.armed if state.rule.whom.key is not None)
        return frozenset((*caught, *named)) | self._conditional(sample)

    def _conditional(self, sample: Sample | None) -> frozenset[ProcessKey]:
        """What rules with a condition wait for among the processes that run; looked for anew when others run."""
        waiting = [state for state in self.armed if _has_condition(state.rule) and state.rule.whom.key is None]
        if sample is None or not waiting:
            return frozenset()
        mark = (sample.structure, *(state.id for state in waiting))
        if mark != self._matching[0]:
            self._matching = (mark, frozenset().union(*(_found(state.rule.whom, sample) for state in waiting)))
        return self._matching[1]


def _is_role(one: Whom, other: Whom) -> bool:
    if one.name or other.name:
        return one.name == other.name
    return bool(one.role) and roles_named(one.role) == roles_named(other.role)


def _has_condition(rule: Rule) -> bool:
    return rule.when.has_trigger or rule.when.after_seconds > 0


def _found(whom: Whom, sample: Sample) -> set[ProcessKey]:
    # A filter may compare figures, which are known of watched processes only: it is left to the rule itself.
    try:
        matcher = Matcher(Whom(role=whom.role, name=whom.name, under=whom.under))
    except OctotuiError:
        return set()
    return {key for key, process in sample.snapshot.processes.items() if matcher.matches(process, sample)}
