"""Whatever happens to a rule, in whatever order: its counts add up and nothing stays stopped or traced."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from octotui.dumps.arming.book import RuleBook
from octotui.dumps.arming.decisions import Cancel, Capture, Decision, Disarm, Hold, Release, Say, TakeStacks, Trace
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.state import CLOSED, RuleState
from octotui.dumps.arming.tally import Outcome
from octotui.processes.model import ProcessKey

KEYS = [ProcessKey(pid, 1000 + pid) for pid in range(1, 7)]

rules = st.builds(
    Rule,
    whom=st.just(Whom(role="calamari")),
    when=st.sampled_from([When(), When(after_seconds=3.0), When(at_exit=True), When(at_exit=True, after_seconds=2.0)]),
    take=st.sampled_from(Take),
    hold=st.booleans(),
    hold_seconds=st.sampled_from([1.0, 60.0]),
    count=st.integers(1, 4),
    every_seconds=st.sampled_from([None, 5.0]),
    timeout_seconds=st.sampled_from([None, 20.0]),
    max_parallel=st.integers(1, 3),
).map(
    lambda rule: replace(
        rule,
        take=Take.DUMP if rule.when.at_exit else rule.take,
        hold=rule.hold and not rule.when.at_exit and rule.take is not Take.BOTH,
        every_seconds=rule.every_seconds if rule.count > 1 and not rule.when.at_exit else None,
    )
)

STEPS = ("caught", "caught held", "ready", "ended", "held", "not held", "released", "settle", "traced", "writing",
         "wait", "disarm", "lost")  # fmt: skip


def adds_up(state: RuleState) -> bool:
    still_open = sum(found.stage not in CLOSED for found in state.caught)
    return state.seen == closed_in(state) + still_open


def closed_in(state: RuleState) -> int:
    return sum((state.captured, state.looked, state.passed, state.ended_early, state.failed, state.left))


class Walk:
    """A book with one rule, and the world as its decisions would have made it."""

    def __init__(self, rule: Rule) -> None:
        self.book, self.now = RuleBook(), 0.0
        self.id = self.book.arm(rule, self.now)
        self.rule = rule
        self.at_work: set[ProcessKey] = set()
        self.looked_at: set[ProcessKey] = set()
        self.stopped: set[ProcessKey] = set()
        self.let_go: set[ProcessKey] = set()
        self.traced: set[ProcessKey] = set()
        self.pending: set[ProcessKey] = set()
        self.disarms = 0
        self.has_failed_looks = False

    @property
    def state(self) -> RuleState:
        return self.book.states[0]

    def carry_out(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Capture(_, key, is_held):
                    assert key not in self.at_work
                    assert is_held is (key in self.stopped)
                    self.at_work.add(key)
                case TakeStacks(_, key):
                    assert key not in self.at_work | self.stopped | self.let_go, "who stands still cannot answer"
                    self.at_work.add(key)
                    self.looked_at.add(key)
                case Hold(_, key, _, when_ready=True):
                    self.stopped.discard(key)
                    self.pending.add(key)
                case Hold(_, key):
                    assert key not in self.stopped
                    self.stopped.add(key)
                case Release(_, key):
                    if key in self.stopped and not self.rule.take.has_dump:
                        self.let_go.add(key)
                    self.stopped.discard(key)
                    self.pending.discard(key)
                case Trace(_, key):
                    self.traced.add(key)
                case Cancel(_, key):
                    self.traced.discard(key)
                    self.at_work.discard(key)
                case Disarm():
                    self.disarms += 1
                case Say(news):
                    assert news.text
        assert adds_up(self.state)
        next_look = self.book.next_look(self.now)
        assert next_look is None or next_look > self.now, "whoever sleeps until then would not sleep at all"
        assert self.disarms == (self.state.ending is not None)
        assert len(self.at_work) <= self.rule.max_parallel
        assert self.state.taken <= self.rule.count
        assert self.state.dumps <= self.state.looks or self.rule.take is not Take.BOTH or self.has_failed_looks

    def step(self, step: str, key: ProcessKey, outcome: Outcome) -> None:
        book, now, id = self.book, self.now, self.id
        match step:
            case "caught" if key not in self.stopped | self.pending | self.let_go:
                self.carry_out(book.caught(id, key, "Calamari", "calamari", now))
            case "caught held" if (
                self.rule.hold and key not in self.stopped | self.pending | self.let_go and not book.is_open(id, key)
            ):
                self.stopped.add(key)
                self.carry_out(book.caught(id, key, "Calamari", "calamari", now, is_held=True))
            case "ready":
                self.carry_out(book.ready(key, now))
            case "ended" if key not in self.at_work:
                self.stopped.discard(key)
                self.let_go.discard(key)
                self.pending.discard(key)
                self.traced.discard(key)
                self.carry_out(book.ended(key, now))
            case "held" if key in self.stopped | self.pending:
                self.pending.discard(key)
                self.stopped.add(key)
                self.carry_out(book.held(key, now))
            case "not held" if self._is_asked(key):
                self.stopped.discard(key)
                self.carry_out(book.not_held(id, key, now, "it is a service"))
            case "released" if key in self.let_go:
                self.let_go.discard(key)
                self.carry_out(book.released(key, now))
            case "released" if key in self.stopped and key not in self.at_work:
                self.stopped.discard(key)
                self.carry_out(book.released(key, now))
            case "settle" if key in self.looked_at:
                self.at_work.discard(key)
                self.looked_at.discard(key)
                self.has_failed_looks |= outcome is not Outcome.CAPTURED
                self.carry_out(book.looked(id, key, outcome, now, "so it came"))
            case "settle" if key in self.at_work:
                self.at_work.discard(key)
                self.carry_out(book.settled(id, key, outcome, now, "so it came"))
            case "traced" if self.rule.when.at_exit:
                self.carry_out(book.traced(id, key, now, 11))
            case "writing" if self.rule.when.at_exit and key not in self.at_work:
                self.at_work.add(key)
                found = book.writing(id, key, now)
                if any(isinstance(decision, Cancel) for decision in found):
                    self.at_work.discard(key)
                self.carry_out(found)
            case "wait":
                self.now += 2.5
                self.carry_out(book.tick(self.now))
            case "disarm":
                self.carry_out(book.disarm(id, now))
            case "lost":
                book.lost(1)

    def _is_asked(self, key: ProcessKey) -> bool:
        """Whether a stop was ordered and has not come about yet."""
        return key in self.stopped and any(
            found.key == key and "is being stopped" in found.note for found in self.state.caught
        )


steps = st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(KEYS), st.sampled_from(Outcome)), max_size=60)


@given(rules, steps)
def test_whatever_happens_the_counts_of_a_rule_add_up(rule: Rule, taken: list[tuple[str, ProcessKey, Outcome]]) -> None:
    walk = Walk(rule)
    for step, key, outcome in taken:
        walk.step(step, key, outcome)


@given(rules, steps)
def test_nothing_stays_stopped_or_open_once_a_rule_is_over_and_its_captures_have_ended(
    rule: Rule, taken: list[tuple[str, ProcessKey, Outcome]]
) -> None:
    walk = Walk(rule)
    for step, key, outcome in taken:
        walk.step(step, key, outcome)
    walk.carry_out(walk.book.disarm(walk.id, walk.now))
    for key in list(walk.at_work):
        walk.step("settle", key, Outcome.FAILED)
    state = walk.state
    assert not state.is_busy
    assert state.seen == closed_in(state)
    assert walk.stopped | walk.pending == set()
    assert walk.book.next_look(walk.now) is None
