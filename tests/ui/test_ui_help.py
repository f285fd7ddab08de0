"""The help: whole at every size, searchable, with the signs, the language of the filter and the clipboard."""

from __future__ import annotations

import pytest
from ui_fakes import FakeHost
from ui_screen import frame, screen, until

from octotui.config import Settings
from octotui.processes.filters import parse_filter
from octotui.ui.actions import ACTIONS
from octotui.ui.clipboard import SHOWN, clipboard_text, copied_sentence
from octotui.ui.keymap import DEFAULTS
from octotui.ui.lines.cells import line_text, line_width
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.legend import FILTER_EXAMPLES, legend_lines
from octotui.ui.screens.help import HelpScreen


@pytest.mark.parametrize("width", [35, 55, 75, 95])
def test_the_legend_is_wrapped_and_never_cut(width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        lines = legend_lines(width, glyphs, DEFAULTS)
        assert max(line_width(line) for line in lines) <= width
        text = " ".join(" ".join(line_text(line) for line in lines).split())
        assert "being captured" in text and "set -g set-clipboard on" in text.replace("  ", " ")
        assert glyphs is UNICODE or text.isascii()


def test_the_language_of_the_filter_takes_five_lines_and_names_every_field() -> None:
    assert len(FILTER_EXAMPLES) == 5
    text = " ".join(word for row in FILTER_EXAMPLES for word in row)
    assert all(
        word in text for word in ("role:", "user:", "pid:", "task:", "cpu>", "mem>", "age<", "threads>", "|", "-")
    )


@pytest.mark.parametrize("example", [words for words, _ in FILTER_EXAMPLES])
def test_every_example_of_the_help_is_a_filter(example: str) -> None:
    assert not parse_filter(example).is_empty


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (160, 45)])
@pytest.mark.parametrize("is_ascii", [False, True])
async def test_all_of_the_help_can_be_scrolled_to(width: int, height: int, is_ascii: bool) -> None:
    host = FakeHost(settings=Settings(interval_seconds=60.0, ascii=is_ascii))
    async with screen(host, width, height) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "Move" in frame(app))
        seen: set[str] = set()
        for _ in range(len(app.screen.text().splitlines())):  # type: ignore[attr-defined]
            seen |= set(frame(app).split())
            await pilot.press("down")
            await pilot.pause()
        assert {word for action in ACTIONS for word in action.help.split()} <= seen
        assert {"Signs", "role:calamari", "Shift+drag"} <= seen
        assert max(len(line) for line in frame(app).splitlines()) <= width


@pytest.mark.parametrize(
    ("words", "expected", "missing"),
    [("clipboard", "Shift+drag", "Fold"), ("cpu>", "threads>50", "Signs"), ("DUMP tree", "Dump tree", "Signs")],
)
async def test_the_search_finds_keys_signs_and_filters(words: str, expected: str, missing: str) -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press(*("greater_than_sign" if c == ">" else "space" if c == " " else c for c in words))
        await until(pilot, lambda: missing not in frame(app))
        assert expected in frame(app)
        await pilot.press("escape", *"zzzz")
        await until(pilot, lambda: 'Nothing has "zzzz" in it.' in frame(app))


def test_what_was_copied_is_shown_and_a_long_text_is_counted() -> None:
    assert copied_sentence("812") == "Copied: 812"
    long = copied_sentence("x" * 5000)
    assert long.startswith("Copied 5000 characters: xxx") and len(long) < SHOWN + 40
    assert "\x1b" not in copied_sentence("\x1b[2J")


def test_a_path_that_is_no_utf8_can_be_copied() -> None:
    assert clipboard_text("/tmp/\udcff.dmp").encode() == "/tmp/\ufffd.dmp".encode()
    assert clipboard_text("/tmp/a\tb") == "/tmp/a\tb"
