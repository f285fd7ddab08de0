"""What one rule does with the processes it catches, step by step."""

from __future__ import annotations

import pytest
from dump_doubles import info, sample_of

from octotui.dumps.arming.book import RuleBook
from octotui.dumps.arming.conditions import Conditions, Reading
from octotui.dumps.arming.decisions import Capture, Disarm, Hold, Release, Say, TakeStacks, Trace
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.sentence import sentence
from octotui.dumps.arming.state import Ending, Stage
from octotui.dumps.arming.tally import Outcome
from octotui.processes.model import Meaning, ProcessKey

KEY, OTHER, TENTACLE = ProcessKey(14220, 700), ProcessKey(14230, 710), ProcessKey(812, 5)
CALAMARI = Whom(role="calamari")


def acts(decisions: list[object]) -> list[object]:
    return [decision for decision in decisions if not isinstance(decision, Say)]


def read(conditions: Conditions, *rates: float, rss: int = 0, threads: int = 1) -> None:
    """One look a second, from second 0 on."""
    for second, rate in enumerate(rates):
        conditions.read(Reading(float(second), rate, rss, threads))


@pytest.mark.parametrize(
    ("when", "rates", "is_met"),
    [
        (When(cpu_percent=50), [90], False),
        (When(cpu_percent=50), [0, 90], True),
        (When(cpu_percent=50, cpu_seconds=3), [0, 90, 90], False),
        (When(cpu_percent=50, cpu_seconds=3), [0, 90, 90, 90], True),
        (When(cpu_percent=50, cpu_seconds=3), [0, 90, 10, 90, 90], False),
        (When(quiet_seconds=2), [0, 0], False),
        (When(quiet_seconds=2), [0, 0, 1], True),
        (When(quiet_seconds=2), [0, 50, 0], False),
        (When(rss_bytes=100), [0], False),
        (When(threads=1), [0], True),
        (When(threads=1, cpu_percent=50), [0, 10], False),
    ],
)
def test_conditions_hold_when_all_that_is_given_holds_for_as_long_as_it_has_to(
    when: When, rates: list[float], is_met: bool
) -> None:
    conditions = Conditions(when, born=0.0)
    read(conditions, *rates)
    assert conditions.are_met(100.0) is is_met
    assert bool(conditions.missing(100.0)) is not is_met


def test_a_process_that_starts_children_is_not_quiet() -> None:
    conditions = Conditions(When(quiet_seconds=2), born=0.0)
    for second, children in enumerate([set(), set(), {OTHER}, {OTHER}]):
        conditions.read(Reading(float(second), 0.0, 0, 1, frozenset(children)))
    assert not conditions.are_met(3.0)
    conditions.read(Reading(4.0, 0.0, 0, 1, frozenset({OTHER})))
    conditions.read(Reading(5.0, 0.0, 0, 1, frozenset()))
    assert conditions.are_met(5.0), "a child that ends is no sign of life"


def test_a_new_calamari_is_captured_as_soon_as_it_is_old_enough_and_not_before() -> None:
    book = RuleBook()
    id = book.arm(Rule(CALAMARI, When(after_seconds=5)), 0.0)
    book.caught(id, KEY, "Calamari", "calamari", 10.0)
    assert acts(book.ready(KEY, 10.1)) == []
    assert book.next_look(10.1) == 15.0
    assert acts(book.tick(14.9)) == []
    assert acts(book.tick(15.0)) == [Capture(id, KEY)]


def test_one_that_has_to_reach_an_age_first_is_given_to_a_tracer_once() -> None:
    book = RuleBook()
    id = book.arm(Rule(CALAMARI, When(after_seconds=5, at_exit=True)), 0.0)
    book.caught(id, KEY, "Calamari", "calamari", 10.0)
    book.ready(KEY, 10.1)
    assert acts(book.tick(15.0)) == [Trace(id, KEY)]
    assert acts(book.tick(16.0)) == []


def test_a_running_process_counts_only_where_a_condition_can_still_come_about() -> None:
    sample = sample_of(info(KEY))
    book = RuleBook()
    waits = book.arm(Rule(CALAMARI, When(threads=1)), 0.0)
    book.arm(Rule(CALAMARI), 0.0)
    assert acts(book.see(sample, 1.0)) == [Capture(waits, KEY)]
    assert [state.seen for state in book.states] == [1, 0]


def test_our_own_family_is_caught_only_by_key() -> None:
    own = Meaning(role="calamari", label="Calamari", is_own=True, dotnet=True)
    sample = sample_of(info(KEY), meanings={KEY: own})
    book = RuleBook()
    book.arm(Rule(CALAMARI, When(threads=1)), 0.0)
    assert acts(book.see(sample, 1.0)) == []
    named = book.arm(Rule(Whom(key=KEY), When(threads=1)), 0.0)
    assert acts(book.see(sample, 2.0)) == [Capture(named, KEY)]


