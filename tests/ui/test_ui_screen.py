"""The main screen: scope, folding, filter, interval, help, palette, details, dumps, problems of the scan."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui_fakes import BOOTSTRAP, CALAMARI, INIT, SCRIPT, SHELL, TENTACLE, FakeHost, sample, usual_sample
from ui_screen import frame, next_sample, screen, until

from octotui.config import Settings
from octotui.dumps.keeping.records import DumpRecord
from octotui.errors import AccessDenied
from octotui.processes.model import Sample
from octotui.processes.state import SortColumn
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.help import HelpScreen


def pids(app: OctotuiApp) -> list[int]:
    return [row.process.pid for row in app.processes.table.rows]


async def type_filter(pilot: Pilot[int], text: str) -> None:
    await pilot.press("slash", *("space" if c == " " else "colon" if c == ":" else c for c in text))
    await pilot.pause()


async def test_o_goes_from_octopus_to_dotnet_to_everything_and_round() -> None:
    async with screen(FakeHost()) as (app, pilot):
        assert 4100 not in pids(app)
        await pilot.press("o")
        assert app.processes.message.startswith("Showing .NET")
        await pilot.press("o")
        assert 4100 in pids(app)
        await pilot.press("o")
        assert 4100 not in pids(app)


async def test_folding_hides_and_sums_and_the_keys_walk_the_tree() -> None:
    async with screen(FakeHost()) as (app, pilot):
        table = app.processes.table
        await pilot.press("h")
        row = table.cursor_row
        assert row is not None and row.is_folded and row.hidden_count == 4
        assert "▸" in table.plain_line(1) and "+4" in table.plain_line(1)
        await pilot.press("l", "l")
        assert table.cursor_key == BOOTSTRAP.key
        await pilot.press("left", "left")
        assert table.cursor_key == TENTACLE.key
        await pilot.press("asterisk")
        assert app.processes.model.state.folded
        await pilot.press("asterisk", "C")
        await pilot.pause()
        assert app.is_running


async def test_a_folded_away_cursor_moves_up_and_comes_back_when_unfolded() -> None:
    async with screen(FakeHost()) as (app, pilot):
        table = app.processes.table
        table.move_to_key(SCRIPT.key)
        await pilot.pause()
        await pilot.press("asterisk")
        assert table.cursor_key in (TENTACLE.key, INIT.key)
        await pilot.press("asterisk")
        assert table.cursor_key == SCRIPT.key


async def test_the_filter_keeps_the_family_and_escape_brings_all_back() -> None:
    async with screen(FakeHost()) as (app, pilot):
        everything = pids(app)
        await type_filter(pilot, "role:calamari")
        assert SCRIPT.pid in pids(app) and TENTACLE.pid in pids(app)
        assert "matches" in app.processes.message
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is app.processes.table
        assert '"role:calamari"' in frame(app)
        await pilot.press("n")
        first = app.processes.table.cursor_key
        await pilot.press("n")
        assert app.processes.table.cursor_key != first
        await pilot.press("N")
        assert app.processes.table.cursor_key == first
        await pilot.press("escape")
        assert pids(app) == everything and app.processes.message == "The filter is cleared"
        await pilot.press("escape")
        assert app.is_running


async def test_a_kept_filter_puts_the_cursor_on_a_match_not_on_its_context() -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.table.move_to_key(TENTACLE.key)
        await pilot.press("slash", *"pwsh", "enter")
        await pilot.pause()
        assert app.processes.table.cursor_key == SCRIPT.key
        await pilot.press("escape", "slash", *"calamari", "enter")
        await pilot.pause()
        assert app.processes.table.cursor_key == SCRIPT.key, "a member of the family keeps the cursor"


async def test_a_filter_that_makes_no_sense_is_explained_and_changes_nothing() -> None:
    async with screen(FakeHost()) as (app, pilot):
        before = pids(app)
        await pilot.press("slash")
        await pilot.pause()
        app.processes.filter_bar.input.value = "pid:x"
        await pilot.pause()
        assert "is not a pid" in app.processes.message and pids(app) == before
        await pilot.press("enter")
        await pilot.pause()
        assert app.processes.filter_bar.has_class("-open")
        await pilot.press("escape")
        await pilot.pause()
        assert not app.processes.filter_bar.has_class("-open") and app.focused is app.processes.table


async def test_letters_typed_into_the_filter_are_no_actions() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await type_filter(pilot, "dxq")
        assert app.is_running and host.dumps.requests == []
        assert app.processes.filter_bar.input.value == "dxq"


async def test_a_filter_without_a_match_says_how_to_go_on() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await type_filter(pilot, "nosuchthing")
        await pilot.press("enter")
        await pilot.pause()
        assert 'Nothing matches "nosuchthing".' in frame(app) and "clears the filter" in frame(app)


async def test_sorting_says_what_it_sorts_by() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("greater_than_sign", "greater_than_sign")
        assert app.processes.model.state.sort is SortColumn.CPU
        assert "Sorted by CPU, falling" in app.processes.message and "▼CPU%" in frame(app)
        await pilot.press("I")
        assert "rising" in app.processes.message
        await pilot.press("less_than_sign", "t")
        assert app.processes.message == "Processes as a flat list"


async def test_plus_and_minus_change_the_interval_within_bounds() -> None:
    host = FakeHost()
    host.settings = replace(host.settings, interval_seconds=2.0)
    async with screen(host) as (app, pilot):
        await pilot.press("plus")
        assert app.processes.message == "A scan every 3 s"
        await pilot.press(*["minus"] * 9)
        assert app.processes.interval_seconds == 0.5
        await pilot.press(*["plus"] * 12)
        assert app.processes.interval_seconds == 60.0


async def test_a_scan_that_fails_is_told_and_the_next_one_clears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        good = host.read_sample

        def refused(*asked: object) -> Sample:
            raise AccessDenied("the process table cannot be read", hint="sudo octotui")

        monkeypatch.setattr(host, "read_sample", refused)
        app.rescan()
        await until(pilot, lambda: "sudo octotui" in app.processes.message)
        assert "scan failed" in frame(app) and pids(app)
        monkeypatch.setattr(host, "read_sample", good)
        app.rescan()
        await until(pilot, lambda: "scan failed" not in frame(app))


async def test_a_defect_in_a_worker_is_told_and_does_not_end_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):

        def broken(*asked: object) -> Sample:
            raise ZeroDivisionError("[/b]")

        monkeypatch.setattr(host, "read_sample", broken)
        app.rescan()
        await until(pilot, lambda: "octotui itself failed (ZeroDivisionError)" in app.processes.message)
        assert app.is_running


async def test_help_opens_searches_and_closes() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("p", "a", "t", "h")
        await pilot.pause()
        assert "Copy path" in app.screen.text() and "Fold" not in app.screen.text()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen) and "Fold" in app.screen.text()
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.processes


async def test_enter_opens_the_details_of_the_process_and_they_stay_with_it() -> None:
    host = FakeHost(usual_sample(), sample((INIT, TENTACLE)))
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("enter")
        await until(pilot, lambda: "heap by ipc" in app.screen.text())  # type: ignore[attr-defined]
        text = app.screen.text()  # type: ignore[attr-defined]
        for words in (
            "Calamari 14220",
            "ServerTasks-826567",
            "27.3.5",
            "systemd 1 › Tentacle 812",
            "46 open",
            "v.json",
        ):
            assert words in text
        await next_sample(app, pilot)
        await pilot.pause(0.6)
        assert "Calamari 14220" in app.screen.text()  # type: ignore[attr-defined]
        await pilot.press("Y")
        assert app.clipboard == CALAMARI.command
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.processes


async def test_the_dumps_screen_lists_jobs_and_the_store_and_copies_the_selected_path() -> None:
    host = FakeHost()
    now = datetime(2026, 9, 30, 10, 0, tzinfo=UTC)
    data = {"name": "Tentacle", "pid": 812, "outcome": "finished", "verified": True}
    host.store.found = tuple(
        DumpRecord(Path(f"/var/lib/octotui/dumps/old-{n}.dmp"), None, now - timedelta(days=n), 5_000_000, data)
        for n in range(40)
    )
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: app.screen is not app.processes and "Capture" in frame(app))
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        host.dumps.finish(1)
        await pilot.press("2")
        await until(pilot, lambda: "40 from before" in frame(app))
        assert "2 of this session" in frame(app)
        await pilot.press("j", "y")
        assert app.clipboard.endswith("Calamari-14220-20260930T101502Z.dmp")
        await pilot.press("k", "x")
        assert host.dumps.cancelled == [2]
        await pilot.press("G", "y")
        assert app.clipboard == "/var/lib/octotui/dumps/old-39.dmp"
        assert "old-39" in frame(app)
        await pilot.press("1")
        await pilot.pause()
        assert app.screen is app.processes


async def test_an_empty_dumps_screen_says_how_to_make_one() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("2")
        await pilot.pause()
        assert "No dump yet" in frame(app)


async def test_start_options_shape_the_first_view() -> None:
    settings = Settings(interval_seconds=60.0, scope="everything", filter="sshd", subtree=None)
    async with screen(FakeHost(settings=settings)) as (app, _):
        assert SHELL.pid in pids(app) and TENTACLE.pid not in pids(app)
    async with screen(FakeHost(settings=replace(settings, filter="", subtree=CALAMARI.pid))) as (app, _):
        assert pids(app) == [CALAMARI.pid, SCRIPT.pid]


async def test_the_kernel_threads_are_not_counted_and_the_own_cost_is_shown_behind_the_name() -> None:
    async with screen(FakeHost(*(usual_sample(1000.0 + second) for second in range(4)))) as (app, pilot):
        assert "octotui  web-07" in frame(app)
        for _ in range(3):
            await next_sample(app, pilot)
        first = frame(app).splitlines()[0]
        assert "4 of 6" in first and re.search(r"octotui \d+\.\d %  web-07", first)


def settled(outcome: str, path: Path | None) -> DumpRecord:
    data = {"outcome": outcome, "verified": path is not None}
    return DumpRecord(path, Path("/store/Calamari-1.dmp.json"), datetime.now(UTC), 1, data)


async def test_captures_of_a_killed_octotui_are_settled_at_the_start_and_said() -> None:
    host = FakeHost()
    host.interrupted = (settled("finished", Path("/store/Calamari-1.dmp")), settled("lost", None))
    async with screen(host) as (app, pilot):
        words = "Captures whose octotui was ended: 1 finished and verified, 1 lost; 2 lists them"
        await until(pilot, lambda: words in app.processes.message)


async def test_dump_that_is_still_written_after_its_octotui_was_ended_is_told_now_and_when_it_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("octotui.ui.app.SETTLE_AGAIN_SECONDS", 0.3)
    host = FakeHost()
    host.interrupted = (settled("finished", Path("/store/Calamari-1.dmp")),)
    host.looks_until_settled = 3
    async with screen(host) as (app, pilot):
        await until(pilot, lambda: "is still being written" in app.processes.message)
        words = "Finished and verified after octotui was ended: Calamari-1"
        await until(pilot, lambda: words in app.processes.message)


async def test_lost_dump_of_an_octotui_that_was_ended_is_told_by_its_name() -> None:
    host = FakeHost()
    host.interrupted = (settled("lost", None),)
    async with screen(host) as (app, pilot):
        words = "Lost when octotui was ended: Calamari-1; its partial file is gone"
        await until(pilot, lambda: words in app.processes.message)


async def test_read_only_settles_nothing() -> None:
    host = FakeHost(usual_sample(), usual_sample(), settings=Settings(interval_seconds=60.0, read_only=True))
    host.interrupted = (settled("lost", None),)
    async with screen(host) as (app, pilot):
        await next_sample(app, pilot)
        assert "settled" not in app.processes.message
