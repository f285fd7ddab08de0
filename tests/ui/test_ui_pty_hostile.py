"""Real processes with hostile names before the real program on a real terminal: no sequence of theirs comes out."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest
from escapes import CLIPBOARD, strange
from hostile_processes import TEXTS, hostile_processes
from terminal_emulator import Terminal

QUIET = 0.15
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?]*)?\Z")
"""A sequence of which the rest has not come yet."""

PIECES = ("pwned\x07", "\x1b]0;", "\x1b[2J", "\x1bc", "\x9b", "\u202e")


def assert_harmless(terminal: Terminal, *, copied: int = 0) -> None:
    """Nothing but the screen's own sequences has come, and as many writes to the clipboard as were asked for.

    The bell is the screen's own too: an input rings it for what is longer than it takes.
    """
    terminal.settle(1, QUIET)
    raw = UNFINISHED.sub(b"", bytes(terminal.raw))
    found = [data for data in strange(raw) if data != b"\x07"]
    written = [data for data in found if CLIPBOARD.fullmatch(data)]
    assert [data for data in found if data not in written] == []
    assert len(written) == copied
    for data in written:
        text = base64.b64decode(data.split(b";")[2].rstrip(b"\x07")).decode()
        assert not [character for character in text if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0]
    assert terminal.process.poll() is None, terminal.text


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
def test_names_of_processes_drive_no_terminal(columns: int, lines: int, tmp_path: Path) -> None:
    with (
        hostile_processes(tmp_path) as pids,
        Terminal(["--all", "--pid", str(os.getpid()), "--interval", "60"], {}, columns, lines) as terminal,
    ):
        terminal.wait_for(lambda seen: str(pids[0]) in seen)
        terminal.settle(3)
        terminal.press("g")
        for _ in pids:
            terminal.press("j")
            terminal.settle(1, QUIET)
            terminal.press("\r")
            terminal.wait_for(lambda seen: "Esc Back" in seen)
            terminal.press("\x1b")
            terminal.wait_for(lambda seen: "Esc Back" not in seen)
            terminal.press("v")
            terminal.wait_for(lambda seen: "[Close" in seen)
            terminal.press("\x1b")
            terminal.wait_for(lambda seen: "[Close" not in seen)
            terminal.press("m")
            assert_harmless(terminal)
        terminal.press("2")
        terminal.settle(2)
        terminal.press("\x1b")
        terminal.settle(1, QUIET)
        assert_harmless(terminal)
        terminal.press("g")
        for number in range(1, 4):
            terminal.press("j")
            terminal.settle(1, QUIET)
            terminal.press("Y")
            assert_harmless(terminal, copied=number)
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def test_hostile_text_pasted_into_any_input_drives_no_terminal(tmp_path: Path) -> None:
    with Terminal(["--all", "--interval", "60"], {}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen)
        for opened, marker, texts in (
            ("/", "/", TEXTS),
            ("?", "search", TEXTS[1:13:3]),
            ("\x10", "Find", TEXTS[1:13:3]),
        ):
            for text in texts:
                terminal.press(opened)
                terminal.settle(1, QUIET)
                terminal.paste(text.replace("\x1b[201~", ""))
                assert_harmless(terminal)
                terminal.press("\x1b")
                terminal.settle(1, QUIET)
                if marker in terminal.text and opened != "/":
                    terminal.press("\x1b")
                assert_harmless(terminal)
        terminal.press("\x11")
        assert terminal.wait_for_end() == 0


def test_a_hostile_filter_of_the_command_line_is_shown_harmlessly() -> None:
    for text in TEXTS[3:9]:
        with Terminal(["--filter", text], {}) as terminal:
            terminal.wait_for(lambda seen: "matches" in seen)
            assert_harmless(terminal)


def test_a_hostile_name_of_a_theme_is_refused_harmlessly() -> None:
    for text in TEXTS[4:14]:
        with Terminal(["--theme", text], {}) as terminal:
            assert terminal.wait_for_end() == 2
            assert strange(bytes(terminal.raw)) == []


def test_the_reader_of_escapes_finds_what_a_name_could_send() -> None:
    for piece in PIECES:
        assert strange(f"Tentacle {piece} run".encode()) != []
    assert strange(b"\x1b[1;38;2;1;2;3mTentacle\x1b[0m\x1b[3;4H\x1b[?1049h") == []
    assert strange(b"\x1b[31") != []
