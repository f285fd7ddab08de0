"""Names, arguments, tool output and paths come from strangers: nothing of them is markup or drives the terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui_fakes import FakeHost, meaning, process, sample
from ui_screen import frame, next_sample, screen, until

from octotui.config import Settings
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.model import Remark, Severity
from octotui.dumps.results import Failure, JobState
from octotui.processes.model import Sample
from octotui.text import printable
from octotui.ui.app import OctotuiApp

HOSTILE = [
    "[kworker/0:0]",
    "[kthreadd]",
    "x [/b] y",
    "[/]",
    "[bold red on blue]",
    "[@click=app.quit]press[/]",
    "[link=http://x]y[/link]",
    "$primary",
    "\\[b]",
    "\x1b]0;pwned\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\x1b]52;c;cHduZWQ=\x07",
    "a\u202egnp.exe",
    "zero\u200bwidth",
    "line\nbreak\ttab\rreturn",
    "\udce9\udcff",
    "数据库服务器进程数据库服务器进程数据库",
    "👩‍👩‍👧‍👦 family",
    "e" + "\u0301" * 300,
    "",
    " " * 300,
    "{0} %s %(x)s",
]

PARTS = 2
"""Runs of the screen that share the texts: starting it takes longer than showing it one text."""


def hostile_sample(text: str) -> Sample:
    """As the reader gives it: every text is printable, and hostile nonetheless."""
    safe = printable(text)
    bad = process(812, 1, [safe or "x", safe, f"--name={safe}"], age=50, rss=300 << 20, user=safe, name=safe)
    bad = replace(bad, cgroup=safe, cwd=safe)
    known = meaning("tentacle-service", instance=safe, task=safe, version=safe, command=safe, reason=safe)
    return sample((bad,), meanings={bad.key: replace(known, label=safe[:9], work_directory=safe)})


async def show(text: str, host: FakeHost, app: OctotuiApp, pilot: Pilot[int]) -> None:
    """Have the screen show a process, and plans, that say `text` wherever a stranger has a say."""
    host.samples = [hostile_sample(text)]
    host.dumps.remarks = tuple(Remark(severity, "x", text, text) for severity in (Severity.WARNING, Severity.NOTICE))
    await next_sample(app, pilot)
    assert_harmless(frame(app))


async def ask_to_quit(app: OctotuiApp, pilot: Pilot[int]) -> None:
    """Ask to quit while a capture runs, and stay."""
    await pilot.press("q")
    await until(pilot, lambda: "A capture is running" in app.screen.text())  # type: ignore[attr-defined]
    assert_harmless(frame(app))
    await pilot.press("escape")
    await pilot.pause()


async def capture(text: str, host: FakeHost, app: OctotuiApp, pilot: Pilot[int]) -> None:
    """Capture the process under the cursor; the job fails with `text`."""
    job = len(host.dumps.jobs) + 1
    await pilot.press("d")
    await until(pilot, lambda: "Capture" in app.screen.text())  # type: ignore[attr-defined]
    assert_harmless(frame(app))
    await pilot.press("enter")
    await until(pilot, lambda: len(host.dumps.jobs) == job)
    await ask_to_quit(app, pilot)
    host.dumps.finish(job, outcome=JobState.FAILED, failure=Failure("x", text, text))
    await until(pilot, lambda: "failed" in app.processes.message)
    assert_harmless(frame(app))


def assert_harmless(shown: str) -> None:
    bad = [c for c in shown if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u200b\u2028"]
    assert bad == []


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_text_of_a_stranger_breaks_or_drives_the_screen(part: int) -> None:
    host = FakeHost()
    async with screen(host, 120, 40) as (app, pilot):
        for text in HOSTILE[part::PARTS]:
            await show(text, host, app, pilot)
            await capture(text, host, app, pilot)
            app.processes.say(text)
            app.notify(printable(text), markup=False)
            await pilot.press("Y", "enter")
            await pilot.pause()
            assert_harmless(frame(app))
            await pilot.press("escape", "2")
            await pilot.pause()
            assert_harmless(frame(app))
            await pilot.press("escape")
            app.clear_notifications()
            assert app.is_running


async def test_ascii_mode_stays_ascii_whatever_a_stranger_writes() -> None:
    host = FakeHost(settings=Settings(interval_seconds=60.0, ascii=True))
    async with screen(host) as (app, pilot):
        for text in HOSTILE:
            await show(text, host, app, pilot)
            assert frame(app).isascii()
            await pilot.press("v")
            await until(pilot, lambda: "Plan:" in app.screen.text())  # type: ignore[attr-defined]
            assert frame(app).isascii()
            await pilot.press("escape")


async def test_whatever_is_typed_into_the_filter_is_explained_or_found() -> None:
    async with screen(FakeHost()) as (app, pilot):
        for text in ("[/b]", '"', "pid:x", "\\", "role:", "-", "[@click=app.quit]x[/]"):
            await pilot.press("slash")
            await pilot.pause()
            app.processes.filter_bar.input.value = text
            await pilot.pause()
            assert app.is_running and app.processes.message
            await pilot.press("escape")
            await pilot.pause()
            assert app.processes.model.state.filter.is_empty and not app.processes.message


async def test_a_hostile_record_of_the_store_is_listed_harmlessly() -> None:
    host = FakeHost()
    data = {"name": "x [/b] \x1b]0;pwned\x07", "outcome": "[red]", "verified": True, "pid": 7}
    path = Path("/var/lib/octotui/dumps/[b]\x1b[2J.dmp")
    host.store.found = (DumpRecord(path, None, datetime(2026, 9, 30, tzinfo=UTC), 5_000_000, data, "[/] \x1b[31m"),)
    async with screen(host) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "1 from before" in frame(app))
        assert_harmless(frame(app))
        await pilot.press("y")
        await pilot.pause()
        assert "Copied" in frame(app)
        assert_harmless(frame(app))
