"""octotui's themes, from the tokens of the styles folder: dark, light, the terminal's own palette, high contrast."""

from __future__ import annotations

from textual.theme import Theme

from octotui.ui.stylesheets import tokens

NAMES = ("dark", "light", "ansi", "high-contrast")
_BASE = frozenset(
    {
        "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface",
        "panel", "boost",
    }
)  # fmt: skip


def theme_name(name: str) -> str:
    """The registered name of one of `NAMES`; anything else is the dark theme."""
    return f"octotui-{name if name in NAMES else 'dark'}"


def make_theme(name: str) -> Theme:
    """The theme `name` of `NAMES`. Base colours are Textual's own names, the rest become variables of the styles."""
    values = tokens(name)
    base = {key: value for key, value in values.items() if key in _BASE}
    return Theme(
        name=theme_name(name),
        primary=base.pop("primary"),
        secondary=base.get("secondary"),
        warning=base.get("warning"),
        error=base.get("error"),
        success=base.get("success"),
        accent=base.get("accent"),
        foreground=base.get("foreground"),
        background=base.get("background"),
        surface=base.get("surface"),
        panel=base.get("panel"),
        boost=base.get("boost"),
        dark=name != "light",
        ansi=name == "ansi",
        variables={key: value for key, value in values.items() if key not in _BASE},
    )
