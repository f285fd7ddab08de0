"""The action table: one source of keys for bindings, footer, palette, help and README."""

from __future__ import annotations

from collections import Counter

import pytest
from textual.binding import Binding
from ui_fakes import FakeHost
from ui_screen import frame, screen

from octotui.ui.actions import ACTIONS, Rule, key_name, key_table_markdown
from octotui.ui.bindings import global_bindings, screen_bindings
from octotui.ui.lines.cells import line_text, line_width
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.keys import footer_line, help_lines


def test_no_key_and_no_id_is_given_twice() -> None:
    keys = Counter(key for action in ACTIONS for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


def test_letters_of_movement_carry_no_action() -> None:
    moves = {"k", "j", "h", "l", "g", "G"}
    assert {action.group.value for action in ACTIONS if moves & set(action.keys)} == {"Move"}


def test_every_key_of_the_table_is_bound() -> None:
    bound = [binding for binding in (*screen_bindings(), *global_bindings()) if isinstance(binding, Binding)]
    keys = {key for binding in bound for key in binding.key.split(",")}
    assert keys == {key for action in ACTIONS for key in action.keys}


def test_the_readme_table_has_a_row_for_every_action() -> None:
    table = key_table_markdown()
    assert all(f"| {action.label} | {action.help} |" in table for action in ACTIONS)
    assert "`Ctrl+p`" in table and "`>`" in table and "`*`" in table


def test_keys_read_as_they_stand_on_the_keyboard() -> None:
    assert [key_name(key) for key in ("question_mark", "f5", "ctrl+c", "escape", "G")] == ["?", "F5", "^c", "Esc", "G"]


def test_the_footer_fits_every_width_and_keeps_dump_help_and_quit_longest() -> None:
    for width in range(1, 200):
        line = footer_line(width, UNICODE, disabled=())
        assert line_width(line) == width
    text = line_text(footer_line(44, UNICODE, disabled=(), hidden={"cancel-job"}))
    assert "d Dump tree" in text and "? Help" in text and "q Quit" in text


def test_help_holds_every_action_in_ascii_too() -> None:
    text = "\n".join(line_text(line) for line in help_lines(73, ASCII))
    assert text.isascii()
    assert all(action.label in text for action in ACTIONS)
    assert "not available now" in line_text(help_lines(120, UNICODE, search="dump tree", disabled={"dump-tree"})[1])


def test_help_narrows_to_what_is_typed() -> None:
    lines = [line_text(line) for line in help_lines(73, UNICODE, search="unmark everything")]
    assert lines[0] == "Capture" and len(lines) == 2 and lines[1].startswith("U ")
    assert line_text(help_lines(73, UNICODE, search="[/b]")[0]) == 'No key matches "[/b]".'


async def test_every_action_has_a_handler() -> None:
    async with screen(FakeHost()) as (app, _):
        handled = set(app.processes._handlers)
        assert handled == {action.id for action in ACTIONS if not action.is_global}
        assert all(isinstance(app.processes.rules.is_enabled(rule), bool) for rule in Rule)


async def test_read_only_shows_the_capture_keys_as_not_available_and_they_say_why() -> None:
    from dataclasses import replace

    host = FakeHost()
    host.settings = replace(host.settings, read_only=True)
    async with screen(host) as (app, pilot):
        assert "(d Dump tree)" in frame(app) and "(v Plan)" not in frame(app)
        for key in ("d", "D"):
            await pilot.press("escape", key)
            await pilot.pause()
            assert app.screen is app.processes and host.dumps.requests == []
            assert "Read-only (an option or a setting)" in app.processes.message
        assert "read-only" in app.processes._status_line.text()


@pytest.mark.parametrize(
    ("key", "words"), [("x", "No capture runs"), ("n", "No filter is set"), ("U", "No process is marked")]
)
async def test_a_key_that_is_not_available_now_answers_with_the_reason(key: str, words: str) -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert words in app.processes.message
