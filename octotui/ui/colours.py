"""No colour where NO_COLOR asks for none: styles keep bold, reverse and underline, and lose the rest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


def wants_no_colour(environment: Mapping[str, str]) -> bool:
    """Whether NO_COLOR holds: by its convention (no-color.org) an empty variable does not count."""
    return bool(environment.get("NO_COLOR"))


class Colourless(LineFilter):
    """Takes every colour out, the terminal's own default ones too: no colour code reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, style if style is None else _without_colour(style), control)
            for text, style, control in segments
        ]


@lru_cache(4096)
def _without_colour(style: Style) -> Style:
    # What a click on a cell means is in the style too.
    return style.without_color + Style.from_meta(style.meta) if style.meta else style.without_color
