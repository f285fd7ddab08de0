"""The palette: every action from every screen, the newest dumps, the themes; what cannot be done says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import OptionList
from ui_fakes import CALAMARI, FakeHost
from ui_screen import frame, screen, until

from octotui.config import Settings
from octotui.dumps.keeping.records import DumpRecord
from octotui.errors import StoreError
from octotui.ui.actions import ACTIONS
from octotui.ui.app import OctotuiApp
from octotui.ui.commands import NEWEST_DUMPS

LABELS = {action.label for action in ACTIONS if action.id != "palette"}


def records(count: int, directory: str = "/var/lib/octotui/dumps") -> tuple[DumpRecord, ...]:
    newest = datetime(2026, 9, 30, 10, 0, tzinfo=UTC)
    return tuple(
        DumpRecord(Path(f"{directory}/old-{n:02}.dmp"), None, newest - timedelta(days=n), 5_000_000, {})
        for n in range(count)
    )


async def offered(app: OctotuiApp, pilot: Pilot[int]) -> list[str]:
    """Opens the palette; what it offers, as text."""
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(app.screen, CommandPalette) and app.screen.has_class("-ready"))
    return texts(app)


def texts(app: OctotuiApp) -> list[str]:
    options = app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]


async def choose(app: OctotuiApp, pilot: Pilot[int], words: str) -> None:
    """Types `words` and chooses the best match."""
    if not isinstance(app.screen, CommandPalette):
        await offered(app, pilot)
    await pilot.press(*("space" if character == " " else character for character in words))
    await until(pilot, lambda: bool(texts(app)) and words.lower() in texts(app)[0].lower())
    await pilot.press("enter")
    await until(pilot, lambda: not isinstance(app.screen, CommandPalette))


@pytest.mark.parametrize("key", ["", "2", "enter"])
async def test_every_action_is_offered_on_every_screen(key: str) -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        if key:
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not app.processes)
        found = await offered(app, pilot)
        titles = {text.splitlines()[0].partition("  ")[0].strip() for text in found}
        assert titles >= LABELS
        assert "Theme: light" in titles


async def test_an_action_is_shown_with_its_key_and_run() -> None:
    async with screen(FakeHost()) as (app, pilot):
        assert "Tree or list  t F5\n  Show the processes as a tree or as a flat list" in await offered(app, pilot)
        await choose(app, pilot, "tree or")
        await until(pilot, lambda: not app.processes.model.state.is_tree)
        assert app.processes.message == "Processes as a flat list"


async def test_an_action_that_cannot_be_run_is_offered_last_and_says_why() -> None:
    async with screen(FakeHost()) as (app, pilot):
        found = await offered(app, pilot)
        reasons = [i for i, text in enumerate(found) if text.startswith(("Cancel", "Next match", "Clear marks"))]
        assert min(reasons) > max(i for i, text in enumerate(found) if text.startswith("Theme"))
        assert "No filter is set; / sets one" in found[reasons[0]]
        await choose(app, pilot, "clear marks")
        await until(pilot, lambda: app.processes.message == "No process is marked; m marks one")


async def test_an_action_of_another_screen_says_where_it_works() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await choose(app, pilot, "verify again")
        await until(pilot, lambda: "works on the screen of the dumps; 2 opens it" in app.processes.message)
        await pilot.press("2")
        await until(pilot, lambda: app.screen is not app.processes)
        await choose(app, pilot, "dump tree")
        await until(pilot, lambda: "works on the screen of the processes; Esc leads back" in frame(app))
        assert app.screen is not app.processes


async def test_with_read_only_a_capture_is_offered_with_the_reason_and_not_done() -> None:
    host = FakeHost(settings=Settings(interval_seconds=60.0, read_only=True))
    async with screen(host) as (app, pilot):
        await choose(app, pilot, "dump tree")
        await until(pilot, lambda: "nothing is captured" in app.processes.message)
        assert host.dumps.requests == []


async def test_the_newest_dumps_are_offered_and_choosing_one_copies_its_path() -> None:
    host = FakeHost()
    host.store.found = records(14)
    async with screen(host) as (app, pilot):
        found = [text for text in await offered(app, pilot) if text.startswith("Dump old-")]
        assert [text.splitlines()[0] for text in found] == [f"Dump old-{n:02}.dmp" for n in range(NEWEST_DUMPS)]
        await choose(app, pilot, "old-03")
        await until(pilot, lambda: app.clipboard == "/var/lib/octotui/dumps/old-03.dmp")
        assert app.processes.message == "Copied: /var/lib/octotui/dumps/old-03.dmp"


async def test_a_dump_of_this_session_comes_first_and_only_once() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture 2 processes" in frame(app) and "Left out" in frame(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(host.dumps.jobs) == 2)
        host.dumps.finish(1)
        result = host.dumps.jobs[0].result
        assert result is not None and result.path is not None
        host.store.found = (*records(1), replace(records(1)[0], path=result.path))
        found = [text.splitlines()[0] for text in await offered(app, pilot) if ".dmp" in text]
        assert found == [f"Dump {result.path.name}", "Dump old-00.dmp"]


async def test_a_store_that_cannot_be_read_leaves_the_actions() -> None:
    host = FakeHost()

    def fail() -> tuple[DumpRecord, ...]:
        raise StoreError("no")

    host.store.records = fail  # type: ignore[method-assign]
    async with screen(host) as (app, pilot):
        assert len(await offered(app, pilot)) >= len(LABELS)


async def test_a_hostile_path_is_shown_as_it_is_and_drives_nothing() -> None:
    host = FakeHost()
    host.store.found = records(1, "/tmp/x [/b] \x1b]0;pwned\x07[red]\udcff")
    async with screen(host) as (app, pilot):
        found = next(text for text in await offered(app, pilot) if "old-00" in text)
        assert "[/b]" in found and "[red]" in found and "\x1b" not in found
        await choose(app, pilot, "old-00")
        await until(pilot, lambda: app.processes.message.startswith("Copied: /tmp/x [/b]"))
        assert "\x1b" not in app.clipboard and "\udcff" not in app.clipboard


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10)])
async def test_the_palette_fits_a_small_terminal(width: int, height: int) -> None:
    async with screen(FakeHost(), width, height) as (app, pilot):
        await offered(app, pilot)
        await until(pilot, lambda: "Up  ↑ k" in frame(app))
        assert len(frame(app).splitlines()) == height
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes)
