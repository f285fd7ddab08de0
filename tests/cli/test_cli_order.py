"""The two orders of a capture on the command line: offered with their figures, chosen with `--together`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_runner import Completed
from scripted_service import CALAMARI, step

from octotui.cli import plan_text
from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import StandIn
from octotui.dumps.estimating.history import History
from octotui.dumps.model import DumpPlan, DumpRequest, Medium, Order, Step
from octotui.dumps.plans.offers import with_offers
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey

OTHER = replace(CALAMARI, key=ProcessKey(14300, 200))


def plan_of(*steps: Step, order: Order = Order.ONE_BY_ONE) -> DumpPlan:
    request = DumpRequest(tuple(one.target.key for one in steps), order=order)
    return with_offers(DumpPlan(request, steps, (), (), Path("/var/lib/octotui/dumps"), 10**10), History(), cores=2)


@pytest.mark.parametrize(
    ("order", "chosen", "other"),
    [
        (Order.ONE_BY_ONE, "Order one by one:", "add --together"),
        (Order.TOGETHER, "Order together:", "leave out --together"),
    ],
)
def test_a_plan_of_two_shows_both_orders_and_how_to_get_the_other(order: Order, chosen: str, other: str) -> None:
    lines = plan_text.plan_lines(plan_of(step(), step(OTHER), order=order))
    offers = [line for line in lines if line.startswith("Order ")]
    assert len(offers) == 2
    assert next(line for line in offers if line.startswith(chosen)).endswith("(chosen).")
    assert next(line for line in offers if not line.startswith(chosen)).endswith(f"({other}).")
    assert "longest pause ~6.1 s, ~12 s in all" in offers[0]
    assert "one consistent moment" in offers[1]


def test_a_plan_of_one_shows_no_order() -> None:
    for order in Order:
        text = "\n".join(plan_text.plan_lines(plan_of(step(), order=order)))
        assert "a pause of about 6.1 s." in text
        assert "together" not in text


def test_the_plan_as_json_has_both_offers() -> None:
    document = plan_text.plan_document(plan_of(step(), step(OTHER), order=Order.TOGETHER))["plan"]
    assert document["order"] == "together"
    one, together = document["offers"]
    assert (one["order"], one["longest_pause_seconds"], one["total_seconds"]) == ("one-by-one", 6.1, 12.35)
    assert (together["order"], together["total_seconds"], together["moment_seconds"]) == ("together", 6.1, 0.2)
    assert plan_text.plan_document(plan_of(step()))["plan"]["offers"] == []


def test_what_is_special_about_a_file_is_said() -> None:
    odd = replace(step(), medium=Medium.MEMORY, medium_reason="this disk is slow", is_portable=False)
    plan = plan_of(odd, replace(step(OTHER), medium_reason="nothing is known of this disk yet"))
    lines = plan_text.plan_lines(plan)
    assert "Note: Calamari 14220: written to memory first: this disk is slow" in lines
    assert "How: straight to disk: nothing is known of this disk yet" in lines
    (first, second) = plan_text.plan_document(plan)["plan"]["steps"]
    assert (first["medium"], first["medium_reason"], first["portable"]) == ("memory", "this disk is slow", False)
    assert (second["medium"], second["portable"]) == ("disk", True)


@pytest.fixture
def targets() -> Iterator[tuple[StandIn, StandIn]]:
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))
    with StandIn.start() as first, StandIn.start() as second:
        yield first, second


def test_together_on_the_command_line_plans_for_one_moment_and_with_one_process_changes_nothing(
    targets: tuple[StandIn, StandIn], program: Callable[..., Completed]
) -> None:
    first, second = (str(target.pid) for target in targets)
    plan = program("dump", "--together", first, second, "--dry-run", "--json").document["plan"]
    assert plan["order"] == "together"
    assert [step["backend"] for step in plan["steps"]] == ["createdump", "createdump"]
    assert [offer["order"] for offer in plan["offers"]] == ["one-by-one", "together"]
    alone = program("dump", first, "--dry-run", "--json").document["plan"]
    same = program("dump", "--together", first, "--dry-run", "--json").document["plan"]
    assert (same["order"], same["offers"], same["steps"][0]["backend"]) == ("one-by-one", [], "ipc")
    assert alone["steps"][0]["backend"] == "ipc"
    assert "together" not in program("dump", "--together", first, "--dry-run").stdout
