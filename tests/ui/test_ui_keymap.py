"""Names of keys as people write them, and the keys in force: what a config file may bind and what it may not."""

from __future__ import annotations

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import _character_to_key

from octotui.configfile import KeySetting
from octotui.errors import UsageError
from octotui.ui.actions import ACTIONS
from octotui.ui.keymap import DEFAULTS, Keymap, make_keymap
from octotui.ui.keynames import UnknownKey, key_name, key_of, written_key


def bound(**settings: list[str]) -> Keymap:
    return make_keymap(KeySetting(name.replace("_", "-"), tuple(keys), "a.toml") for name, keys in settings.items())


def refused(**settings: list[str]) -> str:
    with pytest.raises(UsageError) as caught:
        bound(**settings)
    assert caught.value.message.startswith("a.toml: ")
    assert "octotui --no-config" in caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("?", "question_mark"),
        ("question_mark", "question_mark"),
        ("/", "slash"),
        ("<", "less_than_sign"),
        ("+", "plus"),
        ("-", "minus"),
        (",", "comma"),
        ("F5", "f5"),
        ("f12", "f12"),
        ("Ctrl+P", "ctrl+p"),
        ("ctrl-p", "ctrl+p"),
        ("C-p", "ctrl+p"),
        ("^p", "ctrl+p"),
        ("^", "circumflex_accent"),
        ("Space", "space"),
        (" ", "space"),
        ("Ctrl+Space", "ctrl+@"),
        ("Ctrl+]", "ctrl+right_square_bracket"),
        ("PgUp", "pageup"),
        ("Page Down", "pagedown"),
        ("Del", "delete"),
        ("Esc", "escape"),
        ("Return", "enter"),
        ("↑", "up"),
        ("g", "g"),
        ("G", "G"),
        ("Shift+g", "G"),
        ("shift+tab", "shift+tab"),
        ("Ctrl+Shift+Up", "ctrl+shift+up"),
        ("Alt+x", "alt+x"),
        ("é", "é"),
    ],
)
def test_a_key_may_be_written_as_a_person_writes_it(written: str, key: str) -> None:
    assert key_of(written) == key


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("F99", "there is no key"),
        ("pgeup", 'did you mean "PgUp"?'),
        ("ctlr+d", 'did you mean "Ctrl+d"?'),
        ("quesion_mark", 'did you mean "?"?'),
        ("Ctrl+I", "a terminal sends the same"),
        ("ctrl+m", "Enter"),
        ("hyper+q", "there is no key"),
        ("dd", "there is no key"),
        ("ctrl+", "there is no key"),
        ("Ctrl+?", "there is no key"),
        ("alt+F4", "there is no key"),
    ],
)
def test_a_key_that_no_terminal_sends_is_named_with_the_nearest_one(written: str, words: str) -> None:
    with pytest.raises(UnknownKey) as caught:
        key_of(written)
    assert words in f"{caught.value} {caught.value.hint}"


def test_every_character_has_the_name_that_textual_gives_it() -> None:
    for character in map(chr, [*range(0x21, 0x7F), 0xA7, 0xB0, 0xE9, 0x20AC]):
        assert key_of(character) == _character_to_key(character)


def test_what_a_key_is_written_as_is_read_as_the_same_key() -> None:
    sent = {key.value for keys in ANSI_SEQUENCES_KEYS.values() if isinstance(keys, tuple) for key in keys}
    for key in {key for action in ACTIONS for key in action.keys} | {
        "ctrl+@",
        "ctrl+backslash",
        "ctrl+shift+up",
        "shift+tab",
        "alt+x",
    }:
        assert key_of(written_key(key)) == key_of(key) == key
        assert key in sent or len(key) == 1 or key in {_character_to_key(c) for c in "?/*<>+-:,.[]{}"} | {"alt+x"}


def test_keys_read_as_they_stand_on_the_keyboard() -> None:
    assert [key_name(key) for key in ("question_mark", "f5", "ctrl+c", "escape", "G")] == ["?", "F5", "^c", "Esc", "G"]
    assert key_name("ctrl+@") == "Ctrl+Space" and key_name("ctrl+shift+up") == "Ctrl+Shift+↑"


def test_a_given_key_is_taken_from_the_action_that_has_another_one_by_default() -> None:
    keymap = bound(dump_tree=["ctrl+d"])
    assert keymap.of("dump-tree") == ("ctrl+d",) and keymap.of("page-down") == ("pagedown",)
    assert [action.id for action in keymap.changed()] == ["page-down", "dump-tree"]


def test_two_actions_may_change_their_keys() -> None:
    keymap = bound(dump_tree=["x", "x"], cancel_job=["d"])
    assert (keymap.of("dump-tree"), keymap.of("cancel-job")) == (("x",), ("d",))


def test_an_action_may_have_no_key_and_is_then_named_by_the_palette() -> None:
    keymap = bound(cancel_job=[])
    assert keymap.of("cancel-job") == () and keymap.name("cancel-job") == ""
    assert keymap.how("cancel-job") == "Cancel in the palette"


def test_one_key_of_two_actions_is_refused_with_both_names() -> None:
    assert "gives F8 to both dump-tree and mark" in refused(dump_tree=["F8"], mark=["d", "f8"])
    assert "gives x to dump-tree, and cancel-job has no other key" in refused(dump_tree=["x"])
    assert "gives V to redraw, and verify-dump has no other key" in refused(redraw=["V"])


def test_one_key_may_serve_two_screens() -> None:
    assert bound(mark=["V"]).of("verify-dump") == bound(mark=["V"]).of("mark") == ("V",)


def test_an_unknown_action_is_named_with_the_nearest_one() -> None:
    assert 'no action "dump-three": did you mean "dump-tree"?' in refused(dump_three=["d"])
    assert "octotui config --keys --no-config lists them" in refused(zzz=["d"])


def test_an_unknown_key_is_named_with_its_action() -> None:
    assert 'mark: there is no key "F77": did you mean' in refused(mark=["F77"])


@pytest.mark.parametrize(("key", "owner"), [("escape", "back"), ("ctrl+c", "quit"), ("Ctrl+Q", "quit")])
def test_the_ways_out_cannot_be_given_away(key: str, owner: str) -> None:
    assert f"it is kept for {owner}" in refused(mark=[key])


def test_escape_never_quits_and_quitting_never_goes_away() -> None:
    assert "cannot have Esc" in refused(quit=["escape"])
    assert bound(quit=[]).of("quit") == ("ctrl+q", "ctrl+c")
    assert bound(quit=["F10"]).of("quit") == ("f10", "ctrl+q", "ctrl+c")
    assert bound(clear=["F9"]).of("clear") == ("f9", "escape")
    assert DEFAULTS.of("quit")[1:] == ("ctrl+q", "ctrl+c")