def test_a_series_goes_on_by_the_clock_and_ends_with_its_process() -> None:
    book = RuleBook()
    id = book.arm(Rule(Whom(key=KEY), When(threads=1), count=3, every_seconds=10), 0.0)
    assert acts(book.see(sample_of(info(KEY)), 1.0)) == [Capture(id, KEY)]
    assert acts(book.settled(id, KEY, Outcome.CAPTURED, 4.0)) == []
    assert book.next_look(4.0) == 11.0
    assert acts(book.tick(11.0)) == [Capture(id, KEY)]
    book.ended(KEY, 12.0)
    assert acts(book.settled(id, KEY, Outcome.CAPTURED, 13.0)) == [Disarm(id)]
    (state,) = book.states
    assert (state.ending, state.dumps, state.captured) == (Ending.GONE, 2, 1)


def test_a_rule_below_a_tentacle_that_ends_is_over() -> None:
    book = RuleBook()
    id = book.arm(Rule(Whom(role="calamari", under=TENTACLE)), 0.0)
    assert acts(book.see(sample_of(info(TENTACLE, name="Tentacle")), 1.0)) == []
    assert acts(book.see(sample_of(), 2.0)) == [Disarm(id)]


def test_a_process_that_took_over_the_pid_of_the_tentacle_has_no_children_of_it() -> None:
    reused = ProcessKey(TENTACLE.pid, 9000)
    child = info(KEY, parent=TENTACLE.pid)
    book = RuleBook()
    book.arm(Rule(Whom(role="calamari", under=reused), When(threads=1)), 0.0)
    assert acts(book.see(sample_of(info(reused, name="other"), child), 1.0)) == []


def test_a_filter_that_compares_figures_is_asked_of_running_processes() -> None:
    book = RuleBook()
    id = book.arm(Rule(Whom(filter="role:calamari threads>5")), 0.0)
    assert acts(book.see(sample_of(info(KEY, threads=2)), 1.0)) == []
    assert acts(book.see(sample_of(info(KEY, threads=9)), 2.0)) == [Capture(id, KEY)]


def test_only_the_last_twenty_rules_that_are_over_are_kept() -> None:
    book = RuleBook()
    for second in range(25):
        book.disarm(book.arm(Rule(CALAMARI), float(second)), float(second))
    assert [state.id for state in book.states] == list(range(6, 26))


def test_a_rule_is_one_sentence() -> None:
    tentacle = Meaning(role="tentacle-service", label="Tentacle", dotnet=True)
    sample = sample_of(info(TENTACLE, name="Tentacle"), info(KEY), meanings={TENTACLE: tentacle})
    below = Whom(role="calamari", under=TENTACLE)
    said = {
        "the next Calamari below Tentacle 812: captured when its runtime is ready, once": Rule(below),
        "the next Calamari: captured at its end, if it fails, 3 times": Rule(CALAMARI, When(at_exit=True), count=3),
        "Tentacle 812: captured when its memory is 2.0 GB, once, within 10 min": Rule(
            Whom(key=TENTACLE), When(rss_bytes=2 * 10**9), timeout_seconds=600
        ),
        "a Calamari, running or new: captured when it has done nothing for 1 min, 3 times, every 10 s": Rule(
            CALAMARI, When(quiet_seconds=60), count=3, every_seconds=10
        ),
        'the next process named "MyTool": held the moment it is caught, for 1 min at most, then captured when its '
        "runtime is ready, once": Rule(Whom(name="MyTool"), hold=True),
        "the next Calamari: asked for its stacks and captured when its runtime is ready, once": Rule(
            CALAMARI, take=Take.BOTH
        ),
        "the next Calamari: held the moment it is caught, for 1 min at most, then let go and asked for its stacks when "
        "its runtime is ready, once": Rule(CALAMARI, take=Take.STACKS, hold=True),
    }
    assert [sentence(rule, sample) for rule in said.values()] == list(said)


def test_stages_say_what_a_process_waits_for() -> None:
    book = RuleBook()
    id = book.arm(Rule(CALAMARI, When(threads=50)), 0.0)
    book.see(sample_of(info(KEY, threads=9)), 1.0)
    (caught,) = book.states[0].caught
    assert (caught.rule_id, caught.stage, caught.note) == (id, Stage.WAITING, "threads 9 of 50")


