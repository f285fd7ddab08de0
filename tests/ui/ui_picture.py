"""Draws the picture of the README with the program itself, from a recording of real processes."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from ui_fakes import FakeHost, step

from octotui.dumps.model import DumpRequest
from octotui.dumps.results import JobState
from octotui.processes.cgroups import MemoryRoom
from octotui.processes.detail import Limit, ProcessDetail
from octotui.processes.model import ProcessInfo, Sample
from octotui.processes.recordings.recording import Recording
from octotui.ui.app import OctotuiApp

WIDTH, HEIGHT = 120, 30
DEPLOYMENT = Path(__file__).resolve().parents[1] / "fixtures" / "recordings" / "deployment.jsonl.gz"
MOMENT = 13
"""The sample in which a second, short Calamari runs beside the first."""


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
    recording = Recording.open(DEPLOYMENT)
    host = FakeHost(recording.sample(0))
    host.settings = replace(host.settings, interval_seconds=2.0)
    app = OctotuiApp(host)  # type: ignore[arg-type]
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        while app.processes.model.sample is None:
            await pilot.pause(0.01)
        for index in range(1, MOMENT):
            app.processes.take(recording.sample(index))
        sample = recording.sample(MOMENT)
        app.processes.take(sample)
        tentacle, calamari = _named(sample, "tentacle-service"), _named(sample, "calamari")
        app.processes.table.move_to_key(calamari.key)
        request = DumpRequest((tentacle.key, calamari.key), frozenset((tentacle.key,)))
        plan = await host.dumps.plan(request, sample)
        steps = (step(found, known=sample.meaning(found.key)) for found in (tentacle, calamari))
        host.dumps.submit(replace(plan, steps=tuple(steps)))
        host.dumps.finish(1, outcome=JobState.FINISHED)
        host.dumps.run(2, written=110_000_000, seconds=0.9)
        for _ in range(5):
            await pilot.pause(0.02)
        app.processes.say(f"Capturing Tentacle {tentacle.pid}, Calamari {calamari.pid}; x cancels")
        await pilot.pause(0.1)
        return _tidy(app.export_screenshot(title="octotui"))


def _named(sample: Sample, role: str) -> ProcessInfo:
    """The process of that role that started first."""
    found = [process for key, process in sample.snapshot.processes.items() if sample.meaning(key).role == role]
    return min(found, key=lambda process: process.key.started)


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
