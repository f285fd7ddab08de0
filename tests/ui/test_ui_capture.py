"""From the key press to the verified dump, with a service that a test drives."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import BOOTSTRAP, CALAMARI, GONE, INIT, SCRIPT, TENTACLE, FakeHost, meaning, process, sample, usual_sample
from ui_screen import frame, next_sample, screen, until

from octotui.dumps.model import Remark, Severity
from octotui.dumps.results import Failure, JobState
from octotui.errors import ProcessGone, Refused
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.confirm_dump import ConfirmDump
from octotui.ui.screens.quit import QuitDialog


def dialog(app: OctotuiApp) -> ConfirmDump:
    assert isinstance(app.screen, ConfirmDump)
    return app.screen


async def test_d_then_enter_captures_the_tree_under_the_cursor() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        request = host.dumps.requests[0]
        assert set(request.keys) == {TENTACLE.key, BOOTSTRAP.key, CALAMARI.key, SCRIPT.key}
        assert request.explicit == {TENTACLE.key}
        text = dialog(app).text()
        for words in ("Calamari 14220", "Tentacle 812", "total", "Left out", "pwsh 14233", "41 GB free", "secrets"):
            assert words in text
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        assert [job.step.target.name for job in host.dumps.jobs] == ["Calamari", "Tentacle"]
        assert app.screen is app.processes and "x cancels" in app.processes.message
        host.dumps.run(1, written=100, seconds=1.0)
        await until(pilot, lambda: "paused 0.80 s" in frame(app))
        assert app.processes.table.plain_line(3).startswith("● 14220")
        host.dumps.finish(1)
        host.dumps.finish(2)
        await until(pilot, lambda: "Tentacle 812 is captured and verified" in app.processes.message)
        assert frame(app).count("verified") >= 3


async def test_keys_pressed_before_the_plan_is_shown_capture_nothing() -> None:
    host = FakeHost()
    host.dumps.plan_gate = asyncio.Event()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: bool(host.dumps.requests))
        await pilot.press("enter", "space")
        assert "Planning" in dialog(app).text() and not host.dumps.jobs
        host.dumps.plan_gate.set()
        await until(pilot, lambda: dialog(app).plan is not None)
        assert not host.dumps.jobs


async def test_the_request_holds_the_processes_of_the_press_whatever_comes_later() -> None:
    late = process(15000, 14220, ["late"], age=0.1)
    host = FakeHost(usual_sample(), sample((INIT, TENTACLE, late)))
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        before = frame(app)
        await next_sample(app, pilot)
        assert frame(app) == before
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.dumps.jobs))
        assert {job.key for job in host.dumps.jobs} == {TENTACLE.key, CALAMARI.key}
        assert app.processes.table.plain_line(1).startswith("▌●  812")


async def test_escape_captures_nothing_and_says_so() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        await pilot.press("escape")
        await pilot.pause()
        assert app.processes.message == "Nothing was captured" and not host.dumps.jobs


async def test_enter_alone_never_captures_a_server() -> None:
    server = process(901, 1, ["/opt/octopus/server/Octopus.Server", "run"], age=5000, rss=4 << 30)
    host = FakeHost(sample((INIT, server), meanings={server.key: meaning("server")}))
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is app.processes and not host.dumps.jobs
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDump) and app.screen.plan is not None)
        assert app.focused is not None and app.focused.id == "cancel"
        assert "[Cancel  Enter Esc]   Capture " in frame(app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(host.dumps.jobs))


async def test_the_focus_moved_to_cancel_makes_enter_cancel() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("D")
        await until(pilot, lambda: dialog(app).plan is not None)
        await pilot.press("left", "enter")
        await pilot.pause()
        assert app.screen is app.processes and not host.dumps.jobs


async def test_the_buttons_say_which_key_chooses_them_at_every_moment() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        assert " Cancel  Esc   [Capture  Enter]" in frame(app)
        await pilot.press("left")
        await pilot.pause()
        assert "[Cancel  Enter Esc]   Capture " in frame(app)
        await pilot.press("right")
        await pilot.pause()
        assert " Cancel  Esc   [Capture  Enter]" in frame(app)
        await pilot.press("escape", "v")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDump) and app.screen.plan is not None)
        assert "[Close  Enter Esc]" in frame(app)


async def test_shift_d_captures_the_process_alone_and_v_only_shows() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("D")
        await until(pilot, lambda: dialog(app).plan is not None)
        assert host.dumps.requests[-1].keys == (CALAMARI.key,)
        await pilot.press("escape", "v")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDump) and app.screen.plan is not None)
        assert "nothing is run" in dialog(app).text()
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is app.processes and not host.dumps.jobs


async def test_marks_are_captured_instead_of_the_cursor() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("m")
        app.processes.table.move_to_key(TENTACLE.key)
        await pilot.press("m", "home", "d")
        await until(pilot, lambda: dialog(app).plan is not None)
        assert set(host.dumps.requests[-1].keys) == {CALAMARI.key, TENTACLE.key}
        assert host.dumps.requests[-1].explicit == {CALAMARI.key, TENTACLE.key}


async def test_a_refused_plan_offers_no_capture_and_shows_the_fix() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(SCRIPT.key)
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        text = dialog(app).text()
        assert "Nothing can be captured" in text and "None of these processes is .NET" in text
        assert "octotui doctor" in text
        assert not dialog(app)._capture.display
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is app.processes and not host.dumps.jobs


async def test_a_plan_that_fails_is_told_with_its_next_step() -> None:
    host = FakeHost()
    host.dumps.refusal = ProcessGone("Tentacle (812) has ended", hint="octotui tree shows what runs")
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "has ended" in dialog(app).text())
        assert "octotui tree shows what runs" in dialog(app).text()


async def test_a_defect_while_planning_is_told_and_does_not_end_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()

    async def broken(request: object, sample: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(host.dumps, "plan", broken)
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "planning failed" in dialog(app).text())
        await pilot.press("escape")
        assert app.is_running


async def test_a_target_that_changed_before_the_confirm_is_refused_in_words() -> None:
    host = FakeHost()
    host.dumps.submit_error = Refused("Calamari (14220) has ended since the plan", hint="plan again")
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "has ended since the plan" in app.processes.message)


async def test_x_cancels_the_running_job_and_says_what_becomes_of_the_target() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await start_jobs(app, pilot, host)
        host.dumps.run(1, written=100, seconds=1.0)
        await pilot.press("x")
        assert host.dumps.cancelled == [1]
        await until(pilot, lambda: "cancelled, the target runs on" in app.processes.message)
        assert "no file was kept" in frame(app)


async def test_quitting_with_a_job_asks_and_staying_goes_on() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await start_jobs(app, pilot, host)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        assert "Calamari 14220" in frame(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.processes.message == "The capture goes on" and not host.dumps.is_closed
        await pilot.press("ctrl+c")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog))
        await pilot.press("y")
        await until(pilot, lambda: not app.is_running)
    assert host.dumps.is_closed and app.return_code == 0


async def test_the_question_before_quitting_notices_that_the_captures_have_ended() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await start_jobs(app, pilot, host)
        await pilot.press("q")
        await until(pilot, lambda: "A capture is running" in frame(app))
        host.dumps.finish(1)
        host.dumps.finish(2)
        await until(pilot, lambda: "No capture runs any more" in frame(app))
        assert "Quit  y" in frame(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.processes)
        assert "goes on" not in app.processes.message


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_quitting_without_a_job_just_quits(key: str) -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running)
    assert host.dumps.is_closed and app.return_code == 0


async def test_y_copies_the_newest_path_or_else_the_pid_and_shows_it() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("y")
        assert (app.clipboard, app.processes.message) == ("812", "Copied: 812")
        await start_jobs(app, pilot, host)
        host.dumps.finish(1)
        await pilot.pause()
        await pilot.press("y")
        assert app.clipboard.endswith("Calamari-14220-20260930T101502Z.dmp")
        await pilot.press("Y")
        assert app.clipboard == TENTACLE.command and TENTACLE.command in app.processes.message


async def test_a_failed_job_shows_the_tools_words_and_the_next_step() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await start_jobs(app, pilot, host)
        failure = Failure("createdump", "[createdump] ptrace(ATTACH) FAILED [/b]", "sudo octotui")
        host.dumps.finish(1, outcome=JobState.FAILED, failure=failure)
        await until(pilot, lambda: "ptrace(ATTACH) FAILED [/b]" in frame(app))
        assert "→ sudo octotui" in frame(app)


async def test_warnings_and_notices_of_a_long_plan_can_be_scrolled_to() -> None:
    host = FakeHost()
    host.dumps.remarks = tuple(
        Remark(Severity.WARNING, f"w{n}", f"warning number {n} " + "words " * 20, "do this") for n in range(12)
    )
    async with screen(host, 60, 15) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        assert "warning number 11" not in frame(app) and "PgDn" in frame(app)
        await pilot.press(*["pagedown"] * 12)
        await pilot.pause()
        assert "PgDn" not in frame(app)
        assert dialog(app).text().splitlines()[-1].strip() in frame(app), "the last line can be read"
        assert "warning number 11" in frame(app) or "How" in frame(app)
        assert "[Capture  Enter]" in frame(app)


async def test_the_destination_of_the_settings_goes_into_the_request() -> None:
    host = FakeHost()
    host.settings = replace(host.settings, output=Path("/srv/dumps"))
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: dialog(app).plan is not None)
        assert host.dumps.requests[0].destination == Path("/srv/dumps")


async def test_a_ghost_is_no_target_even_when_it_is_marked() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        app.processes.table.move_to_key(GONE.key)
        await pilot.press("m", "d")
        await pilot.pause()
        assert "All marked processes have ended" in app.processes.message and host.dumps.requests == []


async def start_jobs(app: OctotuiApp, pilot: object, host: FakeHost) -> None:
    await pilot.press("d")  # type: ignore[attr-defined]
    await until(pilot, lambda: dialog(app).plan is not None)  # type: ignore[arg-type]
    await pilot.press("enter")  # type: ignore[attr-defined]
    await until(pilot, lambda: bool(host.dumps.jobs))  # type: ignore[arg-type]
