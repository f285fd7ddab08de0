"""The book of rules: told what happens, it says what shall be done. Pure; nothing here touches a process."""

from __future__ import annotations

from octotui.dumps.arming import exitsteps, holdsteps, looksteps
from octotui.dumps.arming.armed import ArmedRule
from octotui.dumps.arming.checking import check
from octotui.dumps.arming.decisions import Decision
from octotui.dumps.arming.matching import Matcher
from octotui.dumps.arming.rule import HOLD_SECONDS, Rule
from octotui.dumps.arming.sampling import READY_SECONDS, candidates, told_by
from octotui.dumps.arming.sentence import sentence
from octotui.dumps.arming.state import Ending, RuleState
from octotui.dumps.arming.tally import Outcome
from octotui.processes.forest import Forest
from octotui.processes.model import ProcessKey, Sample

MOST_ENDED = 20


class RuleBook:
    """All rules, armed and over. Every `now` is monotonic seconds; every answer is what shall be done, in order."""

    def __init__(self) -> None:
        self._rules: dict[int, ArmedRule] = {}
        self._matchers: dict[int, Matcher] = {}
        self._last_id = 0

    @property
    def states(self) -> tuple[RuleState, ...]:
        """Newest last; of those that are over the last twenty."""
        return tuple(rule.state for rule in self._rules.values())

    @property
    def watched(self) -> frozenset[ProcessKey]:
        """The processes whose figures are wanted in each sample."""
        wanted = [rule for rule in self._armed() if rule.waits_for_condition or rule.rule.whom.key]
        return frozenset(key for rule in wanted for key in rule.tracks)

    @property
    def wants_samples(self) -> bool:
        """Whether a rule waits for figures or has one process alone, so that every sample counts."""
        return any(rule.waits_for_condition or rule.rule.whom.key is not None for rule in self._armed())

    def arm(self, rule: Rule, now: float, sample: Sample | None = None) -> int:
        """Its number. Raises UsageError when it makes no sense; processes that run already come with `see`."""
        check(rule)
        matcher = Matcher(rule.whom)
        words = sentence(rule, sample)
        self._last_id += 1
        self._matchers[self._last_id] = matcher
        self._rules[self._last_id] = ArmedRule(self._last_id, rule, words, now, has_figures=matcher.has_figures)
        return self._last_id

    def disarm(self, rule_id: int, now: float, ending: Ending = Ending.HAND) -> list[Decision]:
        rule = self._rules.get(rule_id)
        found = rule.end(ending, now) if rule is not None else []
        self._forget_old()
        return found

    def dismiss(self, rule_id: int) -> None:
        """Takes a rule that is over out of the list."""
        if rule_id in self._rules and self._rules[rule_id].ending is not None:
            del self._rules[rule_id], self._matchers[rule_id]

    def see(self, sample: Sample, now: float) -> list[Decision]:
        """A new sample: what its figures bring about, and which processes are gone."""
        found: list[Decision] = []
        forest: Forest | None = None
        for rule in self._armed():
            if rule.waits_for_condition or rule.rule.whom.key is not None:
                found += self._caught_in(rule, sample, now)
            if rule.rule.when.quiet_seconds is not None and forest is None:
                forest = Forest.of(sample.snapshot.processes.values())
            found += told_by(rule, sample, now, forest)
        self._forget_old()
        return found

    def _caught_in(self, rule: ArmedRule, sample: Sample, now: float) -> list[Decision]:
        found: list[Decision] = []
        for process in candidates(rule, sample):
            key, meaning = process.key, sample.meaning(process.key)
            if key in rule.tracks or key in rule.tally or process.state in ("Z", "X"):
                continue
            is_named = rule.rule.whom.key == key
            if (meaning.dotnet is False and not is_named) or not self._matchers[rule.id].matches(process, sample):
                continue
            age = sample.snapshot.age_seconds(process)
            is_ready = meaning.dotnet is True or age >= READY_SECONDS or is_named
            name = meaning.label or process.name
            found += rule.catch(key, name, meaning.role, now, born=now - age, is_ready=is_ready)
        return found

    def caught(
        self, rule_id: int, key: ProcessKey, name: str, role: str, now: float, *, is_held: bool = False
    ) -> list[Decision]:
        """The sentry heard the start of a process that the rule waits for."""
        rule = self._rules.get(rule_id)
        return [] if rule is None else rule.catch(key, name, role, now, born=now, is_ready=False, is_held=is_held)

    def ready(self, key: ProcessKey, now: float) -> list[Decision]:
        """The runtime of `key` is ready."""
        return [d for rule in self._having(key) for d in rule.ready(key, now)]

    def ended(self, key: ProcessKey, now: float) -> list[Decision]:
        return [d for rule in self._having(key) for d in rule.ended(key, now)]

    def held(self, key: ProcessKey, now: float) -> list[Decision]:
        return [d for rule in self._having(key) for d in holdsteps.held(rule, key, now)]

    def released(self, key: ProcessKey, now: float) -> list[Decision]:
        return [d for rule in self._having(key) for d in holdsteps.released(rule, key, now)]

    def not_held(self, rule_id: int, key: ProcessKey, now: float, why: str) -> list[Decision]:
        rule = self._rules.get(rule_id)
        return holdsteps.not_held(rule, key, now, why) if rule is not None else []

    def traced(self, rule_id: int, key: ProcessKey, now: float, threads: int) -> list[Decision]:
        rule = self._rules.get(rule_id)
        return exitsteps.traced(rule, key, now, threads) if rule is not None else []

    def exiting(self, rule_id: int, key: ProcessKey, now: float, status: int) -> list[Decision]:
        rule = self._rules.get(rule_id)
        return exitsteps.exiting(rule, key, now, status) if rule is not None else []

    def writing(self, rule_id: int, key: ProcessKey, now: float) -> list[Decision]:
        rule = self._rules.get(rule_id)
        return exitsteps.writing(rule, key, now) if rule is not None else []

    def written(self, rule_id: int, key: ProcessKey) -> list[Decision]:
        """Its dump is written: a hold that was for the capture has done its work."""
        rule = self._rules.get(rule_id)
        return holdsteps.written(rule, key) if rule is not None else []

    def settled(
        self, rule_id: int, key: ProcessKey, outcome: Outcome, now: float, note: str = "", status: int | None = None
    ) -> list[Decision]:
        """What came of a capture, or of a trace."""
        rule = self._rules.get(rule_id)
        return rule.settled(key, outcome, now, note, status) if rule is not None else []

    def looked(self, rule_id: int, key: ProcessKey, outcome: Outcome, now: float, note: str = "") -> list[Decision]:
        """What came of an order to take stacks."""
        rule = self._rules.get(rule_id)
        return looksteps.looked(rule, key, outcome, now, note) if rule is not None else []

    def look_told(self, rule_id: int, key: ProcessKey, note: str) -> list[Decision]:
        """What a look waits for, or does."""
        rule = self._rules.get(rule_id)
        return looksteps.told(rule, key, note) if rule is not None else []

    def lost(self, count: int) -> None:
        """The kernel dropped events that often."""
        for rule in self._armed():
            rule.tally.lost += count

    def unseen(self, count: int) -> None:
        """So many processes ended before it could be told what they were."""
        for rule in self._armed():
            rule.tally.unseen += count

    def tick(self, now: float) -> list[Decision]:
        """What the clock brings about."""
        return [d for rule in list(self._rules.values()) for d in rule.go_on(now)]

    def next_look(self, now: float) -> float | None:
        """When `tick` may bring something that it did not at `now`; None: nothing waits for the clock."""
        return min((at for rule in self._rules.values() if (at := rule.next_look(now)) is not None), default=None)

    @property
    def finished(self) -> tuple[int, ...]:
        """The rules that are over and have no open process."""
        return tuple(id for id, rule in self._rules.items() if rule.ending is not None and not rule.tracks)

    def is_open(self, rule_id: int, key: ProcessKey) -> bool:
        """Whether the rule still has to do with that process."""
        rule = self._rules.get(rule_id)
        return rule is not None and key in rule.tracks

    def has(self, key: ProcessKey) -> bool:
        """Whether any rule has to do with that process."""
        return bool(self._having(key))

    def is_at_work(self, rule_id: int, key: ProcessKey) -> bool:
        """Whether a dump of that process is being made for that rule."""
        rule = self._rules.get(rule_id)
        return rule is not None and key in rule.tracks and rule.tracks[key].is_at_work

    def is_traced(self, key: ProcessKey) -> bool:
        """Whether a rule wants the end of that process."""
        return any(rule.rule.when.at_exit for rule in self._having(key))

    def is_without_runtime(self, key: ProcessKey) -> bool:
        """Whether it was caught at its start, and no runtime of it is known yet."""
        tracks = [rule.tracks[key] for rule in self._having(key)]
        return bool(tracks) and not any(track.is_ready for track in tracks)

    def hold_seconds(self, key: ProcessKey) -> float:
        """For how long a rule holds it, where one does."""
        return next((rule.rule.hold_seconds for rule in self._having(key)), HOLD_SECONDS)

    def acts_at_start(self, rule_id: int) -> bool:
        """Whether a process is held or traced for that rule the moment it starts."""
        rule = self._rules.get(rule_id)
        return rule is not None and not rule.waits_for_condition

    def rule(self, rule_id: int) -> Rule | None:
        found = self._rules.get(rule_id)
        return found.rule if found is not None else None

    def _armed(self) -> list[ArmedRule]:
        return [rule for rule in self._rules.values() if rule.ending is None]

    def _having(self, key: ProcessKey) -> list[ArmedRule]:
        return [rule for rule in self._rules.values() if key in rule.tracks]

    def _forget_old(self) -> None:
        over = [id for id, rule in self._rules.items() if rule.ending is not None and not rule.tracks]
        for rule_id in over[:-MOST_ENDED]:
            self.dismiss(rule_id)