def test_a_series_of_looks_is_made_of_one_process_and_asks_for_no_dump() -> None:
    book = RuleBook()
    id = book.arm(Rule(Whom(key=KEY), When(threads=1), Take.STACKS, count=2, every_seconds=10), 0.0)
    assert acts(book.see(sample_of(info(KEY)), 1.0)) == [TakeStacks(id, KEY)]
    assert book.states[0].caught[0].stage is Stage.LOOKING
    assert acts(book.looked(id, KEY, Outcome.CAPTURED, 1.2)) == []
    assert book.states[0].caught[0].note == "look 2 of 2 in 9.8 s"
    assert acts(book.tick(11.0)) == [TakeStacks(id, KEY)]
    assert acts(book.looked(id, KEY, Outcome.CAPTURED, 11.2)) == [Disarm(id)]
    (state,) = book.states
    assert (state.ending, state.looks, state.looked, state.dumps, state.captured) == (Ending.COUNT, 2, 1, 0, 0)


def test_stacks_are_taken_first_and_the_dump_follows_whatever_came_of_them() -> None:
    for outcome, looks in ((Outcome.CAPTURED, 1), (Outcome.FAILED, 0)):
        book = RuleBook()
        id = book.arm(Rule(CALAMARI, take=Take.BOTH), 0.0)
        book.caught(id, KEY, "Calamari", "calamari", 1.0)
        assert acts(book.ready(KEY, 1.1)) == [TakeStacks(id, KEY)]
        assert acts(book.looked(id, KEY, outcome, 1.2, "it does not answer")) == [Capture(id, KEY)]
        assert acts(book.settled(id, KEY, Outcome.CAPTURED, 3.0)) == [Disarm(id)]
        (state,) = book.states
        assert (state.looks, state.dumps, state.captured) == (looks, 1, 1)


def test_each_dump_of_a_series_has_its_own_look_before_it() -> None:
    book = RuleBook()
    id = book.arm(Rule(Whom(key=KEY), When(threads=1), Take.BOTH, count=2, every_seconds=10), 0.0)
    assert acts(book.see(sample_of(info(KEY)), 1.0)) == [TakeStacks(id, KEY)]
    assert acts(book.looked(id, KEY, Outcome.CAPTURED, 2.0)) == [Capture(id, KEY)]
    assert acts(book.settled(id, KEY, Outcome.CAPTURED, 4.0)) == []
    assert acts(book.tick(11.0)) == [TakeStacks(id, KEY)]


def test_one_that_was_held_for_a_look_is_let_go_and_asked_only_when_it_runs_and_is_ready() -> None:
    book = RuleBook()
    id = book.arm(Rule(CALAMARI, take=Take.STACKS, hold=True, hold_seconds=5), 0.0)
    assert acts(book.caught(id, KEY, "Calamari", "calamari", 1.0, is_held=True)) == []
    assert acts(book.tick(6.0)) == [Release(id, KEY)]
    assert acts(book.ready(KEY, 6.1)) == [], "it is told to run on, and may stand still yet"
    assert acts(book.released(KEY, 6.2)) == [TakeStacks(id, KEY)]


def test_one_that_a_person_lets_go_is_asked_when_its_runtime_is_ready() -> None:
    book = RuleBook()
    id = book.arm(Rule(CALAMARI, take=Take.STACKS, hold=True), 0.0)
    book.caught(id, KEY, "Calamari", "calamari", 1.0, is_held=True)
    assert acts(book.released(KEY, 2.0)) == []
    assert acts(book.ready(KEY, 2.1)) == [TakeStacks(id, KEY)]


def test_one_that_is_held_once_its_condition_is_met_is_let_go_before_it_is_asked() -> None:
    book = RuleBook()
    id = book.arm(Rule(Whom(key=KEY), When(threads=1), Take.STACKS, hold=True, hold_seconds=5), 0.0)
    (hold,) = acts(book.see(sample_of(info(KEY)), 1.0))
    assert isinstance(hold, Hold)
    assert acts(book.held(KEY, 1.1)) == []
    assert acts(book.tick(6.1)) == [Release(id, KEY)]
    assert acts(book.released(KEY, 6.2)) == [TakeStacks(id, KEY)]


def test_one_that_ends_while_it_is_asked_is_counted_once_as_gone() -> None:
    book = RuleBook()
    id = book.arm(Rule(CALAMARI, take=Take.STACKS), 0.0)
    book.caught(id, KEY, "Calamari", "calamari", 1.0)
    book.ready(KEY, 1.1)
    assert acts(book.ended(KEY, 1.2)) == []
    book.looked(id, KEY, Outcome.GONE, 1.3, "it ended before its stacks could be taken")
    (state,) = book.states
    assert (state.seen, state.ended_early, state.looks, state.ending) == (1, 1, 0, None)
