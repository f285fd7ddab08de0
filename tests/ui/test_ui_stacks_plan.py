"""The plan of a dump offers the stacks first, because they answer many questions in 0.1 s and without a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import CALAMARI, SCRIPT, TENTACLE, FakeHost, step
from ui_screen import frame, screen, until

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.model import DumpPlan, DumpRequest
from octotui.processes.model import Sample
from octotui.ui.lines.plan import can_be_asked
from octotui.ui.screens.confirm_dump import ConfirmDump
from octotui.ui.screens.stacks import StacksScreen

OFFER = "Stacks first (0.1 s, no secrets): s"


async def test_s_in_the_plan_shows_the_stacks_and_leads_back_to_the_plan() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("D")
        await until(pilot, lambda: OFFER in frame(app))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, StacksScreen) and "14231 holder" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDump))
        assert len(host.dumps.requests) == 1, "a plan that is fresh stays"
        await pilot.press("enter")
        await until(pilot, lambda: len(host.dumps.jobs) == 1)


async def test_a_plan_that_stood_for_long_behind_the_stacks_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.ui.screens.confirm_dump.OLD_SECONDS", 0.0)
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("D")
        await until(pilot, lambda: OFFER in frame(app))
        await pilot.press("s")
        await until(pilot, lambda: "14231 holder" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(host.dumps.requests) == 2 and "Capture 1 process" in frame(app))


async def test_the_stacks_of_a_plan_are_of_all_its_dotnet_processes() -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.table.move_to_key(TENTACLE.key)
        await pilot.press("d")
        await until(pilot, lambda: OFFER in frame(app))
        await pilot.press("s")
        await until(pilot, lambda: "1 of 2 (Tab)" in frame(app))


async def test_no_offer_where_nothing_can_be_asked() -> None:
    host = FakeHost()

    async def plan(request: DumpRequest, sample: Sample) -> DumpPlan:
        made = await type(host.dumps).plan(host.dumps, request, sample)
        return replace(made, steps=tuple(replace(one, facts=replace(one.facts, state="T")) for one in made.steps))

    host.dumps.plan = plan  # type: ignore[method-assign]
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("D")
        await until(pilot, lambda: "Capture 1 process" in frame(app))
        assert "Stacks first" not in frame(app)
        await pilot.press("s")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmDump) and host.observer.asked == []
        await pilot.press("escape")
        app.processes.table.move_to_key(SCRIPT.key)
        await pilot.press("D")
        await until(pilot, lambda: "Nothing can be captured" in frame(app))
        assert "Stacks first" not in frame(app)


async def test_a_plan_that_is_only_shown_offers_them_too() -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("v")
        await until(pilot, lambda: OFFER in frame(app) and "nothing is run" in frame(app))


@pytest.mark.parametrize(
    "wrong",
    [{"socket": None}, {"state": "T"}, {"state": "t"}, {"state": "Z"}, {"tracer_pid": 7}, {"waits_at_start": "A=1"}],
)
def test_one_that_cannot_run_or_has_no_socket_cannot_be_asked(wrong: dict[str, object]) -> None:
    facts: RuntimeFacts = step(CALAMARI).facts
    assert can_be_asked(facts) and not can_be_asked(replace(facts, **wrong))  # type: ignore[arg-type]
