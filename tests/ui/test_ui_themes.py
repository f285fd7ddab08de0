"""The themes: what is read stands out from what is behind it, and colours live in the styles folder alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from contrast import contrast

from octotui.config import THEMES
from octotui.ui.stylesheets import stylesheet_paths, tokens
from octotui.ui.themes import NAMES

UI = Path(__file__).resolve().parents[2] / "octotui" / "ui"

TEXTS = (
    "primary", "secondary", "warning", "error", "success", "foreground", "quiet", "faint", "title", "tentacle",
    "server", "calamari", "script", "tool", "task", "arrived", "exited", "marked", "capturing", "busy",
)  # fmt: skip
GROUNDS = ("background", "surface", "panel")
ON_THE_CURSOR = tuple(name for name in TEXTS if name not in ("quiet", "faint"))
"""The row under the cursor draws what is quiet elsewhere as its title."""
PAIRS = (("choice-focus-text", "choice-focus"), ("foreground", "choice"))

LEAST = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0}

COLOUR = re.compile(
    r"""["'](?:[^"']*\s)?(?:#[0-9a-fA-F]{3,8}|rgba?\(.*?\)|(?:ansi_|bright_)?(?:black|red|green|yellow|blue"""
    r"""|magenta|cyan|white|orange|purple|gr[ae]y)\d*)["'\s]|from_rgb|from_ansi|Color\.parse"""
)


@pytest.mark.parametrize("theme", LEAST)
def test_every_text_stands_out_from_what_is_behind_it(theme: str) -> None:
    values = tokens(theme)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    pairs += [(text, "cursor-line") for text in ON_THE_CURSOR]
    weak = {
        (text, ground): round(ratio, 2)
        for text, ground in (*pairs, *PAIRS)
        if (ratio := contrast(values[text], values[ground])) < LEAST[theme]
    }
    assert weak == {}


def test_black_on_white_is_the_strongest_contrast_and_a_colour_on_itself_none() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert contrast("#5b6875", "#5b6875") == 1.0


def test_themes_of_the_settings_and_of_the_screen_are_the_same() -> None:
    assert THEMES == NAMES


def test_no_colour_stands_in_the_code_of_the_screen() -> None:
    for path in UI.rglob("*.py"):
        found = [line for line in path.read_text("utf-8").splitlines() if COLOUR.search(line)]
        assert found == [], path.name


@pytest.mark.parametrize("line", ['Style(color="red")', 'x = "#a1b2c3"', '"bold green"', '"rgb(1,2,3)"', "'ansi_blue'"])
def test_a_colour_in_the_code_would_be_found(line: str) -> None:
    assert COLOUR.search(line)


def test_no_colour_stands_in_a_stylesheet_but_those_of_tokens() -> None:
    for path in stylesheet_paths():
        rules = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        values = re.findall(r"(?:color|background|border\S*)\s*:\s*([^;]+);", rules)
        words = {word for value in values for word in value.split()}
        assert {w for w in words if not w.startswith("$")} <= {"solid", "round", "ascii", "none", "60%"}, path.name
