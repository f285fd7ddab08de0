"""Any size in any order: the cursor stays with its process, nothing crashes, and the smallest screen still tells."""

from __future__ import annotations

import os
import random

import pytest
from terminal_emulator import Terminal
from ui_fakes import INIT, TENTACLE, FakeHost, process, sample
from ui_screen import frame, screen, until

from octotui.config import Settings

WORKERS = tuple(process(20_000 + i, 812, ["/opt/Calamari", str(i)], age=400 - i, name="Calamari") for i in range(60))
SIZES = ((80, 24), (160, 45), (60, 15), (40, 10), (80, 4), (80, 2), (80, 1), (12, 3), (1, 45), (160, 1), (1, 1), (2, 2))


@pytest.mark.parametrize("seed", range(3))
async def test_no_series_of_sizes_moves_the_cursor_or_crashes(seed: int) -> None:
    chance = random.Random(seed)
    settings = Settings(interval_seconds=60.0, scope="everything")
    async with screen(FakeHost(sample((INIT, TENTACLE, *WORKERS)), settings=settings)) as (app, pilot):
        table = app.processes.table
        assert table.move_to_key(WORKERS[50].key)
        for opened in ("", "enter", "question_mark", "v", "slash", "2", ""):
            if opened:
                await pilot.press(opened)
            for _ in range(10):
                size = (
                    chance.choice(SIZES) if chance.random() < 0.5 else (chance.randint(1, 170), chance.randint(1, 50))
                )
                await pilot.resize_terminal(*size)
                await pilot.pause()
                assert table.cursor_key == WORKERS[50].key
            if opened:
                await pilot.press("escape")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert 0 <= table.cursor_index - table.scroll_offset.y < table.size.height
        assert "▌ 20050" in frame(app)


@pytest.mark.parametrize(("width", "height"), [(80, 1), (40, 1), (80, 4), (30, 3)])
async def test_a_flat_screen_says_what_is_captured(width: int, height: int) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture" in app.screen.text())  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        await pilot.resize_terminal(width, height)
        await pilot.pause()
        assert "octotui" in frame(app)
        host.dumps.run(1, written=1_100_000_000, seconds=3.4)
        await until(pilot, lambda: "Calamari 14220" in frame(app).splitlines()[0])
        for job in host.dumps.jobs:
            host.dumps.finish(job.id)
        await until(pilot, lambda: "octotui" in frame(app).splitlines()[0])


def is_under_the_cursor(pid: int, seen: str) -> bool:
    return any(line.startswith("▌") and f" {pid} " in line for line in seen.splitlines())


def test_a_real_terminal_that_changes_its_size_shows_the_same_process_afterwards() -> None:
    with Terminal(["--all", "--interval", "60"], {}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen)
        terminal.press("/")
        terminal.wait_for(lambda seen: "role:calamari" in seen)
        terminal.press(f"pid:{os.getpid()}\r")
        terminal.wait_for(lambda seen: is_under_the_cursor(os.getpid(), seen))
        for columns, lines in (*SIZES, (120, 40), (80, 24)):
            terminal.resize(columns, lines)
            terminal.settle(3, 0.3)
            assert terminal.process.poll() is None
        seen = terminal.wait_for(lambda text: "q Quit" in text)
        assert is_under_the_cursor(os.getpid(), seen)


def test_what_stands_after_many_changes_is_what_a_whole_new_picture_shows() -> None:
    with Terminal(["--all", "--interval", "60"], {}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen)
        for keys in (
            "jjj",
            "\x1b[6~",
            "k",
            "*",
            "*",
            "t",
            ">",
            "t",
            "?",
            "\x1b",
            "/",
            "sh",
            "\r",
            "\x1b",
            "G",
            "g",
            "2",
            "1",
        ):
            terminal.press(keys)
            terminal.settle(3, 0.3)
        terminal.press("j")
        terminal.settle(3)
        before = terminal.text
        terminal.press("\x0c")
        terminal.wait_for(lambda seen: "painted anew" in seen)
        after = terminal.text
        differing = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
        assert len(differing) == 1 and "painted anew" in differing[0][1]
