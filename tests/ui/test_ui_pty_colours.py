"""What reaches a real terminal: no colour under NO_COLOR, few colours on a console, ASCII alone where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from escapes import colours, strange
from terminal_emulator import Terminal

TOUR = ("?", "\x1b", "\x10", "theme", "\x1b", "/", "zz\x1b", "\r", "\x1b", "v", "\x1b", "2", "\x1b", "T", "m", "q")
"""Help, palette, filter, details, plan, dumps, a sentence, a mark, and out again."""


@contextmanager
def screen(*options: str, **environment: str) -> Iterator[Terminal]:
    with Terminal(["--all", "--interval", "60", *options], environment) as terminal:
        terminal.wait_for(lambda seen: "PROCESS" in seen and "octotui" in seen)
        yield terminal


def tour(terminal: Terminal) -> bytes:
    """Every byte of a visit to each screen and dialog."""
    for keys in TOUR:
        terminal.settle(3)
        terminal.press(keys)
    assert terminal.wait_for_end() == 0
    return bytes(terminal.raw)


@pytest.mark.parametrize("theme", ["dark", "ansi"])
def test_no_colour_code_reaches_a_terminal_that_wants_none(theme: str) -> None:
    with screen("--theme", theme, NO_COLOR="1", COLORTERM="truecolor") as terminal:
        assert colours(tour(terminal)) == set()


def test_an_empty_no_color_asks_for_nothing() -> None:
    with screen(NO_COLOR="", COLORTERM="truecolor") as terminal:
        assert "38;2" in colours(terminal.settle(5) and bytes(terminal.raw))


@pytest.mark.parametrize("term", ["linux", "vt100"])
def test_a_console_gets_its_own_sixteen_colours(term: str) -> None:
    with screen(TERM=term) as terminal:
        assert not {"38;2", "48;2", "38;5", "48;5"} & colours(tour(terminal))


def test_a_terminal_of_256_colours_gets_no_more() -> None:
    with screen() as terminal:
        assert not {"38;2", "48;2"} & colours(tour(terminal))


@pytest.mark.parametrize(("option", "locale"), [("--ascii", "C.UTF-8"), ("--read-only", "POSIX")])
def test_no_byte_beyond_ascii_reaches_a_terminal_that_cannot_show_it(option: str, locale: str) -> None:
    with screen(option, LC_ALL=locale) as terminal:
        assert max(tour(terminal)) < 0x80


def test_the_screen_sends_only_the_sequences_that_are_its_own() -> None:
    with screen() as terminal:
        assert strange(tour(terminal)) == []
