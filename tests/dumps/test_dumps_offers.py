"""What both orders of a capture cost, side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import facts_of

from octotui.dumps.estimating.history import Entry, History
from octotui.dumps.model import (
    DumpPlan,
    DumpRequest,
    DumpType,
    Estimate,
    Order,
    PassedOver,
    Remark,
    Severity,
    Step,
    Target,
)
from octotui.dumps.plans.offers import chosen_offer, offer_words, offers_of, shared_seconds, with_offers
from octotui.dumps.plans.preflight import long_pause
from octotui.dumps.plans.together import NOT_NEEDED
from octotui.processes.model import ProcessKey


def step(pid: int, pause: float, *, backend: str = "ipc", other: str = NOT_NEEDED, role: str = "calamari") -> Step:
    key = ProcessKey(pid, 1)
    passed = (PassedOver("createdump" if backend == "ipc" else "ipc", other),)
    target = Target(key, "Calamari", role=role)
    return Step(target, backend, "", DumpType.HEAP, Estimate(10**9, pause), facts_of(key), passed)


def plan_of(*steps: Step, order: Order, remarks: tuple[Remark, ...] = ()) -> DumpPlan:
    request = DumpRequest(tuple(one.target.key for one in steps), order=order)
    return DumpPlan(request, steps, (), remarks, Path("/var/lib/octotui/dumps"), 10**12)


@pytest.mark.parametrize(
    ("alone", "lanes", "expected"),
    [
        ((4.0,), 2, (4.0,)),
        ((4.0, 4.0), 2, (4.0, 4.0)),
        ((4.0, 4.0), 1, (8.0, 8.0)),
        ((1.0, 4.0), 1, (2.0, 5.0)),
        ((6.0, 2.0, 2.0), 2, (7.0, 3.0, 3.0)),
    ],
)
def test_work_side_by_side_shares_what_there_is(
    alone: tuple[float, ...], lanes: int, expected: tuple[float, ...]
) -> None:
    assert shared_seconds(alone, lanes) == pytest.approx(expected)


def test_one_by_one_has_the_shortest_pauses_and_together_the_shortest_time() -> None:
    one, together = offers_of([step(n, 3.0) for n in range(1, 5)], History(), cores=4)
    assert (one.order, together.order) == (Order.ONE_BY_ONE, Order.TOGETHER)
    assert one.longest_pause_seconds == 3.0
    assert one.total_seconds == pytest.approx(12.0, abs=0.5)
    assert one.moment_seconds == pytest.approx(9.0, abs=0.5)
    assert together.longest_pause_seconds == together.total_seconds == pytest.approx(6.0)
    assert together.moment_seconds < 0.05
    assert "shortest single pauses" in offer_words(one)
    assert "one consistent moment, about half the total time" in offer_words(together)
    assert "dumps ~0.01 s apart" in offer_words(together)


def test_on_one_core_together_saves_no_time_and_does_not_claim_to() -> None:
    _, together = offers_of([step(1, 3.0), step(2, 3.0)], History(), cores=1)
    assert together.total_seconds == pytest.approx(6.0)
    assert "about the same total time" in together.reason


def test_a_step_that_only_its_runtime_can_capture_stops_a_little_later_and_the_plan_says_so() -> None:
    inside = step(1, 3.0, other="it sees other files than octotui")
    outside = step(2, 3.0, backend="createdump")
    _, together = offers_of([inside, outside], History(), cores=2)
    assert together.moment_seconds == 0.2
    made = with_offers(plan_of(inside, outside, order=Order.TOGETHER), History(), cores=2)
    (remark,) = [remark for remark in made.remarks if remark.code == "not-held"]
    assert (remark.key, remark.severity) == (inside.target.key, Severity.NOTICE)
    assert "within about 0.2 s of the others" in remark.message


def test_one_process_leaves_no_choice() -> None:
    assert offers_of([step(1, 3.0)], History()) == ()
    made = with_offers(plan_of(step(1, 3.0), order=Order.TOGETHER), History())
    assert (made.offers, made.remarks, chosen_offer(made)) == ((), (), None)


def test_a_plan_to_be_captured_together_has_the_longer_pauses_and_warns_of_them() -> None:
    tentacle = step(2, 40.0, backend="createdump", role="tentacle-service")
    steps = (step(1, 40.0, backend="createdump"), tentacle)
    assert not list(long_pause(tentacle))
    alone = with_offers(plan_of(*steps, order=Order.ONE_BY_ONE), History(), cores=1)
    assert [one.estimate.pause_seconds for one in alone.steps] == [40.0, 40.0]
    assert alone.remarks == ()
    made = with_offers(plan_of(*steps, order=Order.TOGETHER), History(), cores=1)
    assert [one.estimate.pause_seconds for one in made.steps] == [80.0, 80.0]
    assert made.total_bytes == alone.total_bytes
    (warning,) = made.remarks
    assert (warning.code, warning.key) == ("long-pause", tentacle.target.key)
    assert "1 min 20 s" in warning.message
    offer = chosen_offer(made)
    assert offer is not None
    assert offer.order is Order.TOGETHER


def test_both_plans_offer_the_same_figures_whichever_order_they_are_made_for() -> None:
    history = History()
    over_socket = (step(1, 3.0), step(2, 5.0))
    directly = tuple(
        replace(step(one.target.key.pid, one.estimate.pause_seconds, backend="createdump")) for one in over_socket
    )
    assert offers_of(over_socket, history, cores=2) == offers_of(directly, history, cores=2)


def test_the_other_backend_has_its_own_history() -> None:
    history = History()
    for _ in range(5):
        history.add(Entry("createdump", "heap", 10**9, 30.0, 30.0))
    one, together = offers_of([step(1, 3.0), step(2, 3.0)], history, cores=2)
    assert one.longest_pause_seconds == 3.0
    assert together.longest_pause_seconds != 3.0
