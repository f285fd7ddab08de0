"""Draws the picture of the README with the program itself, from a sample that never changes."""

from __future__ import annotations

import asyncio
import math
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from ui_fakes import CALAMARI, TENTACLE, FakeHost, step, usual_sample

from octotui.dumps.model import DumpRequest
from octotui.dumps.results import JobState
from octotui.processes.cgroups import MemoryRoom
from octotui.processes.detail import Limit, ProcessDetail
from octotui.processes.model import ProcessInfo, Sample
from octotui.ui.app import OctotuiApp

WIDTH, HEIGHT = 120, 30


def picture(path: Path) -> None:
    """Write the screen with a capture under way as SVG to `path`."""
    with (
        patch.dict(os.environ, {"LOGNAME": "root", "TZ": "UTC"}),
        patch("octotui.ui.gauge.OwnCost.percent", lambda cost: None),
        patch("octotui.ui.sampling.SECOND_SAMPLE_SECONDS", 3600.0),
        patch("octotui.ui.inspection.REST_SECONDS", 0.0),
        patch("octotui.ui.inspection.read_facts", _facts),
    ):
        time.tzset()
        path.write_text(asyncio.run(_drawn()), encoding="utf-8")


def text_of(svg: str) -> list[str]:
    """The lines of text in a picture, whatever ids and places it gives them."""
    return [text.replace("&#160;", " ").strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


async def _facts(process: ProcessInfo) -> ProcessDetail:
    limits = (Limit("Max open files", "65536", "65536"),)
    return ProcessDetail(process, 212, limits, memory=MemoryRoom(4_300_000_000, 2_400_000_000))


async def _drawn() -> str:
    host = FakeHost(usual_sample())
    host.settings = replace(host.settings, interval_seconds=2.0)
    app = OctotuiApp(host)  # type: ignore[arg-type]
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        while app.processes.model.sample is None:
            await pilot.pause(0.01)
        for second in range(24):
            app.processes.take(_later(second))
        app.processes.table.move_to_key(CALAMARI.key)
        plan = await host.dumps.plan(_request(), usual_sample())
        host.dumps.submit(replace(plan, steps=(step(TENTACLE), step(CALAMARI))))
        host.dumps.finish(1, outcome=JobState.FINISHED)
        host.dumps.run(2, written=1_100_000_000, seconds=3.4)
        for _ in range(5):
            await pilot.pause(0.02)
        app.processes.say("Capturing Tentacle 812, Calamari 14220; x cancels")
        await pilot.pause(0.1)
        return _tidy(app.export_screenshot(title="octotui"))


def _later(second: int) -> Sample:
    """The usual sample with the CPU of Calamari going up and down."""
    sample = usual_sample()
    percent = 38.0 + 30.0 * math.sin(second / 3) if second < 23 else 38.0
    return replace(sample, cpu_percent={**sample.cpu_percent, CALAMARI.key: percent})


def _request() -> DumpRequest:
    return DumpRequest((TENTACLE.key, CALAMARI.key), frozenset((TENTACLE.key,)))


def _tidy(svg: str) -> str:
    """The same picture with leading blanks as places, which every viewer draws alike, and with ids that stay."""
    svg = re.sub(r"terminal-\d+", "octotui", svg)
    cell = 12.2

    def shifted(found: re.Match[str]) -> str:
        blanks = len(found["blanks"]) // len("&#160;")
        x = float(found["x"]) + blanks * cell
        length = float(found["length"]) - blanks * cell
        return f'{found["head"]}x="{x:g}"{found["mid"]}textLength="{length:g}"{found["tail"]}>'

    pattern = (
        r'(?P<head><text[^>]*?)x="(?P<x>[\d.]+)"(?P<mid>[^>]*?)textLength="(?P<length>[\d.]+)"(?P<tail>[^>]*)>'
        r"(?P<blanks>(?:&#160;)+)(?=[^<&])"
    )
    return re.sub(pattern, shifted, svg)


if __name__ == "__main__":
    picture(Path(sys.argv[1]))
