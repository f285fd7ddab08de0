"""The process table: the cursor stays with its process, only changed lines are repainted, widths hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from ui_fakes import CALAMARI, INIT, SCRIPT, TENTACLE, FakeHost, process, sample, usual_sample
from ui_screen import frame, next_sample, screen

from octotui.processes.model import Meaning, ProcessInfo, Sample
from octotui.processes.state import Scope, ViewState
from octotui.processes.view import Lifecycle, rows
from octotui.ui.lines.cells import line_text, line_width
from octotui.ui.lines.columns import fit
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.row import row_line, tail
from octotui.ui.lines.signs import Sign

WORKERS = tuple(process(20_000 + i, 812, ["/opt/worker", str(i)], age=500 - i, name="worker") for i in range(60))


def crowd(*members: ProcessInfo) -> Sample:
    known = {p.key: Meaning("calamari", "Calamari", dotnet=True) for p in members}
    return sample((INIT, TENTACLE, *members), meanings=known)


@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 80, 100, 104, 132, 200])
@pytest.mark.parametrize("is_ascii", [False, True])
def test_every_line_is_exactly_as_wide_as_the_table(width: int, is_ascii: bool) -> None:
    shown = rows(usual_sample(), ViewState(scope=Scope.EVERYTHING))
    layout, glyphs = fit(width, pid_width=7), ASCII if is_ascii else UNICODE
    for row in shown:
        line = row_line(row, layout, glyphs, is_cursor=False)
        assert line_width(line) == max(width, sum(c.width + c.gap for c in layout.columns) + 2)
        assert not is_ascii or line_text(line).isascii()


def test_columns_go_one_by_one_when_it_gets_narrow() -> None:
    names = {width: [column.title for column in fit(width).columns] for width in (132, 104, 80, 60, 40, 20)}
    assert names[132] == ["PID", "ROLE", "USER", "CPU%", "MEM", "THR", "AGE", "PROCESS", "TASK"]
    assert names[80] == ["PID", "ROLE", "CPU%", "MEM", "AGE", "PROCESS"]
    assert names[60] == ["PID", "ROLE", "CPU%", "MEM", "PROCESS"]
    assert names[40] == ["PID", "CPU%", "MEM", "PROCESS"]
    assert names[20] == ["PID", "PROCESS"]


def test_a_wide_name_never_breaks_the_columns() -> None:
    wide = process(77, 1, ["数据库服务器进程" * 9, "日本語", "é" * 40])
    shown = rows(sample((INIT, wide)), ViewState(scope=Scope.EVERYTHING))
    layout = fit(80)
    for row in shown:
        assert cell_len(line_text(row_line(row, layout, UNICODE, is_cursor=True, sign=Sign.CAPTURED))) == 80


@pytest.mark.parametrize(
    ("seconds", "shown"), [(4.9, "gone 4s"), (12.0, "12s ago"), (59.9, "59s ago"), (61.0, "1m ago"), (9e5, "99m ago")]
)
def test_since_when_a_process_is_gone_is_never_cut_short(seconds: float, shown: str) -> None:
    row = replace(rows(usual_sample(), ViewState())[0], lifecycle=Lifecycle.EXITED, exited_seconds=seconds)
    assert f" {shown} " in line_text(row_line(row, fit(80), UNICODE, is_cursor=False))


def test_a_deep_process_says_its_depth_and_keeps_room_for_its_name() -> None:
    chain = [INIT]
    for depth in range(40):
        chain.append(process(100 + depth, chain[-1].pid, ["/bin/level", str(depth)], age=1000 - depth))
    shown = rows(sample(chain), ViewState(scope=Scope.EVERYTHING))
    text = line_text(row_line(shown[-1], fit(80), UNICODE, is_cursor=False))
    assert "40› " in text and "level 39" in text


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        ("/opt/octopus/tentacle/Tentacle", "Tentacle"),
        ("C:\\Octopus Deploy\\Tentacle.exe", "Tentacle.exe"),
        ("sshd: root@pts/0", "sshd: root@pts/0"),
        ("/usr/sbin/x --conf=/etc/y", "x --conf=/etc/y"),
        ("./run", "run"),
        ("/", "/"),
    ],
)
def test_a_program_is_shown_by_its_base_name_and_a_title_as_it_is(first: str, shown: str) -> None:
    (row,) = rows(sample((process(9, 0, [first]),)), ViewState(scope=Scope.EVERYTHING))
    assert line_text(row_line(row, fit(80), UNICODE, is_cursor=False)).rstrip().endswith(shown)


def test_the_task_stands_where_it_first_appears_in_a_branch() -> None:
    shown = rows(usual_sample(), ViewState())
    found = {row.process.pid: tail(row, fit(80)) for row in shown}
    assert found[14207] == "ServerTasks-826567"
    assert found[14220] == "27.3.5" and found[14233] == ""


async def test_the_cursor_stays_with_its_process_and_on_its_line_when_rows_come_and_go() -> None:
    keep = WORKERS[30]
    host = FakeHost(crowd(*WORKERS), crowd(*WORKERS[5:]), crowd(*WORKERS), crowd(keep), crowd(*WORKERS[20:40]))
    async with screen(host) as (app, pilot):
        table = app.processes.table
        table.move_to_key(keep.key)
        await pilot.pause()
        line = table.cursor_index - table.scroll_offset.y
        await next_sample(app, pilot)
        assert table.cursor_key == keep.key
        assert table.cursor_index - table.scroll_offset.y == line
        await next_sample(app, pilot)
        assert (table.cursor_key, table.cursor_index - table.scroll_offset.y) == (keep.key, line)
        await next_sample(app, pilot)
        assert table.cursor_key == keep.key and table.scroll_offset.y == 0
        await next_sample(app, pilot)
        assert table.cursor_key == keep.key


async def test_a_process_that_ends_under_the_cursor_stays_as_a_ghost() -> None:
    host = FakeHost(usual_sample(), sample((INIT, TENTACLE), ghosts=(CALAMARI,)))
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.pause()
        await next_sample(app, pilot)
        assert CALAMARI.key in host.kept
        assert app.processes.table.cursor_key == CALAMARI.key
        await pilot.press("d")
        await pilot.pause()
        assert "has ended" in app.processes.message and host.dumps.requests == []


async def test_resizing_keeps_the_cursor_on_its_process_and_in_view() -> None:
    async with screen(FakeHost(crowd(*WORKERS))) as (app, pilot):
        table = app.processes.table
        table.move_to_key(WORKERS[50].key)
        for size in ((120, 40), (60, 15), (40, 10), (1, 1), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert table.cursor_key == WORKERS[50].key
        assert 0 <= table.cursor_index - table.scroll_offset.y < table.size.height


async def test_only_lines_that_read_differently_are_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = dict.fromkeys((p.key for p in WORKERS), 1.0) | {WORKERS[3].key: 55.0}
    first = crowd(*WORKERS)
    first = replace(first, cpu_percent=dict.fromkeys((p.key for p in WORKERS), 1.0))
    async with screen(FakeHost(first, replace(first, cpu_percent=busy), first)) as (app, pilot):
        table = app.processes.table
        repainted: list[int] = []
        monkeypatch.setattr(table, "refresh_line", repainted.append)
        await next_sample(app, pilot)
        assert [table.rows[index].process.pid for index in repainted] == [WORKERS[3].pid]


async def test_a_click_moves_the_cursor_and_a_second_one_folds() -> None:
    async with screen(FakeHost()) as (app, pilot):
        table = app.processes.table
        await pilot.click("#table", offset=(20, 2))
        assert table.cursor_index == 2
        await pilot.click("#table", offset=(20, 2))
        await pilot.pause()
        row = table.cursor_row
        assert row is not None and row.process.pid == 14207 and row.is_folded


async def test_a_click_on_the_fold_sign_unfolds_at_once() -> None:
    async with screen(FakeHost()) as (app, pilot):
        table = app.processes.table
        table.move_to_key(CALAMARI.key)
        await pilot.press("h", "g")
        await pilot.pause()
        index = next(i for i, row in enumerate(table.rows) if row.key == CALAMARI.key)
        sign = table.plain_line(index).index(UNICODE.folded)
        assert table.rows[index].is_folded
        await pilot.click(table, offset=(sign, index))
        await pilot.pause()
        assert not table.rows[index].is_folded and table.cursor_key == CALAMARI.key


async def test_the_scrollbar_covers_nothing_of_a_row() -> None:
    named = tuple(process(30_000 + i, 812, ["/opt/Calamari"], age=400 - i, name="Calamari") for i in range(60))
    known = {p.key: Meaning("calamari", "Calamari", version="2026.4.55", dotnet=True) for p in named}
    async with screen(FakeHost(sample((INIT, TENTACLE, *named), meanings=known))) as (app, pilot):
        await pilot.pause()
        assert app.processes.table.show_vertical_scrollbar
        shown = [line for line in frame(app).splitlines() if "2026.4.5" in line]
        assert len(shown) > 10 and all("2026.4.55" in line for line in shown)


async def test_a_click_on_a_title_sorts_and_says_so() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.click("#header", offset=(20, 0))
        await pilot.pause()
        assert app.processes.message == "Sorted by CPU, falling, within each parent"
        assert "▼CPU%" in app.processes._header.text()


async def test_a_captured_process_shows_its_sign_with_and_without_the_cursor() -> None:
    async with screen(FakeHost()) as (app, _):
        table = app.processes.table
        table.show(table.rows, TENTACLE.key, signs={TENTACLE.key: Sign.CAPTURED, SCRIPT.key: Sign.CAPTURED})
        lines = {row.process.pid: table.plain_line(index) for index, row in enumerate(table.rows)}
        assert lines[812].startswith("▌●  812") and lines[14233].startswith("● 14233")
