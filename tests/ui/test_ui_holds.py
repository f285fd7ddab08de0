"""Holding a process from the screen: asked for, seen everywhere, let go, and never forgotten on the way out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import CALAMARI, SCRIPT, TENTACLE, FakeHost, usual_sample
from ui_screen import frame, next_sample, screen, until

from octotui.config import Settings
from octotui.dumps.arming.rule import Rule, When, Whom
from octotui.dumps.arming.state import HoldState, Stage
from octotui.errors import AccessDenied
from octotui.processes.model import ProcessKey
from octotui.ui.app import OctotuiApp
from octotui.ui.lines.cells import line_text, line_width
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.holds import hold_line
from octotui.ui.screens.confirm_dump import ConfirmDump
from octotui.ui.screens.question import Question
from octotui.ui.screens.quit import QuitDialog

BAR = "HELD Calamari 14220 by you"


def question(app: OctotuiApp) -> Question:
    assert isinstance(app.screen, Question)
    return app.screen


def text(app: OctotuiApp) -> str:
    """What the dialog says, whatever its lines."""
    return " ".join(app.screen.text().split())  # type: ignore[attr-defined]


async def test_h_holds_the_process_after_a_question_and_h_again_lets_it_go() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "stands still until you let it go with H, for 60 s at most" in text(app)
        assert "When octotui ends, in whatever way, it is let go" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: BAR in frame(app))
        assert "H lets go" in frame(app).splitlines()[1]
        line = app.processes.table.plain_line(3)
        assert line.startswith("▌■14220") and " HELD" in line
        await pilot.press("H")
        await until(pilot, lambda: not host.watch.holds)
        await until(pilot, lambda: "HELD" not in frame(app))
        assert app.processes.message == "Calamari 14220 runs on"


async def test_enter_alone_never_holds_a_tentacle() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("H", "enter")
        await until(pilot, lambda: "was not held" in app.processes.message)
        assert not host.watch.holds
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "serves the whole host" in text(app) and "Hold the service" in frame(app)
        await pilot.press("y")
        await until(pilot, lambda: host.watch.holds != ())
        assert host.watch.holds[0].key == TENTACLE.key


async def test_the_key_of_an_answer_does_nothing_on_the_screen_below() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("d", "q", "y")
        await until(pilot, lambda: bool(host.watch.holds))
        await pilot.pause(0.05)
        assert app.clipboard == "" and app.is_running and not host.dumps.requests


async def test_h_elsewhere_lets_go_what_is_held_as_the_bar_says() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        host.watch.put_hold(CALAMARI.key, "Calamari", by="rule 1")
        app.processes.show_watch()
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "Hold Tentacle 812 too" in frame(app)
        await pilot.press("H")
        await until(pilot, lambda: not host.watch.holds)


@pytest.mark.parametrize("key", ["2", "3", "enter", "e"])
async def test_the_hold_is_seen_and_let_go_on_every_screen(key: str) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        host.watch.put_hold(CALAMARI.key, "Calamari")
        app.processes.show_watch()
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not app.processes)
        await until(pilot, lambda: BAR in frame(app))
        await pilot.press("H")
        await pilot.pause()
        if isinstance(app.screen, Question):
            await pilot.press("enter")
        await until(pilot, lambda: not host.watch.holds)
        await until(pilot, lambda: "HELD" not in frame(app))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (40, 10), (30, 4), (12, 1)])
@pytest.mark.parametrize("key", ["", "w", "question_mark", "d", "ctrl+p"])
async def test_a_hold_is_seen_at_every_size_and_over_every_dialog(width: int, height: int, key: str) -> None:
    host = FakeHost()
    async with screen(host, width, height) as (app, pilot):
        host.watch.put_hold(CALAMARI.key, "Calamari")
        app.processes.show_watch()
        if key and height < 10:
            return
        if key:
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not app.processes)
        await until(pilot, lambda: "HELD" in frame(app))


async def test_the_seconds_of_a_hold_count_up_without_a_new_sample() -> None:
    host = FakeHost()
    now = 1000.0
    host.watch.clock = lambda: now
    async with screen(host) as (app, pilot):
        app.processes.watching.clock = lambda: now
        host.watch.put_hold(CALAMARI.key, "Calamari", ago=12.0)
        app.processes.show_watch()
        await until(pilot, lambda: f"{BAR} 12 s of 60" in frame(app))
        now += 18
        await until(pilot, lambda: f"{BAR} 30 s of 60" in frame(app))


async def test_a_hold_that_ended_by_itself_leaves_the_screen() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        host.watch.put_hold(CALAMARI.key, "Calamari")
        app.processes.show_watch()
        await until(pilot, lambda: "HELD" in frame(app))
        await host.watch.release(CALAMARI.key)
        await until(pilot, lambda: "HELD" not in frame(app))
        assert app.processes.table.plain_line(3).startswith("  14220")


async def test_what_the_kernel_denies_is_said() -> None:
    host = FakeHost()
    host.watch.error = AccessDenied("Calamari 14220 belongs to another user", hint="sudo octotui")
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("H", "enter")
        await until(pilot, lambda: app.processes.message == "Calamari 14220 belongs to another user: sudo octotui")


async def test_the_plan_says_that_a_process_is_held() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        host.watch.put_hold(CALAMARI.key, "Calamari")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDump) and app.screen.plan is not None)
        assert "Calamari 14220 is held: it is captured as it stands, stopped, and stays held" in text(app)


async def test_a_process_held_before_its_runtime_is_let_run_first() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        host.watch.put_hold(CALAMARI.key, "Calamari", is_early=True)
        app.processes.show_watch()
        await pilot.pause()
        assert "HELD Calamari 14220 at its start by you" in frame(app)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "It is let go now, runs until its runtime is ready and is captured then" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: not host.watch.holds)
        assert host.watch.rules[0].rule == Rule(Whom(key=CALAMARI.key)) and not host.dumps.requests


async def test_one_that_a_rule_holds_early_is_left_to_its_rule() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        host.watch.put_hold(CALAMARI.key, "Calamari", by="rule 1", is_early=True)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "is held again, and is captured by the rule that holds it" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: not host.watch.holds)
        assert not host.watch.rules


async def test_quitting_says_what_becomes_of_holds_traces_and_rules() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        seen = host.watch.seen[-1]
        host.watch.put_hold(CALAMARI.key, "Calamari")
        host.watch.rule(Rule(Whom(role="calamari")), seen)
        host.watch.rule(Rule(Whom(key=SCRIPT.key), When(at_exit=True)), seen)
        host.watch.catch(2, SCRIPT.key, "pwsh", Stage.TRACED)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        assert "Held: Calamari 14220. Quitting lets go." in text(app)
        assert "Traced: pwsh 14233. Quitting ends the trace and runs on: its end is not captured." in text(app)
        assert "2 rules are armed. They end with octotui" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.processes)
        assert app.processes.message == "All stays as it is" and not host.watch.is_closed
        await pilot.press("q", "y")
        await until(pilot, lambda: host.watch.is_closed)
    assert host.dumps.is_closed


async def test_nothing_armed_nothing_asked() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: host.watch.is_closed and not app.is_running)


async def test_ctrl_z_waits_for_holds_and_rules() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        host.watch.put_hold(CALAMARI.key, "Calamari")
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "could not look after them" in app.processes.message)


async def test_a_held_process_that_ends_keeps_its_row_and_the_cursor() -> None:
    host = FakeHost(usual_sample(), usual_sample())
    async with screen(host) as (app, pilot):
        host.watch.put_hold(CALAMARI.key, "Calamari")
        await next_sample(app, pilot)
        assert CALAMARI.key in host.kept


async def test_a_held_row_is_told_apart_in_ascii() -> None:
    host = FakeHost(settings=replace(Settings(interval_seconds=60.0), ascii=True))
    async with screen(host) as (app, pilot):
        host.watch.put_hold(CALAMARI.key, "Calamari")
        app.processes.show_watch()
        await pilot.pause()
        assert app.processes.table.plain_line(3).startswith("H 14220") and frame(app).isascii()


def test_the_bar_is_as_wide_as_the_screen_whatever_is_held() -> None:
    holds = tuple(HoldState(ProcessKey(14_220 + n, 1), "Calamari", "you", 100.0, 60.0, n % 2 == 1) for n in range(4))
    for width in range(1, 200):
        for count in range(1, 5):
            for glyphs in (UNICODE, ASCII):
                line = hold_line(holds[:count], 112.0, width, glyphs, "H")
                assert line_width(line) == width
                shown = line_text(line).strip()
                assert shown.startswith("HELD"[: max(0, width - 1)]) or shown == "HELD"[:width] or width < 6
    assert line_text(hold_line(holds[:1], 112.0, 80, UNICODE, "H")).rstrip() == (
        " HELD Calamari 14220 by you 12 s of 60 · H lets go"
    )
    assert hold_line((), 0.0, 80, UNICODE, "H") == ()
