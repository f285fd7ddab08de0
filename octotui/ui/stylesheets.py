"""Finds the styles folder: inside the wheel, or beside the package in a checkout and an editable install."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

COMPONENTS = (
    "layout",
    "process_table",
    "status_line",
    "dumps_panel",
    "filter_bar",
    "detail",
    "dialogs",
    "watch",
    "help",
)
"""The stylesheets in the order in which they are read; tokens are values, not rules, and stand apart."""

_TOKEN = re.compile(r"^\$([a-z][a-z0-9-]*):\s*([^;]+);", re.MULTILINE)


def styles_directory(package: Path | None = None) -> Path:
    """`octotui/styles` of a wheel, else `styles` beside the package. `package` is the package's directory."""
    package = package or Path(__file__).resolve().parent.parent
    shipped = package / "styles"
    return shipped if shipped.is_dir() else package.parent / "styles"


def stylesheet_paths() -> list[Path]:
    return [styles_directory() / f"{name}.tcss" for name in COMPONENTS]


@cache
def tokens(theme: str) -> Mapping[str, str]:
    """Names and values of a theme's tokens: `tokens.tcss`, then those of `tokens_THEME.tcss` over them."""
    directory = styles_directory()
    found = _read(directory / "tokens.tcss")
    if theme != "dark":
        found |= _read(directory / f"tokens_{theme.replace('-', '_')}.tcss")
    return found


def _read(path: Path) -> dict[str, str]:
    return {name: value.strip() for name, value in _TOKEN.findall(path.read_text(encoding="utf-8"))}
