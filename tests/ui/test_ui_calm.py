"""Nothing moves under the finger: the cursor under churn, hidden cursors, ghosts, frozen views."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from ui_fakes import BOOTSTRAP, CALAMARI, GONE, INIT, SCRIPT, SHELL, TENTACLE, FakeHost, process, sample, usual_sample
from ui_screen import frame, next_sample, screen, until

from octotui.config import Settings
from octotui.configfile import KeySetting
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.processes.state import SortColumn, ViewState, sort_by
from octotui.ui.app import OctotuiApp
from octotui.ui.freeze import Freeze

WORKERS = tuple(process(20_000 + i, 812, ["/opt/worker", str(i)], age=900 - i, name="worker") for i in range(80))
KNOWN = {p.key: Meaning("calamari", "Calamari", dotnet=True) for p in WORKERS}


def crowd(*members: ProcessInfo, monotonic: float = 1000.0, cpu: dict[ProcessKey, float] | None = None) -> Sample:
    return sample((INIT, TENTACLE, *members), meanings=KNOWN, monotonic=monotonic, cpu=cpu)


def screen_line(app: OctotuiApp) -> int:
    table = app.processes.table
    return table.cursor_index - table.scroll_offset.y


async def show(app: OctotuiApp, pilot: Pilot[int], found: Sample) -> None:
    app.processes.take(found)
    await pilot.pause()


@pytest.mark.parametrize("seed", range(4))
async def test_under_churn_the_cursor_keeps_its_process_and_its_line_wherever_the_ends_allow(seed: int) -> None:
    chance = random.Random(seed)
    async with screen(FakeHost(crowd(*WORKERS))) as (app, pilot):
        table = app.processes.table
        keep = WORKERS[chance.randrange(len(WORKERS))]
        table.move_to_key(keep.key)
        for _ in range(12):
            line, height = screen_line(app), table.size.height
            others = [worker for worker in WORKERS if worker is keep or chance.random() < 0.7]
            await show(app, pilot, crowd(*others))
            assert table.cursor_key == keep.key and 0 <= screen_line(app) < height
            at, count = table.cursor_index, len(table.rows)
            is_free = 0 <= at - line <= max(0, count - height)
            assert screen_line(app) == line or not is_free
            assert is_free or table.scroll_offset.y in (0, max(0, count - height))


@pytest.mark.parametrize("edge", [0, -1])
async def test_at_the_top_and_the_bottom_edge_the_line_holds(edge: int) -> None:
    async with screen(FakeHost(crowd(*WORKERS))) as (app, pilot):
        table = app.processes.table
        table.move_to_key(WORKERS[40].key)
        table.move(-(screen_line(app)) if edge == 0 else 0)
        await pilot.pause()
        keep, line = table.cursor_key, screen_line(app)
        assert line == (0 if edge == 0 else table.size.height - 1) and keep is not None
        for others in (WORKERS[8:], WORKERS[4:70], WORKERS):
            await show(app, pilot, crowd(*others))
            assert (table.cursor_key, screen_line(app)) == (keep, line)


async def test_churn_and_resizing_together_never_lose_the_cursor() -> None:
    async with screen(FakeHost(crowd(*WORKERS))) as (app, pilot):
        table = app.processes.table
        table.move_to_key(WORKERS[60].key)
        for size, others in (((80, 10), WORKERS[30:]), ((60, 40), WORKERS), ((40, 10), WORKERS[10:65])):
            await pilot.resize_terminal(*size)
            await show(app, pilot, crowd(*others))
            assert table.cursor_key == WORKERS[60].key and 0 <= screen_line(app) < table.size.height


async def test_a_hidden_cursor_without_a_visible_ancestor_never_hands_its_line_to_another_process() -> None:
    lone = process(3000, 0, ["/opt/other"], age=5000)

    def host_with(*members: ProcessInfo) -> Sample:
        return sample((INIT, TENTACLE, lone, *members), meanings=KNOWN)

    async with screen(FakeHost(host_with(*WORKERS))) as (app, pilot):
        table = app.processes.table
        table.move_to_key(WORKERS[10].key)
        await pilot.pause()
        app.processes.model.wanted = lone.key
        for others in (WORKERS[:], WORKERS[5:], WORKERS[8:60]):
            await show(app, pilot, host_with(*others))
            assert table.cursor_key == WORKERS[10].key
        await pilot.press("o", "o")
        assert table.cursor_key == lone.key


def test_a_frozen_view_counts_whoever_came_and_went_again_and_nobody_that_one_scan_missed() -> None:
    freeze = Freeze(crowd(*WORKERS[:3]), ViewState())
    freeze.take(crowd(*WORKERS[:5], monotonic=1002.0))
    freeze.take(crowd(*WORKERS[1:4], monotonic=1004.0))
    assert freeze.words == "frozen 4 s · 2 new · 2 gone"
    freeze.take(crowd(*WORKERS[:4], monotonic=1006.0))
    assert freeze.words == "frozen 6 s · 2 new · 1 gone"
    assert freeze.account == "2 came and 1 went meanwhile"


async def test_a_cursor_hidden_by_the_filter_or_the_scope_comes_back_when_it_is_visible_again() -> None:
    settings = Settings(interval_seconds=60.0, scope="everything")
    async with screen(FakeHost(usual_sample(), settings=settings)) as (app, pilot):
        table = app.processes.table
        table.move_to_key(SHELL.key)
        await pilot.pause()
        await pilot.press("o")
        assert table.cursor_key == INIT.key, "the nearest ancestor that is visible"
        assert app.processes.model.wanted == SHELL.key
        await pilot.press("o", "o")
        assert table.cursor_key == SHELL.key
        await pilot.press("slash", *"pwsh")
        await pilot.pause()
        assert table.cursor_key == INIT.key
        await pilot.press("escape")
        await pilot.pause()
        assert table.cursor_key == SHELL.key


async def test_scrolled_away_the_topmost_row_stays_until_the_cursor_is_to_be_kept_in_view() -> None:
    async with screen(FakeHost(crowd(*WORKERS))) as (app, pilot):
        table = app.processes.table
        await pilot.pause()
        table.scroll_to(y=40, animate=False, force=True, immediate=True)
        await pilot.pause()
        assert table.scroll_offset.y == 40
        top = table.rows[40].key
        await show(app, pilot, crowd(WORKERS[0], *WORKERS[6:]))
        assert table.rows[table.scroll_offset.y].key == top
        await pilot.press("F")
        assert "kept in view" in app.processes.message and 0 <= screen_line(app) < table.size.height
        table.scroll_to(y=40, animate=False, force=True, immediate=True)
        await show(app, pilot, crowd(*WORKERS))
        assert 0 <= screen_line(app) < table.size.height
        await pilot.press("F")
        assert "scrolled away" in app.processes.message


async def test_rows_sorted_by_cpu_do_not_dance() -> None:
    async with screen(FakeHost(crowd(*WORKERS[:4]))) as (app, pilot):
        app.processes.change(sort_by(app.processes.model.state, SortColumn.CPU))
        keys = [worker.key for worker in WORKERS[:4]]
        orders = set()
        for step in range(6):
            cpu = {key: 40.0 + (step + index) % 3 for index, key in enumerate(keys)}
            await show(app, pilot, crowd(*WORKERS[:4], cpu=cpu, monotonic=1002.0 + 2 * step))
            orders.add(tuple(row.process.pid for row in app.processes.table.rows))
        assert len(orders) == 1


async def test_a_ghost_stays_in_place_under_the_cursor_and_as_a_mark_and_the_host_is_asked_to_keep_both() -> None:
    whole = (INIT, TENTACLE, BOOTSTRAP, CALAMARI, SCRIPT)
    later = sample((INIT, TENTACLE, BOOTSTRAP), ghosts=(CALAMARI, SCRIPT))
    async with screen(FakeHost(sample(whole), later, later)) as (app, pilot):
        table = app.processes.table
        order = [row.key for row in table.rows]
        table.move_to_key(SCRIPT.key)
        await pilot.press("m")
        table.move_to_key(CALAMARI.key)
        await next_sample(app, pilot)
        assert {SCRIPT.key, CALAMARI.key} <= set(host_kept(app))
        assert [row.key for row in table.rows] == order and table.cursor_key == CALAMARI.key


def host_kept(app: OctotuiApp) -> frozenset[ProcessKey]:
    return app.processes.model.kept()


async def test_a_frozen_view_stands_still_counts_and_says_what_came_and_went() -> None:
    later = sample((INIT, TENTACLE, SHELL, BOOTSTRAP, CALAMARI, *WORKERS[:3]), monotonic=1012.0)
    roles = {**later.meanings, **{worker.key: KNOWN[worker.key] for worker in WORKERS[:3]}}
    later = replace(later, meanings=roles, cpu_percent={CALAMARI.key: 99.0})
    async with screen(FakeHost(usual_sample(), later)) as (app, pilot):
        await pilot.press("p")
        assert "frozen 0 s · 0 new · 0 gone" in frame(app) and "sampling goes on" in app.processes.message
        before = [line for line in frame(app).splitlines() if "Calamari" in line]
        await next_latest(app, pilot)
        assert "frozen 12 s · 3 new · 1 gone" in frame(app)
        assert [line for line in frame(app).splitlines() if "Calamari" in line] == before
        await pilot.press("p")
        assert app.processes.message == "The view goes on: 3 came and 1 went meanwhile"
        assert "99.0" in frame(app) and "frozen" not in frame(app)
        assert WORKERS[0].pid in [row.process.pid for row in app.processes.table.rows]


async def test_the_strips_have_no_gap_where_the_view_was_frozen() -> None:
    behind = replace(usual_sample(), snapshot=replace(usual_sample().snapshot, monotonic=1004.0))
    async with screen(FakeHost(usual_sample(), behind)) as (app, pilot):
        history = app.processes.model.history
        await pilot.press("p")
        before = history.now
        await next_latest(app, pilot)
        assert history.now == before + 4.0


async def test_what_lets_a_frozen_view_go_on_is_named_by_the_key_that_does() -> None:
    settings = Settings(interval_seconds=60.0, keys=(KeySetting("freeze", ("z",), "config.toml"),))
    async with screen(FakeHost(usual_sample(), settings=settings)) as (app, pilot):
        await pilot.press("z")
        assert app.processes.message.endswith("; z lets it go on")


async def next_latest(app: OctotuiApp, pilot: Pilot[int]) -> None:
    before = app.processes.model.latest
    app.rescan()
    await until(pilot, lambda: app.processes.model.latest is not before)


async def test_cursor_folds_and_filter_work_on_a_frozen_view() -> None:
    later = sample((INIT, TENTACLE), monotonic=1004.0)
    async with screen(FakeHost(usual_sample(), later)) as (app, pilot):
        table = app.processes.table
        await pilot.press("p")
        await next_latest(app, pilot)
        assert table.cursor_key == TENTACLE.key
        await pilot.press("j", "h")
        row = table.cursor_row
        assert row is not None and row.key == BOOTSTRAP.key and row.is_folded
        await pilot.press("slash", *"pwsh", "enter")
        await pilot.pause()
        assert SCRIPT.pid in [row.process.pid for row in table.rows]


async def test_a_process_that_ended_behind_a_frozen_view_is_not_captured() -> None:
    host = FakeHost(usual_sample(), sample((INIT, TENTACLE), monotonic=1004.0))
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("p")
        await next_latest(app, pilot)
        await pilot.press("d")
        await pilot.pause()
        assert "has ended" in app.processes.message and host.dumps.requests == []


async def test_a_tree_dumped_from_a_frozen_view_is_what_is_shown_and_alive() -> None:
    host = FakeHost(usual_sample(), sample((INIT, TENTACLE, BOOTSTRAP, CALAMARI, *WORKERS[:2]), monotonic=1004.0))
    async with screen(host) as (app, pilot):
        await pilot.press("p")
        await next_latest(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: bool(host.dumps.requests))
        assert set(host.dumps.requests[0].keys) == {TENTACLE.key, BOOTSTRAP.key, CALAMARI.key}


async def test_a_dialog_freezes_the_view_under_it_which_catches_up_afterwards() -> None:
    later = replace(usual_sample(1002.0), cpu_percent={CALAMARI.key: 99.0})
    async with screen(FakeHost(usual_sample(), later)) as (app, pilot):
        table = app.processes.table
        for opening in ("v", "question_mark", "enter"):
            await show(app, pilot, usual_sample())
            shown = [table.plain_line(index) for index in range(len(table.rows))]
            await pilot.press(opening)
            await until(pilot, lambda: app.screen is not app.processes)
            await show(app, pilot, later)
            assert [table.plain_line(index) for index in range(len(table.rows))] == shown
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.processes)
            assert any("99.0" in table.plain_line(index) for index in range(len(table.rows)))


async def test_an_unknown_ghost_that_is_gone_for_good_hands_the_cursor_on() -> None:
    async with screen(FakeHost(usual_sample())) as (app, pilot):
        app.processes.table.move_to_key(GONE.key)
        await pilot.pause()
        await show(app, pilot, sample())
        assert app.processes.model.wanted == app.processes.table.cursor_key != GONE.key
