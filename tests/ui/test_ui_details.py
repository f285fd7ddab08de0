"""What is known of one process: the details, and the screens that read something of it on demand."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import CALAMARI, INIT, SCRIPT, SHELL, TENTACLE, FakeHost, meaning, sample, usual_sample
from ui_screen import frame, next_sample, screen, until

from octotui.octopus.secrets import redact
from octotui.processes.detail import ProcessDetail
from octotui.processes.model import ProcessInfo, Sample
from octotui.processes.procfs import ProcfsSource
from octotui.ui.app import OctotuiApp

SECRETS = ("hunter2-planted", "s3cr3t-dotnet", "API-ABCDEFGHIJKLMNOPQRSTUV")
ENVIRONMENT = {
    "TentacleHome": "/home/tentacle\x1b[31m [/b]",
    "TentacleApplications": f"/apps/{SECRETS[2]}",
    "DOTNET_gcServer": "1",
    "DOTNET_Something": SECRETS[1],
    "OCTOPUS_SERVICE_PASSWORD": SECRETS[0],
    "A_VERY_LONG_NAME_" + "X" * 100: SECRETS[0],
}


def text_of(app: OctotuiApp) -> str:
    return app.screen.text()  # type: ignore[attr-defined,no-any-return]


def found(pid: int) -> ProcessInfo:
    process = ProcfsSource(redact).read().find(pid)
    assert process is not None
    return process


def host_of(process: ProcessInfo, **more: object) -> FakeHost:
    return FakeHost(sample((INIT, process), meanings={process.key: meaning("calamari", **more)}))


@pytest.fixture
def sleeper() -> Iterator[ProcessInfo]:
    child = subprocess.Popen(["/bin/sleep", "600"], env=ENVIRONMENT)
    try:
        yield found(child.pid)
    finally:
        child.kill()
        child.wait()


async def test_names_of_an_environment_are_shown_and_its_secrets_nowhere(sleeper: ProcessInfo) -> None:
    async with screen(host_of(sleeper), 80, 40) as (app, pilot):
        app.processes.table.move_to_key(sleeper.key)
        await pilot.press("enter", "e")
        await until(pilot, lambda: "TentacleHome" in frame(app))
        shown = text_of(app) + frame(app)
        for name in ("DOTNET_gcServer", "DOTNET_Something", "OCTOPUS_SERVICE_PASSWORD", "/home/tentacle␛[31m [/b]"):
            assert name in shown
        assert "A_VERY_LONG_NAME_" + "X" * 60 in shown, "a name is never cut"
        await pilot.press("Y", "y", "G", "e", "escape")
        await until(pilot, lambda: "Last two minutes" in text_of(app))
        shown += text_of(app) + frame(app) + app.clipboard + app.processes.message
        assert [secret for secret in SECRETS if secret in shown] == []
        assert "6 variables; the values of 3 are shown" in shown


async def test_listening_ports_and_files_of_a_real_process_are_listed() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        process = found(os.getpid())
        async with screen(host_of(process)) as (app, pilot):
            app.processes.table.move_to_key(process.key)
            await pilot.press("f")
            await until(pilot, lambda: "Listening" in text_of(app))
            assert f"127.0.0.1:{listener.getsockname()[1]}" in text_of(app)
            assert "Descriptors" in text_of(app)


def entry(message: str, source: str = "stdout") -> str:
    return json.dumps([source, message, "2026-11-23T10:15:02Z"]) + "\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    directory = tmp_path / "Work" / "20261123101502-826567-1"
    directory.mkdir(parents=True)
    (directory / "Output.log").write_text(entry("it begins") + entry("login --password hunter2", "stderr"))
    return directory


async def test_a_task_log_is_followed_with_its_secrets_masked(work: Path, sleeper: ProcessInfo) -> None:
    async with screen(host_of(sleeper, work_directory=str(work))) as (app, pilot):
        app.processes.table.move_to_key(sleeper.key)
        await pilot.press("L")
        await until(pilot, lambda: "it begins" in text_of(app))
        assert "! login --password ***" in text_of(app) and "hunter2" not in frame(app)
        with (work / "Output.log").open("a") as log:
            log.write("".join(entry(f"line {number}") for number in range(60)))
        await until(pilot, lambda: "line 59" in frame(app))
        await pilot.press("g")
        await pilot.pause()
        for words in ("\x1b]0;pwned\x07 [/b] one more", "the end"):
            with (work / "Output.log").open("a") as log:
                log.write(entry(words))
            await until(pilot, lambda words=words: words[-8:] in text_of(app))  # type: ignore[misc]
        assert "one more" not in frame(app), "who has scrolled up stays there"
        assert "\x1b" not in text_of(app) and "\x07" not in text_of(app)
        await pilot.press("y")
        assert app.clipboard == f"{work}/Output.log"
        (work / "Output.log").unlink()
        await until(pilot, lambda: "There is no Output.log" in text_of(app))
        assert "This was read last:" in text_of(app) and "line 59" in text_of(app)


async def test_a_log_that_the_process_may_not_claim_is_refused_in_a_sentence(work: Path, sleeper: ProcessInfo) -> None:
    """The process of another user names this work directory as its own."""
    stranger = replace(sleeper, uid=4321)
    async with screen(host_of(stranger, work_directory=str(work))) as (app, pilot):
        app.processes.table.move_to_key(stranger.key)
        await pilot.press("L")
        await until(pilot, lambda: "who runs neither this process nor its task" in text_of(app).replace("\n ", " "))
        assert "it begins" not in frame(app)


async def test_a_process_without_a_task_says_so_instead_of_opening_a_log() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("L")
        assert app.processes.message == "Tentacle 812 has no task log: it belongs to no task with a work directory"
        await pilot.press("enter", "L")
        await pilot.pause()
        assert "has no task log" in frame(app).splitlines()[-1]


async def test_a_reading_that_never_ends_says_reading_and_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr("octotui.ui.screens.environment.environment", lambda *_, **__: gate.wait())
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("e")
        await pilot.pause()
        assert "reading…" in text_of(app)
        await pilot.press("f")
        await until(pilot, lambda: "Open files of Tentacle 812" in frame(app))
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.processes
    gate.set()


async def test_a_process_that_ended_meanwhile_has_nothing_to_read_and_that_is_said() -> None:
    """The sample still has it, the system does not."""
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("f")
        await until(pilot, lambda: "has ended" in text_of(app))


async def test_the_details_of_a_process_that_ends_keep_the_last_facts() -> None:
    rest = (INIT, TENTACLE, SCRIPT)
    later = [sample(rest, ghosts=(CALAMARI,), monotonic=1016.0), sample(rest, monotonic=1024.0)]
    async with screen(FakeHost(usual_sample(), *later)) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("enter")
        await until(pilot, lambda: "heap by ipc" in text_of(app))
        await next_sample(app, pilot)
        await until(pilot, lambda: "ended 4 s ago" in text_of(app))
        await next_sample(app, pilot)
        await until(pilot, lambda: "ended 12 s ago" in text_of(app))
        shown = text_of(app)
        for words in (
            "none: the process has ended",
            "CoreCLR 8.0.4",
            "46 open of 20000",
            "v.json",
            "lived ",
            "Tentacle 812 › bash",
        ):
            assert words in shown
        assert "heap by ipc" not in shown and "Last two minutes" not in shown
        await pilot.press("e")
        await pilot.pause()
        assert "Calamari 14220 has ended; its environment and files are gone with it" in frame(app)
        await pilot.press("Y")
        assert app.clipboard == CALAMARI.command


async def test_the_details_follow_a_process_that_is_filtered_out_of_the_table() -> None:
    async with screen(FakeHost()) as (app, pilot):
        app.processes.table.move_to_key(CALAMARI.key)
        await pilot.press("enter")
        await until(pilot, lambda: "46 open" in text_of(app))
        app.processes.change(replace(app.processes.model.state, subtree=SHELL.pid))
        assert app.processes.model.row(CALAMARI.key) is None
        app.processes.model.take(with_cpu(71.5))
        await until(pilot, lambda: "71.5 %" in text_of(app))
        assert "ended" not in text_of(app)


def with_cpu(percent: float) -> Sample:
    usual = usual_sample(1002.0)
    return replace(usual, cpu_percent={**usual.cpu_percent, CALAMARI.key: percent, TENTACLE.key: 0.4})


async def test_the_details_of_a_folded_row_are_of_the_process_alone() -> None:
    async with screen(FakeHost(), 120, 40) as (app, pilot):
        await pilot.press("h")
        row = app.processes.table.cursor_row
        assert row is not None and row.is_folded and (row.cpu_percent or 0) > 40
        assert "CPU       0.4 %" in app.processes.detail_view.text()
        await pilot.press("enter")
        await until(pilot, lambda: "CPU       0.4 %" in text_of(app))


async def test_nothing_is_read_before_the_cursor_rests_and_only_for_the_process_it_rests_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []

    async def facts(process: ProcessInfo) -> ProcessDetail:
        read.append(process.pid)
        return ProcessDetail(process)

    monkeypatch.setattr("octotui.ui.inspection.read_facts", facts)
    monkeypatch.setattr("octotui.ui.inspection.REST_SECONDS", 3600.0)
    async with screen(FakeHost(), 120, 40) as (app, pilot):
        await pilot.press("j", "j")
        assert read == [] and "reading…" in app.processes.detail_view.text()
        monkeypatch.setattr("octotui.ui.inspection.REST_SECONDS", 0.0)
        await pilot.press("j")
        assert app.processes.table.cursor_key == SCRIPT.key
        await until(pilot, lambda: bool(read))
        assert read == [SCRIPT.pid]


async def test_facts_are_read_again_while_they_are_in_view(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    async def facts(process: ProcessInfo) -> ProcessDetail:
        read.append(process.pid)
        return ProcessDetail(process, open_files=len(read))

    monkeypatch.setattr("octotui.ui.inspection.read_facts", facts)
    monkeypatch.setattr("octotui.ui.inspection.FACTS_SECONDS", 0.0)
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "3 open" in text_of(app))
        assert len(host.dumps.requests) == 1, "the plan is dear and stays fresh for longer"


async def test_the_screens_of_a_process_lead_to_each_other_and_back() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("enter", "f", "e", "f")
        await until(pilot, lambda: "Open files of" in frame(app))
        assert len(app.screen_stack) == 3
        await pilot.press("f")
        await pilot.pause()
        assert "This is it" in frame(app)
        await pilot.press("q", "escape")
        await pilot.pause()
        assert app.screen is app.processes


async def test_a_wide_keymap_of_the_table_holds_in_the_details_too() -> None:
    async with screen(FakeHost(), 60, 12) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "46 open" in text_of(app))
        assert frame(app).startswith(" Tentacle 812")
        for down, up in (("G", "g"), ("end", "home"), ("pagedown", "pageup"), ("j", "k"), ("space", "ctrl+u")):
            await pilot.press(down)
            await pilot.pause()
            assert not frame(app).startswith(" Tentacle 812"), down
            await pilot.press(up)
            await pilot.pause()
            assert frame(app).startswith(" Tentacle 812"), up


async def test_copying_a_path_takes_that_of_the_program() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("enter", "y")
        await pilot.pause()
        assert app.clipboard == TENTACLE.executable
        assert frame(app).splitlines()[-1].startswith(f" Copied: {TENTACLE.executable}")
