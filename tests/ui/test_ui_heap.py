"""Heap types: what it costs is asked first, the count comes on before one's eyes, the table is searched and copied."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from ui_fakes import BOOTSTRAP, CALAMARI, TENTACLE, FakeHost
from ui_screen import check_frame, frame, screen, until
from ui_stacks import histogram

from octotui.config import Settings
from octotui.dotnet.heap.model import TypeUse
from octotui.errors import DiagnosticsError
from octotui.processes.model import ProcessKey
from octotui.text import printable
from octotui.ui.app import OctotuiApp
from octotui.ui.lines.cells import line_width
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.heap import histogram_items
from octotui.ui.screens.heap import HeapScreen
from octotui.ui.screens.question import Question


async def asked(app: OctotuiApp, pilot: Pilot[int], key: ProcessKey = CALAMARI.key) -> None:
    app.processes.table.move_to_key(key)
    await pilot.press("O")
    await until(pilot, lambda: isinstance(app.screen, Question))


def heap(app: OctotuiApp) -> HeapScreen:
    assert isinstance(app.screen, HeapScreen)
    return app.screen


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (40, 10)])
async def test_the_question_says_what_it_costs_before_anything_is_counted(width: int, height: int) -> None:
    host = FakeHost()
    async with screen(host, width, height) as (app, pilot):
        await asked(app, pilot)
        assert [what for what, _ in host.observer.asked] == ["heap_plan"]
        text = " ".join(app.screen.text().split())  # type: ignore[attr-defined]
        for words in ("458 MB", "0.52 s", "480 MB more memory", "1.2 GB are left", "Its collector runs in server mode"):
            assert words in text
        check_frame(f"heap_question_{width}x{height}", frame(app))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (40, 10)])
async def test_the_table_has_the_most_bytes_first(width: int, height: int) -> None:
    async with screen(FakeHost(), width, height) as (app, pilot):
        await asked(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HeapScreen) and app.screen.histogram is not None)
        await pilot.pause()
        check_frame(f"heap_{width}x{height}", frame(app))


async def test_saying_no_counts_nothing_and_leads_back() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await asked(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes)
        assert app.processes.message == "Nothing was counted in Calamari 14220"
        assert [what for what, _ in host.observer.asked] == ["heap_plan"]


async def test_for_a_tentacle_the_careful_answer_is_the_one_of_enter() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await asked(app, pilot, TENTACLE.key)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.processes)
        assert [what for what, _ in host.observer.asked] == ["heap_plan"]


async def test_a_container_without_room_is_refused_with_the_figures_and_never_asked_about() -> None:
    host = FakeHost()
    host.observer.refusal, host.observer.hint = "its container has too little memory left", "raise its limit"
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("O")
        await until(pilot, lambda: "too little memory left" in frame(app))
        assert "→ raise its limit" in frame(app) and "Heap 458 MB; up to 480 MB more needed" in frame(app)
        assert isinstance(app.screen, HeapScreen)


async def test_a_count_that_runs_says_how_much_has_come_and_escape_ends_it() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await asked(app, pilot)
        host.observer.gate, host.observer.progress = asyncio.Event(), 55_000_000
        await pilot.press("y")
        await until(pilot, lambda: "55 MB have come of up to 480 MB" in frame(app))
        assert "█████░" in frame(app)
        await pilot.press("r")
        await until(pilot, lambda: "It is being counted already" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: host.observer.cancelled == ["heap"])
        await until(pilot, lambda: "Stopped: the process runs on" in frame(app))
        assert isinstance(app.screen, HeapScreen)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes)


@pytest.mark.parametrize("phase", ["heap_plan", "heap"])
async def test_quitting_ends_it_wherever_it_is(phase: str) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        if phase == "heap":
            await asked(app, pilot)
            host.observer.gate = asyncio.Event()
            await pilot.press("y")
        else:
            host.observer.gate = asyncio.Event()
            app.processes.table.move_to_key(CALAMARI.key)
            await pilot.press("O")
        await until(pilot, lambda: [what for what, _ in host.observer.asked][-1:] == [phase])
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0)
    assert host.observer.cancelled == [phase]


async def test_leaving_while_its_size_is_asked_for_ends_that() -> None:
    host = FakeHost()
    host.observer.gate = asyncio.Event()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("O")
        await until(pilot, lambda: "asking its runtime how large the heap is" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes and host.observer.cancelled == ["heap_plan"])


async def test_a_failure_is_a_sentence_with_the_next_step() -> None:
    host = FakeHost()
    host.observer.error = DiagnosticsError("process 14220 did not say how large its heap is", hint="try again")
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("O")
        await until(pilot, lambda: "! Process 14220 did not say how large its heap is" in frame(app))
        assert "→ try again" in frame(app)


async def test_types_are_searched_and_the_whole_table_is_copied() -> None:
    async with screen(FakeHost(), 60, 15) as (app, pilot):
        await asked(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HeapScreen) and app.screen.histogram is not None)
        await pilot.press("slash", *"dictionary", "enter")
        await until(pilot, lambda: "Dictionary<System.String" in heap(app).listing.cursor_item.text)
        assert "Calamari.Deployment.Variable>" in frame(app).replace("\n ", ""), "a name that was cut is told in full"
        await pilot.press("y")
        await pilot.pause()
        copied = app.clipboard.splitlines()
        assert copied[0] == "Heap types of Calamari 14220"
        assert copied[-1].split() == [
            "38000000", "8.3%", "12", "System.Collections.Generic.Dictionary<System.String,",
            "Calamari.Deployment.Variable>",
        ]  # fmt: skip


async def test_a_second_count_asks_again_and_no_leaves_the_first_one() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await asked(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HeapScreen) and app.screen.histogram is not None)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("escape")
        await until(pilot, lambda: "this is the count before" in frame(app))
        assert "System.Byte[]" in frame(app)


async def test_the_palette_and_the_stacks_lead_to_it_and_a_bash_does_not() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("s")
        await until(pilot, lambda: "holder" in frame(app))
        await pilot.press("O")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("escape")
        await until(pilot, lambda: "holder" in frame(app))
        await pilot.press("escape", "ctrl+p", *"heap types")
        await until(pilot, lambda: "Its managed objects by type" in frame(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.processes)
        app.processes.table.move_to_key(BOOTSTRAP.key)
        await pilot.press("O")
        assert app.processes.message == "bash 14207 is no .NET process; put the cursor on one that is"


async def test_read_only_stops_no_process_for_it() -> None:
    host = FakeHost(settings=Settings(interval_seconds=60.0, read_only=True))
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("O")
        assert app.processes.message.startswith("Read-only") and host.observer.asked == []


@given(
    st.lists(st.builds(TypeUse, st.text(max_size=80), st.integers(0, 10**12), st.integers(0, 10**15)), max_size=5),
    st.integers(12, 160),
)
def test_lines_of_a_histogram_fit_any_width_and_are_printable(types: list[TypeUse], width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        for item in histogram_items(histogram(CALAMARI.key, types or None), width, glyphs):
            text = "".join(piece.text for piece in item.line) + item.text
            assert line_width(item.line) <= max(width, 24)
            assert printable(text, len(text)) == text and (
                glyphs is UNICODE or "".join(p.text for p in item.line).isascii()
            )
