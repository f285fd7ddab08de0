"""Draws the pictures of the README with the program itself, from a recording of real processes."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot
from ui_fakes import FakeHost, ScriptedDumpService, step
from ui_watch import ScriptedWatch

from octotui.dumps.arming.rule import Rule, When, Whom
from octotui.dumps.arming.state import Stage
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


def pictures(directory: Path) -> None:
    """Write the screen with a capture under way, and that with rules at work, as SVG into `directory`."""
    with (
        patch.dict(os.environ, {"LOGNAME": "root", "TZ": "UTC"}),
        patch("octotui.ui.gauge.OwnCost.percent", lambda cost: None),
        patch("octotui.ui.sampling.SECOND_SAMPLE_SECONDS", 3600.0),
        patch("octotui.ui.inspection.REST_SECONDS", 0.0),
        patch("octotui.ui.inspection.read_facts", _facts),
    ):
        time.tzset()
        (directory / "octotui.svg").write_text(asyncio.run(_capturing()), encoding="utf-8")
        (directory / "watch.svg").write_text(asyncio.run(_watching()), encoding="utf-8")


async def _facts(process: ProcessInfo) -> ProcessDetail:
    limits = (Limit("Max open files", "65536", "65536"),)
    return ProcessDetail(process, 212, limits, memory=MemoryRoom(4_300_000_000, 2_400_000_000))


async def _capturing() -> str:
    """A tree being captured, on a wide terminal."""
    async with _shown((WIDTH, HEIGHT)) as (app, pilot, sample):
        tentacle, calamari = _named(sample, "tentacle-service"), _named(sample, "calamari")
        app.processes.table.move_to_key(calamari.key)
        dumps: ScriptedDumpService = app.host.dumps  # type: ignore[assignment]
        request = DumpRequest((tentacle.key, calamari.key), frozenset((tentacle.key,)))
        plan = await dumps.plan(request, sample)
        steps = (step(found, known=sample.meaning(found.key)) for found in (tentacle, calamari))
        dumps.submit(replace(plan, steps=tuple(steps)))
        dumps.finish(1, outcome=JobState.FINISHED)
        dumps.run(2, written=110_000_000, seconds=0.9)
        for _ in range(5):
            await pilot.pause(0.02)
        app.processes.say(f"Capturing Tentacle {tentacle.pid}, Calamari {calamari.pid}; x cancels")
        await pilot.pause(0.1)
        return _tidy(app.export_screenshot(title="octotui"))


async def _watching() -> str:
    """A rule that waits for ends, and a short Calamari that it traces, on a small terminal."""
    async with _shown((80, 15)) as (app, pilot, sample):
        tentacle, calamari = _named(sample, "tentacle-service"), _named(sample, "calamari", is_first=False)
        app.processes.table.move_to_key(tentacle.key)
        watch: ScriptedWatch = app.host.watch  # type: ignore[assignment]
        whom = Whom(role="calamari", under=tentacle.key)
        state = watch.rule(Rule(whom, When(at_exit=True), count=3), sample)
        watch.catch(state.id, calamari.key, "Calamari", Stage.TRACED)
        watch.tell(f"Caught Calamari {calamari.pid}", key=calamari.key)
        for _ in range(5):
            await pilot.pause(0.02)
        app.processes.take(sample)
        await pilot.pause(0.1)
        return _tidy(app.export_screenshot(title="octotui"))


@asynccontextmanager
async def _shown(size: tuple[int, int]) -> AsyncIterator[tuple[OctotuiApp, Pilot[int], Sample]]:
    """The program on the recording, at the moment that is drawn."""
    recording = Recording.open(DEPLOYMENT)
    host = FakeHost(recording.sample(0))
    host.settings = replace(host.settings, interval_seconds=2.0)
    app = OctotuiApp(host)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        while app.processes.model.sample is None:
            await pilot.pause(0.01)
        for index in range(1, MOMENT):
            app.processes.take(recording.sample(index))
        sample = recording.sample(MOMENT)
        app.processes.take(sample)
        yield app, pilot, sample


def _named(sample: Sample, role: str, *, is_first: bool = True) -> ProcessInfo:
    """The process of that role that started first, or last."""
    found = [process for key, process in sample.snapshot.processes.items() if sample.meaning(key).role == role]
    return (min if is_first else max)(found, key=lambda process: process.key.started)


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
    pictures(Path(sys.argv[1]))
