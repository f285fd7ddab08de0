"""Running the screen without a terminal, and reading what stands on it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from ui_fakes import FakeHost

from octotui.ui.app import OctotuiApp

FRAMES = Path(__file__).resolve().parents[1] / "frames"


@asynccontextmanager
async def screen(host: FakeHost, width: int = 80, height: int = 24) -> AsyncIterator[tuple[OctotuiApp, Pilot[int]]]:
    """The application on a screen of that size, after its first sample."""
    app = OctotuiApp(host)  # type: ignore[arg-type]
    async with app.run_test(size=(width, height), notifications=True) as pilot:
        await until(pilot, lambda: app.processes.model.sample is not None)
        yield app, pilot


async def until(pilot: Pilot[int], condition: Callable[[], bool], turns: int = 400) -> None:
    """Let the application run until `condition` holds."""
    for _ in range(turns):
        if condition():
            await pilot.pause()
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the screen never got there")


async def next_sample(app: OctotuiApp, pilot: Pilot[int]) -> None:
    """Have the application take the host's next sample and show it."""
    before = app.processes.model.sample
    app.rescan()
    await until(pilot, lambda: app.processes.model.sample is not before)


def frame(app: OctotuiApp) -> str:
    """The whole screen as text, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def check_frame(name: str, shown: str) -> None:
    """Compare with `tests/frames/NAME.txt`; with OCTOTUI_UPDATE_FRAMES=1 write it instead."""
    path = FRAMES / f"{name}.txt"
    if os.environ.get("OCTOTUI_UPDATE_FRAMES") == "1":
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), f"{path} differs; OCTOTUI_UPDATE_FRAMES=1 writes it anew"
