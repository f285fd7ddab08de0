"""Settings come from flags, environment and files, in that order, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from octotui.config import KEYS, THEMES, Origin, Settings, load, resolve
from octotui.errors import UsageError

UTF8 = {"LANG": "C.UTF-8"}


def written(directory: Path, name: str, text: str | bytes) -> Path:
    file = directory / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_without_files_the_defaults_hold_and_nothing_is_created(tmp_path: Path) -> None:
    assert load([tmp_path / "config.toml"], UTF8) == Settings()
    assert list(tmp_path.iterdir()) == []


def test_flag_over_environment_over_user_file_over_system_file(tmp_path: Path) -> None:
    system = written(tmp_path, "system.toml", 'interval = 8\ntheme = "light"\nascii = true\nshow = "everything"')
    user = written(tmp_path, "user.toml", 'interval = 6.5\ntheme = "ansi"\n')
    settings = load([system, user], {"OCTOTUI_INTERVAL": "5"}, theme="dark", filter=None)
    assert settings == Settings(interval_seconds=5.0, theme="dark", ascii=True, scope="everything")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("intervall = 3", 'did you mean "interval"?'),
        ("interval = true", "takes a number of seconds"),
        ('interval = "fast"', "takes a number of seconds"),
        ("interval = 0.01", "out of range"),
        ("interval = nan", "out of range"),
        ('theme = "solarised"', "it is one of dark, light, ansi"),
        ("ascii = 1", "takes true or false"),
        ("no = [", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
        ("\x1b]0;x\x07 = 1", "not valid TOML"),
        ('"\\u001b]0;x" = 1', "there is no setting"),
    ],
)
def test_a_wrong_config_is_a_sentence_that_names_the_file(tmp_path: Path, text: str | bytes, words: str) -> None:
    file = written(tmp_path, "config.toml", text)
    with pytest.raises(UsageError) as caught:
        load([file], {})
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_wrong_environment_variable_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="takes a number of seconds"):
        load([], {"OCTOTUI_INTERVAL": "soon"})


def test_the_environment_speaks_of_true_and_false() -> None:
    given = {**UTF8, "OCTOTUI_READ_ONLY": "yes", "OCTOTUI_MOUSE": "0"}
    assert load([], given) == Settings(read_only=True, mouse=False)


@pytest.mark.parametrize(
    ("environment", "is_ascii"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.utf8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "C", "OCTOTUI_ASCII": "false"}, False),
    ],
)
def test_a_locale_without_utf8_means_ascii_unless_something_else_is_said(
    environment: dict[str, str], is_ascii: bool
) -> None:
    assert load([], environment).ascii is is_ascii
    assert load([], environment, ascii=not is_ascii).ascii is not is_ascii


@pytest.mark.parametrize(("terminal", "theme"), [("xterm-256color", "dark"), ("linux", "ansi"), ("vt220", "ansi")])
def test_a_terminal_of_few_colours_gets_its_own_palette(terminal: str, theme: str, tmp_path: Path) -> None:
    assert load([], {"TERM": terminal}).theme == theme
    file = written(tmp_path, "config.toml", 'theme = "light"')
    assert load([file], {"TERM": terminal}).theme == "light"


@pytest.mark.parametrize("text", ["", "  ", "~no-such-user-anywhere/dumps"])
def test_an_output_that_names_no_directory_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no directory"):
        load([], {"OCTOTUI_OUTPUT": text})


def test_a_directory_in_place_of_the_config_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the config file"):
        load([tmp_path], {})


def test_every_setting_knows_where_it_comes_from(tmp_path: Path) -> None:
    system = written(tmp_path, "system.toml", 'interval = 8\ntheme = "light"\nquota = "5%"')
    user = written(tmp_path, "user.toml", "interval = 6.5")
    found = resolve([system, user, tmp_path / "none.toml"], {**UTF8, "OCTOTUI_THEME": "ansi", "OCTOTUI_MOUSE": "0"})
    assert found.settings == Settings(interval_seconds=6.5, theme="ansi", mouse=False, quota="5%")
    assert {name: origin for name, origin in found.origins.items() if origin.kind != "default"} == {
        "interval_seconds": Origin("file", str(user)),
        "quota": Origin("file", str(system)),
        "theme": Origin("environment", "OCTOTUI_THEME"),
        "mouse": Origin("environment", "OCTOTUI_MOUSE"),
    }
    assert set(found.origins) == {key.field for key in KEYS}
    assert [file.is_present for file in found.files] == [True, True, False]


def test_keys_of_a_later_file_replace_those_of_the_same_action(tmp_path: Path) -> None:
    system = written(tmp_path, "system.toml", '[keys]\nmark = "F8"\nquit = ["Q", "F10"]\n')
    user = written(tmp_path, "user.toml", "[keys]\nmark = []\n")
    keys = load([system, user], UTF8).keys
    assert {key.action: (key.keys, key.origin) for key in keys} == {
        "mark": ((), str(user)),
        "quit": (("Q", "F10"), str(system)),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keys = 3", '"keys" is a table'),
        ("[keys]\nmark = 3", "mark takes a key or a list of keys"),
        ("[keys]\nmark = [3]", "mark takes a key or a list of keys"),
        ('[keys]\nmark = ""', "mark takes a key or a list of keys"),
        ('[keys]\n"\\u001b[2J" = 1', "takes a key or a list of keys"),
        ('[kees]\nmark = "d"', 'did you mean "keys"?'),
        ("intervall = 3", "octotui --no-config opens the screen without the config files"),
    ],
)
def test_a_wrong_table_of_keys_is_a_sentence_and_so_is_the_way_around_it(tmp_path: Path, text: str, words: str) -> None:
    file = written(tmp_path, "config.toml", text)
    with pytest.raises(UsageError) as caught:
        load([file], {})
    assert words in str(caught.value) and str(file) in str(caught.value)
    assert "octotui --no-config" in caught.value.hint
    assert "\x1b" not in str(caught.value)


def test_a_wrong_variable_is_named_and_no_way_around_the_files_is_offered() -> None:
    with pytest.raises(UsageError) as caught:
        load([], {"OCTOTUI_THEME": "\x1b[2Jsolar"})
    assert "OCTOTUI_THEME" in caught.value.message and "\x1b" not in str(caught.value)
    assert "--no-config" not in caught.value.hint


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_can_be_named_in_the_file_and_in_the_environment(theme: str, tmp_path: Path) -> None:
    file = written(tmp_path, "config.toml", f'theme = "{theme}"')
    assert load([file], {}).theme == theme
    assert load([], {"OCTOTUI_THEME": theme}).theme == theme
