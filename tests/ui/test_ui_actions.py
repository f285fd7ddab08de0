"""The action table: one source of keys for bindings, footer, palette, help and README."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from ui_fakes import CALAMARI, TENTACLE, FakeHost
from ui_screen import frame, screen, until

from octotui.config import Settings
from octotui.configfile import KeySetting
from octotui.ui.actions import ACTIONS, BY_ID, Action, Group, Place, Rule, key_table_markdown
from octotui.ui.keymap import DEFAULTS, make_keymap
from octotui.ui.lines.cells import line_text, line_width
from octotui.ui.lines.glyphs import ASCII, UNICODE
from octotui.ui.lines.keys import footer_line, help_lines, hints_line
from octotui.ui.screens.help import HelpScreen

READ_ONLY = Settings(interval_seconds=60.0, read_only=True)


def bound(*settings: tuple[str, str]) -> Settings:
    keys = tuple(KeySetting(action, tuple(keys.split()), "config.toml") for action, keys in settings)
    return Settings(interval_seconds=60.0, keys=keys)


@pytest.mark.parametrize("place", list(Place))
def test_no_key_runs_two_actions_on_one_screen(place: Place) -> None:
    keys = Counter(key for action in ACTIONS if action.is_at(place) for key in action.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_id_is_given_once() -> None:
    assert len(BY_ID) == len(ACTIONS)


def test_letters_of_movement_carry_no_action() -> None:
    moves = {"k", "j", "h", "l", "g", "G"}
    assert {action.group.value for action in ACTIONS if moves & set(action.keys)} == {"Move"}


def test_the_readme_table_has_a_row_for_every_action() -> None:
    table = key_table_markdown()
    assert all(f"| {action.label} | {action.help} |" in table for action in ACTIONS)
    assert "`Ctrl+p`" in table and "`>`" in table and "`*`" in table


def test_the_footer_fits_every_width_and_keeps_dump_help_and_quit_longest() -> None:
    for width in range(1, 200):
        line = footer_line(width, UNICODE, DEFAULTS, disabled=())
        assert line_width(line) == width
    text = line_text(footer_line(44, UNICODE, DEFAULTS, disabled=(), hidden={"cancel-job"}))
    assert "d Dump tree" in text and "? Help" in text and "q Quit" in text


def test_hints_of_a_screen_are_never_cut_in_the_middle() -> None:
    ids = ("back", "copy-path", "verify-dump", "remove-dump", "help")
    whole = line_text(hints_line(ids, 100, UNICODE, DEFAULTS, disabled={"remove-dump"}))
    assert "(R Remove)" in whole
    for width in range(1, 60):
        line = hints_line(ids, width, UNICODE, DEFAULTS, disabled={"remove-dump"})
        assert line_text(line).rstrip() in (
            "",
            *(whole[:end].rstrip() for end in range(len(whole)) if whole[end] == " "),
        )
        assert line_width(line) <= width + 2


def test_help_holds_every_action_in_ascii_too() -> None:
    for place in Place:
        text = "\n".join(line_text(line) for line in help_lines(73, ASCII, DEFAULTS, place=place))
        assert text.isascii()
        assert all(action.label in text for action in ACTIONS)
    found = help_lines(120, UNICODE, DEFAULTS, search="dump tree", disabled={"dump-tree"})
    assert "not available now" in line_text(found[1])


def test_help_narrows_to_what_is_typed() -> None:
    lines = [line_text(line) for line in help_lines(73, UNICODE, DEFAULTS, search="unmark everything")]
    assert lines[0] == "Capture" and len(lines) == 2 and lines[1].startswith("U ")
    assert help_lines(73, UNICODE, DEFAULTS, search="[/b]") == ()


@pytest.mark.parametrize("width", [35, 55, 75, 95])
def test_help_is_wrapped_and_never_cut(width: int) -> None:
    lines = help_lines(width, UNICODE, DEFAULTS)
    assert max(line_width(line) for line in lines) <= width
    words = " ".join(line_text(line) for line in lines).split()
    for action in ACTIONS:
        assert set(action.help.split()) <= set(words)


def of(place: Place) -> set[str]:
    return {action.id for action in ACTIONS if place in action.places and not action.is_global}


async def test_every_action_has_a_handler_on_every_screen_of_its_own() -> None:
    async with screen(FakeHost()) as (app, pilot):
        assert set(app.processes.handlers) == of(Place.PROCESSES)
        assert all(isinstance(app.processes.rules.is_enabled(rule), bool) for rule in Rule)
        opened = (("2", Place.DUMPS), ("enter", Place.DETAIL), ("s", Place.STACKS), ("O", Place.HEAP))
        for key, place in opened:
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not app.processes)
            assert set(app.program.screen.handlers) == of(place)
            for _ in range(2):
                await pilot.press("escape")
                await pilot.pause()
            assert app.screen is app.processes


NOT_MOVES = [action for action in ACTIONS if action.group is not Group.MOVE]


@pytest.mark.parametrize(
    "action", [a for a in NOT_MOVES if Place.PROCESSES in a.places or a.is_global], ids=lambda a: a.id
)
async def test_every_action_of_the_processes_ends_in_a_sentence_or_in_another_screen(action: Action) -> None:
    for key in action.keys:
        async with screen(FakeHost()) as (app, pilot):
            app.processes.table.move_to_key(CALAMARI.key)
            assert app.processes.message == ""
            await pilot.press(key)
            await pilot.pause()
            is_seen = (
                app.processes.message or app.screen is not app.processes or app.processes.filter_bar.has_class("-open")
            )
            assert is_seen or action.id == "quit", f"{action.id} by {key} is silent"
            assert action.id != "quit" or app.return_code == 0


@pytest.mark.parametrize("action", [a for a in NOT_MOVES if Place.DUMPS in a.places], ids=lambda a: a.id)
async def test_every_action_of_the_dumps_ends_in_a_sentence_or_in_another_screen(action: Action) -> None:
    for key in action.keys:
        async with screen(FakeHost()) as (app, pilot):
            await pilot.press("2")
            await until(pilot, lambda: "No dump yet" in frame(app))
            before, dumps = frame(app), app.screen
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is not dumps or frame(app) != before, f"{action.id} by {key} is silent"


@pytest.mark.parametrize("action", [a for a in NOT_MOVES if Place.DETAIL in a.places], ids=lambda a: a.id)
async def test_every_action_of_the_details_ends_in_a_sentence_or_in_another_screen(action: Action) -> None:
    for key in action.keys:
        async with screen(FakeHost()) as (app, pilot):
            app.processes.table.move_to_key(CALAMARI.key)
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is not app.processes)
            before, detail = frame(app), app.screen
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is not detail or frame(app) != before, f"{action.id} by {key} is silent"


async def test_a_match_is_counted_and_children_are_said_to_be_folded() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("slash", *"a", "enter", "n")
        await until(pilot, lambda: app.processes.message.startswith("Match "))
        await pilot.press("escape", "escape")
        app.processes.table.move_to_key(TENTACLE.key)
        await pilot.press("C")
        await until(pilot, lambda: app.processes.message == "The children of Tentacle 812 are folded")
        await pilot.press("C")
        await until(pilot, lambda: app.processes.message == "The children of Tentacle 812 are unfolded")


CAPTURING = [action for action in ACTIONS if action.rule is Rule.CAPTURE]


@pytest.mark.parametrize("action", CAPTURING, ids=lambda action: action.id)
async def test_read_only_shows_an_action_that_captures_as_not_available_and_it_says_why(action: Action) -> None:
    host = FakeHost(settings=READ_ONLY)
    async with screen(host) as (app, pilot):
        if action.footer:
            assert f"({DEFAULTS.name(action.id)} {action.label})" in frame(app)
        assert "(v Plan)" not in frame(app)
        for key in action.keys:
            await pilot.press("escape", key)
            await pilot.pause()
            assert app.screen is app.processes and host.dumps.requests == []
            assert app.processes.message == "Read-only (an option or a setting): nothing is captured; v shows the plan"
        await pilot.press("question_mark", *action.label.replace(" ", "")[:4])
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "(not available now)" in app.screen.text())
        assert "read-only" in app.processes._status_line.text()


async def test_read_only_shows_the_removal_of_a_dump_as_not_available() -> None:
    async with screen(FakeHost(settings=READ_ONLY)) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "(R Remove)" in frame(app))
        await pilot.press("R")
        await until(pilot, lambda: "nothing is removed" in frame(app))


@pytest.mark.parametrize(
    ("key", "words"), [("x", "No capture runs"), ("n", "No filter is set"), ("U", "No process is marked; m marks one")]
)
async def test_a_key_that_is_not_available_now_answers_with_the_reason(key: str, words: str) -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert words in app.processes.message


async def test_keys_of_a_config_file_work_and_are_shown_wherever_keys_are_shown() -> None:
    host = FakeHost(
        settings=bound(("dump-tree", "f8"), ("mark", "ctrl+d"), ("help", "F2"), ("filter", "z"), ("quit", "Q"))
    )
    async with screen(host) as (app, pilot):
        assert "F8 Dump tree" in frame(app) and "z Filter" in frame(app) and "F2 Help" in frame(app)
        assert "Q Quit" in frame(app)
        assert app.processes.active_bindings["z"].binding.id == "filter"
        await pilot.press("d", "q", "slash", "question_mark")
        await pilot.pause()
        assert app.screen is app.processes and not app.processes.filter_bar.has_class("-open")
        await pilot.press("U")
        await until(pilot, lambda: app.processes.message == "No process is marked; ^d marks one")
        await pilot.press("ctrl+d")
        await until(pilot, lambda: "is marked" in app.processes.message)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert isinstance(app.screen, HelpScreen)
        assert "F8 " in app.screen.text() and "Filter (z)" in app.screen.text()
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is app.processes)
        await pilot.press("f8")
        await until(pilot, lambda: app.screen is not app.processes and bool(host.dumps.requests))


async def test_a_rebinding_never_takes_a_letter_from_someone_who_types() -> None:
    async with screen(FakeHost(settings=bound(("quit", "Z"), ("help", "b"), ("palette", "c"), ("redraw", "z")))) as (
        app,
        pilot,
    ):
        await pilot.press("slash", *"Zbcz")
        await until(pilot, lambda: app.processes.filter_bar.input.value == "Zbcz")
        assert app.screen is app.processes
        await pilot.press("escape", "b")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("x", "a", "b")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen) and app.screen._input.value == "xab"


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c", "Q"])
async def test_quitting_is_possible_whatever_the_config_says_of_it(key: str) -> None:
    for keys in ("", "Q"):
        if key == "Q" and not keys:
            continue
        async with screen(FakeHost(settings=bound(("quit", keys)))) as (app, pilot):
            await pilot.press(key)
            await until(pilot, lambda: app.return_code == 0)


async def test_the_other_screens_follow_the_keys_of_the_config_file() -> None:
    settings = bound(("remove-dump", "f8"), ("copy-command", "c"), ("back", "b"), ("cursor-down", "i"), ("quit", "z"))
    async with screen(FakeHost(settings=settings)) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "b Back" in frame(app) and "(F8 Remove)" in frame(app))
        await pilot.press("f8")
        await until(pilot, lambda: "nothing to remove" in frame(app))
        await pilot.press("R", "b")
        await until(pilot, lambda: app.screen is app.processes)
        await pilot.press("i", "enter")
        await until(pilot, lambda: "c Copy command" in frame(app))
        await pilot.press("c")
        await until(pilot, lambda: "Copied: " in frame(app))
        await pilot.press("z")
        await until(pilot, lambda: app.screen is app.processes)
        await pilot.press("2")
        await until(pilot, lambda: app.screen is not app.processes)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.processes)


def test_ids_of_other_screens_may_share_a_key() -> None:
    """The same key does what is like it elsewhere; what it changes (removing a dump) it does on one screen alone."""
    shared = {
        frozenset((one.id, other.id)) for one, other in combinations(ACTIONS, 2) if set(one.keys) & set(other.keys)
    }
    assert shared == {
        frozenset(pair)
        for pair in (
            ("back", "clear"),
            ("cancel-job", "disarm-rule"),
            ("fold", "fold-frames"),
            ("unfold", "unfold-frames"),
            ("toggle-fold", "toggle-frames"),
            ("details", "toggle-frames"),
            ("filter", "search"),
            ("next-match", "next-found"),
            ("previous-match", "previous-found"),
            ("copy-path", "copy-text"),
            ("remove-dump", "look-repeatedly"),
        )
    }
    assert make_keymap(()) == DEFAULTS


async def test_suspending_waits_for_a_capture_because_nobody_would_let_its_process_go_on() -> None:
    host = FakeHost()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture 2 processes" in frame(app) and "Left out" in frame(app))
        await pilot.press("enter")
        await until(pilot, lambda: host.dumps.has_running)
        await pilot.press("ctrl+z")
        await until(pilot, lambda: app.processes.message.startswith("A capture runs: a suspended octotui could not"))
        assert app.processes.message.endswith("x cancels it")


async def test_ctrl_c_copies_what_is_selected_and_quits_when_nothing_is() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("slash", *"pwsh", "shift+home", "ctrl+c")
        await until(pilot, lambda: app.clipboard == "pwsh")
        assert app.return_code is None
        await pilot.press("escape", "ctrl+c")
        await until(pilot, lambda: app.return_code == 0)
