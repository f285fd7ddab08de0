"""The list of rules: what each says, counts and does; disarming with one key; what stands there without a rule."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui_fakes import CALAMARI, GONE, SCRIPT, TENTACLE, FakeHost, target, usual_sample
from ui_screen import check_frame, frame, screen, until

from octotui.config import Settings
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.state import Ending, Stage
from octotui.dumps.model import DumpType, Estimate, Severity
from octotui.dumps.results import DumpResult, JobState
from octotui.processes.model import ProcessKey
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.arm_rule import ArmRule
from octotui.ui.screens.dumps import DumpsScreen
from octotui.ui.screens.rules import RulesScreen

NOW = 1000.0
SIZES = [(160, 45), (80, 24), (60, 15)]


def busy_host(**settings: object) -> FakeHost:
    """Two rules, one over, with a process in each stage that needs words."""
    host = FakeHost(settings=replace(Settings(interval_seconds=2.0), **settings))
    seen, watch = host.samples[0], host.watch
    watch.clock = lambda: NOW
    watch.rule(Rule(Whom(role="calamari", under=TENTACLE.key), count=2), seen, ago=310)
    watch.catch(1, GONE.key, "Calamari", Stage.ENDED_EARLY, ago=200)
    watch.catch(1, CALAMARI.key, "Calamari", Stage.CAPTURED, ago=130)
    watch.end(1, Ending.TIME)
    watch.rule(Rule(Whom(role="calamari"), When(at_exit=True), count=3), seen, ago=42)
    watch.catch(2, GONE.key, "Calamari", Stage.PASSED, ago=20, status=0)
    watch.catch(2, CALAMARI.key, "Calamari", Stage.WRITING, ago=3, status=9, note="1.1 of 1.9 GB written")
    watch.catch(2, SCRIPT.key, "pwsh", Stage.TRACED, ago=8)
    watch.change(2, lost=1)
    watch.put_hold(SCRIPT.key, "pwsh", by="rule 2", ago=12)
    return host


@asynccontextmanager
async def still_screen(
    host: FakeHost, width: int = 80, height: int = 24
) -> AsyncIterator[tuple[OctotuiApp, Pilot[int]]]:
    """A screen on which the clock of rules and holds stands still."""
    async with screen(host, width, height) as (app, pilot):
        app.processes.watching.clock = lambda: NOW
        yield app, pilot


def steady(shown: str) -> str:
    """The frame with the time of day of the news left out."""
    return re.sub(r"\d\d:\d\d:\d\d", "10:15:02", shown)


async def opened(app: OctotuiApp, pilot: Pilot[int]) -> RulesScreen:
    await pilot.press("3")
    await until(pilot, lambda: isinstance(app.screen, RulesScreen))
    assert isinstance(app.screen, RulesScreen)
    return app.screen


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_rules(width: int, height: int) -> None:
    host = busy_host()
    async with still_screen(host, width, height) as (app, pilot):
        host.watch.tell("Calamari 14220 was killed by SIGKILL; its end is being captured")
        host.watch.tell("the kernel dropped events", hint="octotui doctor", severity=Severity.WARNING)
        await until(pilot, lambda: len(app.processes.watching.news) == 2)
        app.clear_notifications()
        await opened(app, pilot)
        await until(pilot, lambda: "HELD" in frame(app))
        check_frame(f"rules_{width}x{height}", steady(frame(app)))


async def test_the_rules_in_ascii() -> None:
    host = busy_host(ascii=True)
    async with still_screen(host) as (app, pilot):
        await opened(app, pilot)
        await until(pilot, lambda: "HELD" in frame(app))
        assert frame(app).isascii()
        check_frame("rules_80x24_ascii", frame(app))


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_form(width: int, height: int) -> None:
    host = FakeHost(settings=Settings(interval_seconds=2.0))
    host.watch.reach = "without root, processes shorter than about 100 ms can be missed"
    async with still_screen(host, width, height) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.pause(0.1)
        check_frame(f"form_{width}x{height}", frame(app).replace("reading…", ""))


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_main_screen_with_a_rule_and_a_hold(width: int, height: int) -> None:
    host = busy_host()
    async with still_screen(host, width, height) as (app, pilot):
        app.processes.show_watch()
        await until(pilot, lambda: "HELD" in frame(app))
        await until(pilot, lambda: "reading" not in app.processes.detail_view.text())
        check_frame(f"holding_{width}x{height}", frame(app))


async def test_without_a_rule_the_list_says_how_to_begin() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await opened(app, pilot)
        check_frame("rules_empty_80x24", frame(app))
        await pilot.press("x")
        assert "There is no rule to disarm" in frame(app)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        await pilot.press("enter")
        await until(pilot, lambda: "the next Calamari below Tentacle 812" in app.screen.text())  # type: ignore[attr-defined]


async def test_x_disarms_the_rule_under_the_cursor_and_takes_one_that_is_over_off_the_list() -> None:
    host = busy_host()
    async with still_screen(host) as (app, pilot):
        rules = await opened(app, pilot)
        await pilot.press("x")
        await until(pilot, lambda: host.watch.rules[1].ending is Ending.HAND)
        await until(pilot, lambda: "Rule 2 is disarmed" in frame(app))
        await pilot.press("j", "x")
        await until(pilot, lambda: "Rule 1 left the list" in frame(app))
        assert "Rules  0 armed, 1 over" in rules.text() and "1  the next Calamari below" not in rules.text()
        assert len(host.watch.rules) == 1


async def test_the_cursor_stays_on_its_rule_when_another_is_armed() -> None:
    host = busy_host()
    async with still_screen(host) as (app, pilot):
        rules = await opened(app, pilot)
        await pilot.press("G")
        assert rules.selected is not None and rules.selected.id == 1
        host.watch.rule(Rule(Whom(role="server")), host.samples[0])
        await until(pilot, lambda: "Rules  2 armed" in rules.text())
        assert rules.selected.id == 1
        await pilot.press("g")
        assert rules.selected.id == 3


async def test_the_lists_lead_to_each_other_and_back() -> None:
    async with screen(busy_host()) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, DumpsScreen))
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, RulesScreen))
        assert len(app.screen_stack) == 2
        await pilot.press("1")
        await until(pilot, lambda: app.screen is app.processes)
        await opened(app, pilot)
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.processes)


async def test_y_copies_the_newest_dump_of_a_rule() -> None:
    host = busy_host()
    async with still_screen(host) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("y")
        await until(pilot, lambda: "No rule has made a dump yet" in frame(app))
        path = Path("/var/lib/octotui/dumps/Calamari-14220.dmp")
        done = DumpResult(
            target(CALAMARI), JobState.FINISHED, "octotui", DumpType.FULL, Estimate(1, 0.0), path, verified=True
        )
        host.watch.results = (done,)
        await pilot.press("y")
        await until(pilot, lambda: str(path) in frame(app))


async def test_a_capture_at_an_end_stands_among_the_dumps_where_it_came() -> None:
    host = busy_host()
    async with still_screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("D")
        await until(pilot, lambda: "Capture" in app.screen.text())  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        host.dumps.finish(1)
        path = Path("/var/lib/octotui/dumps/Calamari-14101.dmp")
        end = DumpResult(
            target(GONE), JobState.FINISHED, "octotui", DumpType.FULL, Estimate(1, 0.0), path, 79_000_000, verified=True
        )
        live = host.dumps.jobs[0].result
        assert live is not None
        host.watch.results = (live, end)
        host.watch.tell("Calamari 14101: captured, it ended with exit code 3")
        await until(pilot, lambda: "✓ Calamari 14101" in frame(app))
        assert [job.key for job in app.processes.captures.jobs] == [CALAMARI.key, GONE.key]
        await pilot.press("y")
        await until(pilot, lambda: str(path) in app.processes.message)
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, DumpsScreen))
        await until(pilot, lambda: "Calamari 14101" in frame(app) and "2 of this session" in frame(app))


async def test_a_process_that_is_told_of_and_not_shown_brings_the_next_sample() -> None:
    host = FakeHost(usual_sample(), usual_sample(), usual_sample())
    async with screen(host) as (_, pilot):
        before = len(host.watch.seen)
        host.watch.tell("caught Calamari 14220", key=CALAMARI.key)
        host.watch.tell("caught Calamari 99", key=CALAMARI.key._replace(pid=99))
        await until(pilot, lambda: len(host.watch.seen) > before)


async def test_fifty_processes_of_one_rule_leave_room_for_the_others() -> None:
    host = busy_host()
    async with still_screen(host) as (app, pilot):
        for number in range(50):
            host.watch.catch(2, replace_pid(20_000 + number), f"Calamari{number}", Stage.LEFT, ago=50 - number)
        rules = await opened(app, pilot)
        text = " ".join(rules.text().split())
        assert "50 left" in text and "pwsh 14233" in text and "more before" in text
        assert len([line for line in rules.text().splitlines() if "left alone" in line]) <= 6


def replace_pid(pid: int) -> ProcessKey:
    return CALAMARI.key._replace(pid=pid)


async def test_looks_at_stacks_stand_in_the_list_with_what_they_wait_for() -> None:
    host = FakeHost(settings=Settings(interval_seconds=2.0))
    watch = host.watch
    watch.clock = lambda: NOW
    watch.rule(Rule(Whom(role="calamari"), take=Take.STACKS, count=3), host.samples[0], ago=42)
    watch.catch(1, CALAMARI.key, "Calamari", Stage.LOOKED, ago=20)
    watch.catch(1, SCRIPT.key, "pwsh", Stage.LOOKING, ago=3, note="waits for a capture of process 14231 to end")
    watch.change(1, looked=1, looks=1)
    async with still_screen(host) as (app, pilot):
        await opened(app, pilot)
        await until(pilot, lambda: "asked for its stacks, for 3 s" in frame(app))
        shown = frame(app)
        assert "1 looked at" in shown
        assert "its stacks are taken, 20 s ago" in shown
        assert "waits for a capture of process 14231 to end" in shown
        watch.end(1, Ending.COUNT)
        await until(pilot, lambda: "all stacks that were asked for are taken" in frame(app))
