"""What rules, holds and news say comes from strangers too: no name of theirs is markup or drives the terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from escapes import strange
from hostile_processes import TEXTS, hostile_processes
from terminal_emulator import Terminal
from test_ui_hostile import HOSTILE, assert_harmless, hostile_sample
from textual.pilot import Pilot
from textual.widgets import Input
from ui_fakes import FakeHost
from ui_screen import frame, next_sample, screen, until

from octotui.dumps.arming.rule import Rule, When, Whom
from octotui.dumps.arming.state import Stage
from octotui.dumps.model import Remark, Severity
from octotui.errors import Refused
from octotui.ui.app import OctotuiApp
from octotui.ui.screens.arm_rule import ArmRule

PARTS = 3


async def follow(text: str, host: FakeHost, app: OctotuiApp, pilot: Pilot[int]) -> None:
    """A rule about, a hold of and news on a process that says `text` wherever it has a say."""
    sample = hostile_sample(text)
    key = next(iter(sample.snapshot.processes))
    host.samples = [sample]
    watch = host.watch
    watch.reach, watch.remarks = text, tuple(Remark(severity, "x", text, text) for severity in Severity)
    await next_sample(app, pilot)
    await pilot.press("w")
    await until(pilot, lambda: isinstance(app.screen, ArmRule))
    await pilot.press("tab", "left", "left")
    await pilot.pause(0.05)
    assert_harmless(frame(app))
    await pilot.press("escape")
    state = watch.rule(Rule(Whom(name=text or "x"), When(at_exit=True)), sample)
    watch.change(state.id, sentence=text)
    for number, stage in enumerate(Stage):
        watch.catch(state.id, key._replace(started=number), text, stage, note=text)
    watch.put_hold(key, text, by=text, is_early=True)
    watch.tell(text, hint=text)
    await until(pilot, lambda: bool(app.processes.watching.news))
    assert_harmless(frame(app))
    for keys in (("3",), ("escape", "w"), ("escape", "H"), ("escape", "D"), ("escape", "q")):
        await pilot.press(*keys)
        await pilot.pause(0.02)
        assert_harmless(frame(app))
    await pilot.press("escape")
    watch.error = Refused(text, hint=text)
    await pilot.press("w")
    await pilot.pause()
    await pilot.press("escape", "escape")
    watch.error = None
    await watch.release(key)


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_text_of_a_stranger_breaks_or_drives_what_shows_rules_and_holds(part: int) -> None:
    host = FakeHost()
    async with screen(host, 80, 24) as (app, pilot):
        for text in HOSTILE[part::PARTS]:
            await follow(text, host, app, pilot)
            assert app.is_running and app.screen is app.processes


async def test_a_hostile_filter_in_the_form_is_explained_harmlessly() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ArmRule))
        assert isinstance(app.screen, ArmRule)
        for text in HOSTILE:
            app.screen.query_one("#filter", Input).value = text
            await pilot.pause()
            assert_harmless(app.screen.text())


QUIET = 0.15
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?]*)?\Z")


def assert_own(terminal: Terminal) -> None:
    """Nothing but the screen's own sequences has come."""
    terminal.settle(1, QUIET)
    assert strange(UNFINISHED.sub(b"", bytes(terminal.raw))) == []
    assert terminal.process.poll() is None, terminal.text


def test_hostile_text_pasted_into_the_form_drives_no_terminal(tmp_path: Path) -> None:
    with Terminal(["--all", "--interval", "60"], {"OCTOTUI_STATE_DIR": str(tmp_path)}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen and "reading" not in seen)
        for text in TEXTS[1:13:2]:
            terminal.press("w")
            terminal.wait_for(lambda seen: "[Arm" in seen)
            terminal.press("\t\t")
            terminal.settle(1, QUIET)
            terminal.paste(text.replace("\x1b[201~", ""))
            assert_own(terminal)
            terminal.press("\x1b")
            terminal.wait_for(lambda seen: "Whom" not in seen)
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def test_w_and_enter_in_one_go_arm_what_the_form_would_have_shown(tmp_path: Path) -> None:
    with Terminal(["--all", "--interval", "60"], {"OCTOTUI_STATE_DIR": str(tmp_path)}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen and "reading" not in seen)
        terminal.press("w\r")
        terminal.wait_for(lambda seen: "1 rule armed" in seen)
        terminal.press("q")
        terminal.wait_for(lambda seen: "1 rule is armed. It ends with octotui" in seen)
        terminal.press("y")
        assert terminal.wait_for_end() == 0


def test_h_and_enter_in_one_go_hold_the_process(tmp_path: Path) -> None:
    own = {"OCTOTUI_STATE_DIR": str(tmp_path / "state")}
    with hostile_processes(tmp_path) as pids:
        pid = pids[0]
        terminal = Terminal(["--all", "--pid", str(pid), "--interval", "60"], own)
        with terminal:
            terminal.wait_for(lambda seen: str(pid) in seen)
            terminal.press("gH\r")
            terminal.wait_for(lambda seen: "HELD" in seen.splitlines()[1])
            assert is_stopped(pid)
            terminal.press("H")
            terminal.wait_for(lambda seen: "HELD" not in seen)
            terminal.press("q")
            assert terminal.wait_for_end() == 0


def test_holding_and_watching_processes_with_hostile_names_drives_no_terminal(tmp_path: Path) -> None:
    arguments = ["--all", "--pid", str(os.getpid()), "--interval", "60"]
    own = {"OCTOTUI_STATE_DIR": str(tmp_path / "state")}
    with hostile_processes(tmp_path) as pids, Terminal(arguments, own) as terminal:
        terminal.wait_for(lambda seen: str(pids[0]) in seen)
        terminal.settle(3)
        terminal.press("gj")
        for number, pid in enumerate(pids):
            terminal.press("w")
            terminal.wait_for(lambda seen: "Whom" in seen and "[Arm" in seen)
            assert_own(terminal)
            if number % 4 == 0:
                # Itself is the last answer; a rule on it stays in the list with its name.
                terminal.press("\t")
                terminal.press("\x1b[D")
                terminal.wait_for(lambda seen: "this process itself" in seen)
            terminal.press("\x1b")
            terminal.wait_for(lambda seen: "Whom" not in seen)
            if number % 4 == 1:
                terminal.press("H")
                terminal.wait_for(lambda seen: "Hold " in seen)
                terminal.press("\r")
                terminal.wait_for(lambda seen, pid=pid: "HELD" in seen and str(pid) in seen.splitlines()[1])
                assert is_stopped(pid)
                assert_own(terminal)
                terminal.press("3")
                terminal.wait_for(lambda seen: "No rule is armed" in seen and "HELD" in seen.splitlines()[1])
                assert_own(terminal)
                terminal.press("\x1b")
                terminal.wait_for(lambda seen: "No rule is armed" not in seen)
                terminal.press("H")
                terminal.wait_for(lambda seen: "HELD" not in seen)
                assert not is_stopped(pid)
            terminal.press("j")
            terminal.settle(1, QUIET)
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "T"
