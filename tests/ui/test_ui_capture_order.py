"""The dialog of a capture offers both orders, and one key plans anew in the other one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui_fakes import CALAMARI, TENTACLE, FakeHost, step, usual_sample
from ui_screen import frame, screen, until

from octotui.dumps.estimating.history import History
from octotui.dumps.model import DumpPlan, DumpRequest, Medium, Order
from octotui.dumps.plans.offers import with_offers
from octotui.ui.app import OctotuiApp
from octotui.ui.lines.glyphs import UNICODE
from octotui.ui.lines.plan import plan_lines
from octotui.ui.screens.confirm_dump import ConfirmDump


async def planned(app: OctotuiApp, pilot: Pilot[int], key: str) -> ConfirmDump:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, ConfirmDump) and app.screen.plan is not None)
    dialog = app.screen
    assert isinstance(dialog, ConfirmDump)
    return dialog


def marked(dialog: ConfirmDump) -> list[str]:
    return [line[2:].partition(":")[0] for line in dialog.text().splitlines() if line.startswith("✓")]


async def on_the_tentacle(app: OctotuiApp, pilot: Pilot[int]) -> None:
    app.processes.table.move_to_key(TENTACLE.key)
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_o_switches_to_together_and_back_and_the_plan_on_screen_is_what_is_captured(
    size: tuple[int, int],
) -> None:
    host = FakeHost(usual_sample())
    async with screen(host, *size) as (app, pilot):
        await on_the_tentacle(app, pilot)
        dialog = await planned(app, pilot, "d")
        assert marked(dialog) == ["one by one"]
        assert "Together  o" in frame(app)
        await pilot.press("o")
        await until(pilot, lambda: marked(dialog) == ["together"])
        assert "One by one  o" in frame(app)
        assert dialog.plan is not None
        assert dialog.plan.request.order is Order.TOGETHER
        await pilot.press("o")
        await until(pilot, lambda: marked(dialog) == ["one by one"])
        assert [request.order for request in host.dumps.requests] == [
            Order.ONE_BY_ONE,
            Order.TOGETHER,
            Order.ONE_BY_ONE,
        ]
        await pilot.press("enter")
        await until(pilot, lambda: len(host.dumps.jobs) == 2)


async def test_nothing_is_captured_while_the_other_order_is_being_planned() -> None:
    host = FakeHost(usual_sample())
    async with screen(host) as (app, pilot):
        await on_the_tentacle(app, pilot)
        dialog = await planned(app, pilot, "d")
        host.dumps.plan_gate = asyncio.Event()
        await pilot.press("o", "enter", "o")
        await until(pilot, lambda: "Planning" in frame(app))
        assert app.screen is dialog
        assert host.dumps.jobs == ()
        host.dumps.plan_gate.set()
        await until(pilot, lambda: marked(dialog) == ["together"])
        assert len(host.dumps.requests) == 2


async def test_one_process_gives_no_choice_of_order() -> None:
    host = FakeHost(usual_sample())
    async with screen(host) as (app, pilot):
        await on_the_tentacle(app, pilot)
        await planned(app, pilot, "D")
        assert "Together" not in frame(app)
        await pilot.press("o")
        await pilot.pause()
        assert len(host.dumps.requests) == 1


def test_what_is_special_about_a_file_is_said_in_the_plan() -> None:
    odd = replace(step(CALAMARI), medium=Medium.MEMORY, medium_reason="the disk is slow")
    request = DumpRequest((CALAMARI.key, TENTACLE.key))
    plan = DumpPlan(request, (odd, step(TENTACLE)), (), (), Path("/var/lib/octotui/dumps"), 10**10)
    lines = plan_lines(with_offers(plan, History()), 95, UNICODE)
    text = "\n".join("".join(piece.text for piece in line) for line in lines)
    assert "Calamari 14220: written to memory first: the disk is slow" in text
    assert "Tentacle 812: " not in text
