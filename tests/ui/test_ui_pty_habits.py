"""Habits on a real terminal: Ctrl+Z and fg, a stop from outside, Ctrl+L, the clipboard, keys of a config file."""

from __future__ import annotations

import base64
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal_emulator import Terminal

RAW = slice(0, 4)
"""Input, output, control and local modes among the settings of a terminal."""

SHELL = ("bash", "--norc", "--noprofile", "-i")
OCTOTUI = f"{shlex.quote(sys.executable)} -m octotui --all"


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """An environment without anybody's config file, and with a prompt that is known."""
    return {"OCTOTUI_CONFIG": str(tmp_path / "config.toml"), "PS1": "ready> ", "OCTOTUI_STATE_DIR": str(tmp_path)}


@pytest.fixture
def shell(own: dict[str, str]) -> Iterator[Terminal]:
    """octotui started by a shell with job control."""
    with Terminal([], own, program=SHELL) as terminal:
        terminal.wait_for(lambda seen: "ready>" in seen)
        terminal.press(f"{OCTOTUI}\r")
        terminal.wait_for(is_whole)
        yield terminal
        terminal.press("q")
        terminal.wait_for(lambda seen: "ready>" in seen)
        terminal.press("exit\r")
        terminal.wait_for_end()


def is_whole(seen: str) -> bool:
    lines = seen.splitlines()
    return lines[0].startswith(" octotui") and "PROCESS" in lines[1] and lines[-1].rstrip().endswith("q Quit")


def is_at(words: str) -> Callable[[str], bool]:
    return lambda seen: words in seen and is_whole(seen)


def test_ctrl_z_gives_the_terminal_back_to_the_shell_and_fg_brings_the_whole_picture(shell: Terminal) -> None:
    shell.settle()
    before = shell.settings()[RAW]
    for _ in range(2):
        start = len(shell.raw)
        shell.press("\x1a")
        shell.wait_for(lambda seen: "Stopped" in seen and "ready>" in seen)
        sent = bytes(shell.raw[start:])
        assert b"\x1b[?1049l" in sent and b"\x1b[?25h" in sent and b"\x1b[?1000l" in sent
        shell.press("stty -a; echo as ever\r")
        seen = shell.wait_for(lambda seen: "\nas ever" in seen)
        assert re.search(r"[^-]icanon", seen) and re.search(r"[^-]isig", seen)
        shell.press("fg\r")
        shell.wait_for(is_at("Back again"))
        assert shell.settings()[RAW] == before
        shell.press("j")
        shell.wait_for(lambda seen: is_whole(seen) and "Back again" not in seen)


def test_a_stop_from_outside_changes_nothing_and_the_picture_is_painted_anew(own: dict[str, str]) -> None:
    with Terminal(["--all"], own) as terminal:
        terminal.wait_for(is_whole)
        terminal.settle()
        modes, threads = terminal.settings()[RAW], len(os.listdir(f"/proc/{terminal.process.pid}/task"))
        os.kill(terminal.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOWAIT)
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.wait_for(is_at("Back again"))
        terminal.settle()
        assert terminal.settings()[RAW] == modes
        assert len(os.listdir(f"/proc/{terminal.process.pid}/task")) <= threads
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        assert terminal.settings() == terminal.settings_before


def test_without_a_shell_ctrl_z_says_so_and_the_program_goes_on(own: dict[str, str]) -> None:
    with Terminal(["--all"], own) as terminal:
        terminal.wait_for(is_whole)
        terminal.press("\x1a")
        terminal.wait_for(is_at("There is no shell to go back to"))
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def test_ctrl_l_repaints_what_another_program_wrote_over(own: dict[str, str]) -> None:
    with Terminal(["--all", "--interval", "60"], own) as terminal:
        terminal.wait_for(is_whole)
        terminal.settle()
        os.write(terminal._slave, b"\x1b[H" + b"rubbish\r\n" * 20)
        terminal.wait_for(lambda seen: "rubbish" in seen)
        terminal.press("\x0c")
        terminal.wait_for(lambda seen: is_whole(seen) and "rubbish" not in seen)
        terminal.press("q")
        assert terminal.wait_for_end() == 0


@pytest.mark.parametrize(
    "inside", [{}, {"TMUX": "/tmp/x,1,0", "TERM": "tmux-256color"}, {"STY": "1.x", "TERM": "screen"}]
)
def test_what_is_copied_reaches_the_terminal_as_osc_52_and_stands_on_the_screen(
    inside: dict[str, str], own: dict[str, str]
) -> None:
    with Terminal(["--all", "--pid", str(os.getpid())], {**own, **inside}) as terminal:
        terminal.wait_for(is_at(str(os.getpid())))
        terminal.press("y")
        terminal.wait_for(lambda seen: f"Copied: {os.getpid()}" in seen)
        terminal.press("Y")
        terminal.wait_for(lambda seen: re.search(r"Copied(?: \d+ characters)?: \S", seen))
        terminal.settle()
        copied = [base64.b64decode(found) for found in re.findall(rb"\x1b\]52;c;([^\x07\x1b]*)\x07", terminal.raw)]
        assert copied[0] == str(os.getpid()).encode()
        command = " ".join(Path("/proc/self/cmdline").read_text().rstrip("\0").split("\0"))
        assert copied[1].decode()[:20] == command[:20]
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def test_keys_of_the_config_file_hold_and_a_wrong_one_is_a_sentence_with_a_way_out(own: dict[str, str]) -> None:
    config = Path(own["OCTOTUI_CONFIG"])
    config.write_text('[keys]\nquit = "F10"\ntoggle-tree = "z"\n')
    with Terminal(["--all"], own) as terminal:
        terminal.wait_for(lambda seen: "F10 Quit" in seen)
        terminal.press("z")
        terminal.wait_for(lambda seen: "flat list" in seen)
        terminal.press("q")
        terminal.settle()
        terminal.press("\x1b[21~")
        assert terminal.wait_for_end() == 0
    config.write_text('[keys]\ntogle-tree = "z"\n')
    with Terminal(["--all"], own) as terminal:
        assert terminal.wait_for_end() == 2
        said = " ".join(terminal.text.split())
        assert str(config) in said.replace(" ", "") or "config.toml" in said
        assert 'did you mean "toggle-tree"?' in said and "octotui --no-config" in said
        assert b"\x1b[?1049h" not in terminal.raw
    with Terminal(["--all", "--no-config"], own) as terminal:
        terminal.wait_for(is_whole)
        terminal.press("q")
        assert terminal.wait_for_end() == 0
