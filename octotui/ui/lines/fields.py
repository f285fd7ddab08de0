"""Labelled text under headings: what the details and the screens beside them are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, left, wrapped
from octotui.ui.lines.glyphs import Glyphs

LABEL = 10
"""Cells of a label, the gap behind it included."""


class Field(NamedTuple):
    """A label with its text; a field without text is left out. `style` is that of the text."""

    label: str
    text: str
    style: str = ""


def field_lines(field: Field, width: int, glyphs: Glyphs) -> list[Line]:
    if not field.text:
        return []
    parts = wrapped(glyphs.text(printable(field.text)), max(8, width - LABEL))
    return [
        (Piece(left(field.label if number == 0 else "", LABEL), "label"), Piece(part, field.style))
        for number, part in enumerate(parts)
    ]


def section(heading: str, fields: Iterable[Field], width: int, glyphs: Glyphs) -> list[Line]:
    """The heading and the fields that have a text; nothing when none has."""
    lines = [line for field in fields for line in field_lines(field, width, glyphs)]
    return [heading_line(heading, width, glyphs), *lines] if lines else []


def heading_line(heading: str, width: int, glyphs: Glyphs) -> Line:
    return (Piece(cut(heading, width, glyphs.ellipsis), "heading"),)
