"""The mouse is handed back to the terminal and taken again, a suspended screen comes back, no odd key ends anything."""

from __future__ import annotations

import re

from terminal_emulator import Terminal
from ui_fakes import FakeHost
from ui_screen import frame, screen

MODES = (b"1000", b"1003", b"1006")


def switched(raw: bytes, letter: bytes) -> bool:
    """Whether every mode of mouse reports was set (`h`) or reset (`l`) in `raw`."""
    return all(b"\x1b[?" + mode + letter in raw for mode in MODES)


def test_t_turns_the_reports_of_the_mouse_off_and_on_again() -> None:
    with Terminal(["--all", "--interval", "60"], {}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen)
        terminal.settle(3)
        assert switched(bytes(terminal.raw), b"h")
        start = len(terminal.raw)
        terminal.press("T")
        terminal.wait_for(lambda seen: "Mouse off: select text as usual; T turns it on again" in seen)
        assert switched(bytes(terminal.raw[start:]), b"l")
        start = len(terminal.raw)
        terminal.press("T")
        terminal.wait_for(lambda seen: "Mouse on:" in seen and "Shift and drag" in seen)
        assert switched(bytes(terminal.raw[start:]), b"h")
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def test_without_a_mouse_none_is_asked_for_until_t_does() -> None:
    with Terminal(["--all", "--no-mouse", "--interval", "60"], {}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen)
        terminal.settle(3)
        assert not re.search(rb"\x1b\[\?100[0236]h", bytes(terminal.raw))
        terminal.press("T")
        terminal.wait_for(lambda seen: "Mouse on:" in seen)
        assert switched(bytes(terminal.raw), b"h")
        terminal.press("q")
        assert terminal.wait_for_end() == 0


async def test_the_sentence_of_the_mouse_is_seen_on_every_screen_and_the_help_names_shift() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("2", "T")
        await pilot.pause()
        assert "Mouse off" in frame(app)
        await pilot.press("escape", "question_mark", *"mouse")
        await pilot.pause()
        assert "Shift and drag" in frame(app)


def test_a_key_of_a_terminal_set_to_latin_1_ends_nothing() -> None:
    with Terminal(["--all", "--interval", "60"], {}) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen)
        terminal.press("\udce9\udcff")
        terminal.settle(2)
        terminal.press("/")
        terminal.wait_for(lambda seen: "role:calamari" in seen)
        terminal.press("caf\udce9")
        terminal.wait_for(lambda seen: "/caf" in seen)
        terminal.press("\x11")
        assert terminal.wait_for_end() == 0
