"""A recording on the screen: recorded time, steps, speeds, both ends; nothing of this machine is read or captured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui_fakes import FakeHost
from ui_picture import DEPLOYMENT
from ui_screen import check_frame, frame, next_sample, screen, until

from octotui.config import Settings
from octotui.processes.recordings.recording import Recording
from octotui.ui.absent import NO_CAPTURE, NO_WATCH
from octotui.ui.actions import ACTIONS, Rule
from octotui.ui.app import OctotuiApp
from octotui.ui.replay import ReplayHost

SHORT = 14259
"""The pid of the bootstrap that comes with sample 4 and ends before sample 7."""


@asynccontextmanager
async def replay(
    width: int = 80, height: int = 24, path: Path = DEPLOYMENT, **settings: object
) -> AsyncIterator[tuple[OctotuiApp, Pilot[int], ReplayHost]]:
    """The screen on a recording, paused at its first sample, so that no clock plays a part."""
    host = ReplayHost(replace(Settings(), **settings), Recording.open(path))
    host.replay.playback.is_paused = True
    async with screen(host, width, height) as (app, pilot):  # type: ignore[arg-type]
        yield app, pilot, host


def pids(app: OctotuiApp) -> list[int]:
    return [row.process.pid for row in app.processes.table.rows]


def status(app: OctotuiApp) -> str:
    return app.processes._status_line.text()


async def press(app: OctotuiApp, pilot: Pilot[int], *keys: str) -> None:
    """Press the keys, and let the screen show the sample that they lead to."""
    await pilot.press(*keys)
    replayed = app.host.replay
    assert replayed is not None
    await until(
        pilot, lambda: replayed._shown is not None and replayed._shown[0] == replayed.playback.index, turns=1000
    )
    await pilot.pause(0.02)


async def test_steps_show_one_sample_after_the_other_and_back() -> None:
    async with replay(160) as (app, pilot, host):
        await press(app, pilot, "full_stop", "full_stop", "full_stop")
        assert host.replay.playback.index == 3 and SHORT in pids(app)
        assert " 4/30 · paused" in status(app) and "10:15:05Z" in status(app)
        assert app.processes.message == "Sample 4 of 30, paused"
        await press(app, pilot, "comma")
        assert SHORT not in pids(app) and " 3/30" in status(app)
        await press(app, pilot, *["full_stop"] * 4)
        row = next(row for row in app.processes.table.rows if row.process.pid == SHORT)
        assert row.lifecycle.value == "exited"


async def test_the_replay_plays_by_itself_to_its_end_and_says_so() -> None:
    async with replay(160) as (app, pilot, host):
        await press(app, pilot, *["right_square_bracket"] * 6)
        assert app.processes.message.startswith("32 times the recorded speed already")
        await press(app, pilot, "P")
        await until(pilot, lambda: host.replay.playback.is_at_end, turns=2000)
        await until(pilot, lambda: "The replay ends here" in app.processes.message)
        assert "replay 32x" in status(app) and "30/30 · end" in status(app)
        await press(app, pilot, *["left_square_bracket"] * 7, "P")
        assert app.processes.message == "Playing from the start"
        await press(app, pilot, "P")
        assert "paused" in status(app) and host.replay.playback.index < 29


async def test_both_ends_are_one_key_away_and_there_is_nothing_beyond_them() -> None:
    async with replay(160) as (app, pilot, _):
        await press(app, pilot, "right_curly_bracket")
        assert "30/30" in status(app)
        await press(app, pilot, "full_stop")
        assert app.processes.message == "This is the last sample"
        await press(app, pilot, "left_curly_bracket")
        assert " 1/30" in status(app)
        await press(app, pilot, "comma")
        assert app.processes.message == "This is the first sample"
        await press(app, pilot, "left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert "replay 0.25x" in status(app)


async def test_the_cursor_stays_with_its_process_when_it_ends_and_when_time_runs_back() -> None:
    async with replay() as (app, pilot, _):
        await press(app, pilot, *["full_stop"] * 4)
        table = app.processes.table
        table.move_to_key(next(row.key for row in table.rows if row.process.pid == SHORT))
        await pilot.pause()
        key = table.cursor_key
        await press(app, pilot, *["full_stop"] * 15)
        assert table.cursor_key == key and table.cursor_row is not None
        assert table.cursor_row.lifecycle.value == "exited" and table.cursor_row.exited_seconds > 10
        await press(app, pilot, *["comma"] * 15)
        assert table.cursor_key == key and table.cursor_row.lifecycle.value != "exited"


async def test_strips_hold_only_what_was_up_to_the_moment_shown() -> None:
    async with replay() as (app, pilot, _):
        await press(app, pilot, *["full_stop"] * 6)
        key = app.processes.table.cursor_key
        assert key is not None
        history = app.processes.model.history
        before = history.of(key)
        await press(app, pilot, "full_stop", "full_stop")
        assert len(history.of(key)) > len(before)
        await press(app, pilot, "comma", "comma")
        assert history.of(key) == before and len(before) == 7


@pytest.mark.parametrize("key", ["d", "D", "v"])
async def test_captures_are_shown_as_not_available_and_say_why(key: str) -> None:
    async with replay() as (app, pilot, _):
        assert "(d Dump tree)" in frame(app) and "P Pause" in frame(app)
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is app.processes and app.processes.message == NO_CAPTURE


@pytest.mark.parametrize("key", ["w", "H"])
async def test_nothing_is_watched_for_or_held(key: str) -> None:
    async with replay() as (app, pilot, _):
        assert "(w Watch)" in frame(app)
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is app.processes and app.processes.message == NO_WATCH


@pytest.mark.parametrize("key", ["2", "3", "plus", "minus"])
async def test_what_is_about_this_machine_is_not_available(key: str) -> None:
    async with replay() as (app, pilot, _):
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is app.processes and app.processes.message.startswith("Not in a replay")


async def test_no_live_fact_is_read_of_a_process_that_may_be_another_one_here(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("octotui.ui.inspection.REST_SECONDS", 0.0)
    monkeypatch.setattr("octotui.processes.detail.detail", lambda *found, **_: asked.append(found))
    monkeypatch.setattr("octotui.ui.absent.NoDumps.plan", lambda *found: asked.append(found))
    async with replay(160, 45) as (app, pilot, _):
        await until(pilot, lambda: "live facts are not read" in app.processes.detail_view.text())
        await press(app, pilot, "j", "j", "full_stop")
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert "replay: live facts are not read" in frame(app)
    assert asked == []


async def test_keys_of_a_replay_are_not_available_on_a_live_host_and_say_so() -> None:
    async with screen(FakeHost()) as (app, pilot):
        assert "P Pause" not in frame(app)
        for action in ACTIONS:
            if action.rule is Rule.REPLAY:
                await pilot.press(action.keys[0])
                await pilot.pause()
                assert app.processes.message == "Only in a replay: octotui --replay FILE shows one"


async def test_a_recording_that_was_cut_off_says_so_at_the_start_and_at_its_end(tmp_path: Path) -> None:
    content = DEPLOYMENT.read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    async with replay(path=tmp_path / "cut") as (app, pilot, host):
        assert 1 < host.replay.playback.count < 30
        assert "The recording was cut off" in app.processes.message
        await press(app, pilot, "right_curly_bracket")
        assert "The recording was cut off" in app.processes.message and "P plays it again" in app.processes.message


async def test_filter_scope_fold_and_help_work_on_a_replay() -> None:
    async with replay() as (app, pilot, _):
        await press(app, pilot, "asterisk", "asterisk", "o", "o", "o", "question_mark")
        assert "Pause the recording" in frame(app) or "Type to search" in frame(app)
        await pilot.press("escape")
        await pilot.press("slash", *"calamari", "enter")
        await pilot.pause()
        assert 14220 in pids(app)


@pytest.mark.parametrize(("width", "height"), [(160, 45), (80, 24), (40, 10)])
async def test_a_moment_of_a_real_deployment(width: int, height: int) -> None:
    async with replay(width, height) as (app, pilot, _):
        await press(app, pilot, *["full_stop"] * 4)
        check_frame(f"replay_{width}x{height}", frame(app))


class Keeper:
    """A recording as a test wants it."""

    is_over = False
    problem = ""


async def test_the_status_line_says_that_it_records_and_a_recording_that_ends_by_itself_is_said_once() -> None:
    host = FakeHost()
    keeper = Keeper()
    host.recording = keeper  # type: ignore[assignment]
    async with screen(host) as (app, pilot):
        assert "rec · Octopus" in status(app)
        keeper.is_over, keeper.problem = True, "The recording ends here: the disk is full"
        host.samples = [replace(host.samples[0])]
        await next_sample(app, pilot)
        assert app.processes.message == keeper.problem and "rec ended" in status(app)
        app.processes.say("")
        host.samples = [replace(host.samples[0])]
        await next_sample(app, pilot)
        assert app.processes.message == ""
