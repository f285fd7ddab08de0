"""What a runtime says of itself comes from a stranger: names of threads, methods and types drive no terminal."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from escapes import CLIPBOARD, strange
from hostile_stacks import hostile_host, hostile_texts
from terminal_emulator import Terminal
from test_ui_hostile import assert_harmless
from textual.pilot import Pilot
from ui_screen import frame, screen, until
from ui_stacks import FakeAnalyses, reading

from octotui.errors import OctotuiError, Refused
from octotui.text import printable
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.heap import HeapScreen
from octotui.ui.screens.question import Question
from octotui.ui.screens.stacks import StacksScreen

PARTS = 4
QUIET = 0.15
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?]*)?\Z")


async def see(app: OctotuiApp, pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()
    assert_harmless(frame(app))
    assert app.is_running


async def follow(text: str) -> None:
    """A process that says `text` everywhere, through stacks, search, copy, files, heap, counters and errors."""
    host = hostile_host(text)
    async with screen(host, 120, 40) as (app, pilot):
        app.processes.analyses = analyses = FakeAnalyses()
        analyses.error = OctotuiError(text, hint=text)
        host.observer.readings.put_nowait(reading())
        host.observer.readings.put_nowait(Refused(text, hint=text))
        await see(app, pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, StacksScreen) and not app.screen.is_at_work)
        await see(app, pilot, "G", "enter", "k", "k", "k", "enter", "g", "y")
        assert printable(app.clipboard.replace("\n", " "), 1 << 20) == app.clipboard.replace("\n", " ")
        await see(app, pilot, "W")
        await see(app, pilot, "slash", *"[/", "enter", "n", "escape")
        host.observer.error = OctotuiError(text, hint=text)
        await see(app, pilot, "r")
        host.observer.error = None
        await see(app, pilot, "O")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await see(app, pilot, "y")
        await until(pilot, lambda: isinstance(app.screen, HeapScreen) and app.screen.histogram is not None)
        await see(app, pilot, "G", "y")
        host.observer.refusal = text
        await see(app, pilot, "r")
        await see(app, pilot, "escape")
        await see(app, pilot, "escape")
        await see(app, pilot, "escape")


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_name_of_a_thread_a_method_or_a_type_breaks_or_drives_the_screen(part: int) -> None:
    for text in hostile_texts()[part::PARTS]:
        await follow(text)


def assert_own(terminal: Terminal) -> None:
    """Nothing but the screen's own sequences has come, and what was asked to be copied."""
    terminal.settle(1, QUIET)
    found = strange(UNFINISHED.sub(b"", bytes(terminal.raw)))
    assert [data for data in found if not CLIPBOARD.fullmatch(data) and data != b"\x07"] == []
    assert terminal.process.poll() is None, terminal.text


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (140, 40)])
def test_on_a_real_terminal_nothing_of_it_comes_out(columns: int, lines: int) -> None:
    here = Path(__file__).parent
    paths = os.pathsep.join(str(path) for path in (here, here.parent, *sys.path) if path)
    program = (sys.executable, str(here / "hostile_stacks.py"))
    with Terminal([], {"PYTHONPATH": paths}, columns, lines, program=program) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen and "20000" in seen)
        for _ in hostile_texts():
            terminal.press("s")
            terminal.wait_for(lambda seen: "Stacks of" in seen and "3 of 4 threads" in seen)
            terminal.press("G\ryW")
            assert_own(terminal)
            terminal.press("\x1b")
            terminal.wait_for(lambda seen: "PROCESS" in seen)
            terminal.press("j")
        terminal.press("q")
        assert terminal.wait_for_end() == 0
