"""Whole screens as text, at the sizes that matter; without colour and in ASCII they say the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ui_fakes import CALAMARI, INIT, SHELL, FakeHost, sample, usual_sample
from ui_screen import check_frame, frame, next_sample, screen, until

from octotui.config import Settings
from octotui.dumps.results import Failure, JobState
from octotui.processes.model import Sample

SIZES = [(160, 45), (120, 40), (80, 24), (60, 15), (40, 10), (12, 3)]


def usual_host(**settings: object) -> FakeHost:
    host = FakeHost()
    host.settings = replace(Settings(interval_seconds=2.0), **settings)
    return host


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_main_screen(width: int, height: int) -> None:
    async with screen(usual_host(), width, height) as (app, pilot):
        await until(pilot, lambda: "reading" not in app.processes.detail_view.text())
        check_frame(f"main_{width}x{height}", frame(app))


async def test_nothing_crashes_at_one_cell() -> None:
    async with screen(usual_host(), 1, 1) as (app, pilot):
        for key in ("d", "escape", "question_mark", "escape", "2", "escape", "enter", "escape", "slash", "escape", "o"):
            await pilot.press(key)
            await pilot.pause()
        assert app.is_running and len(frame(app)) <= 2


async def test_the_main_screen_in_ascii_is_ascii_and_tells_every_state_apart() -> None:
    host = usual_host(ascii=True)
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture" in app.screen.text())  # type: ignore[attr-defined]
        check_frame("plan_80x24_ascii", frame(app))
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        host.dumps.run(1, written=1_100_000_000, seconds=3.4)
        await pilot.press("m")
        await pilot.pause()
        shown = frame(app)
        assert shown.isascii()
        check_frame("main_80x24_ascii", shown)


async def test_a_screen_without_colour_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async with screen(usual_host()) as (app, _):
        coloured = frame(app)
    monkeypatch.setenv("NO_COLOR", "1")
    async with screen(usual_host()) as (app, _):
        assert frame(app) == coloured
        svg = app.export_screenshot()
    plain = "#c5c8c6"
    assert set(re.findall(r"-r\d+ { fill: (#\w+)", svg)) <= {plain}


@pytest.mark.parametrize("theme", ["light", "ansi", "high-contrast"])
async def test_every_theme_draws_the_same_text(theme: str) -> None:
    async with screen(usual_host()) as (app, _):
        dark = frame(app)
    async with screen(usual_host(theme=theme)) as (app, _):
        assert app.theme == f"octotui-{theme}"
        assert frame(app) == dark


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (120, 40)])
async def test_the_plan(width: int, height: int) -> None:
    async with screen(usual_host(), width, height) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture" in app.screen.text())  # type: ignore[attr-defined]
        check_frame(f"plan_{width}x{height}", frame(app).replace("reading…", "").rstrip() + "\n")


async def test_the_dumps_panel_from_start_to_end() -> None:
    host = usual_host()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture" in app.screen.text())  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        host.dumps.run(1, written=1_100_000_000, seconds=3.4)
        await until(pilot, lambda: "paused" in frame(app))
        check_frame("dumps_running_80x24", frame(app))
        host.dumps.finish(1)
        words = "createdump: process_vm_readv failed: Operation not permitted"
        host.dumps.finish(2, outcome=JobState.FAILED, failure=Failure("ptrace", words, "run as root: sudo octotui"))
        await until(pilot, lambda: "failed" in app.processes.message)
        check_frame("dumps_over_80x24", frame(app))


@pytest.mark.parametrize("name", ["octopus", "dotnet", "everything"])
async def test_an_empty_screen_says_what_to_do(name: str) -> None:
    nothing: Sample = sample((), meanings={}) if name == "everything" else sample((INIT, SHELL), meanings={})
    host = FakeHost(nothing, settings=Settings(interval_seconds=2.0, scope=name))
    async with screen(host) as (app, _):
        check_frame(f"empty_{name}_80x24", frame(app))


async def test_help_at_the_design_size() -> None:
    async with screen(usual_host()) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        check_frame("help_80x24", frame(app))


async def test_the_first_frame_comes_with_the_first_sample_and_the_second_brings_rates() -> None:
    first = replace(usual_sample(), cpu_percent={})
    async with screen(FakeHost(first, usual_sample())) as (app, pilot):
        assert app.processes.table.plain_line(1).count("—") == 1
        await next_sample(app, pilot)
        assert " 0.4 " in app.processes.table.plain_line(1)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 45)])
async def test_the_details_of_a_process(width: int, height: int) -> None:
    async with screen(usual_host(), width, height) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("enter")
        await until(pilot, lambda: "46 open" in app.screen.text())  # type: ignore[attr-defined]
        await until(pilot, lambda: "heap by ipc" in app.screen.text())  # type: ignore[attr-defined]
        check_frame(f"details_{width}x{height}", frame(app))
        if height < 40:
            await pilot.press("G")
            await pilot.pause()
            check_frame(f"details_end_{width}x{height}", frame(app))
