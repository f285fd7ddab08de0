"""Draws rows as strips for the process table, and remembers what it drew."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from octotui.processes.model import ProcessKey
from octotui.processes.view import Row
from octotui.ui.lines.cells import Line
from octotui.ui.lines.columns import Layout
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.row import is_drawn_alike, row_line
from octotui.ui.lines.signs import Sign

_MOST_KEPT = 512
_UNDER_CURSOR = ("context", "other", "guide", "dim")
"""Styles that would be hard to read on the cursor's colour."""


class RowPainter:
    """Lines and strips of rows. A row that is drawn as it was before costs a comparison.

    `style_of` gives the style of a name, "" and "cursor" among them, on the style of the table.
    """

    def __init__(self, glyphs: Glyphs, style_of: Callable[[str], Style]) -> None:
        self._glyphs = glyphs
        self._style_of = style_of
        self._lines: dict[ProcessKey, tuple[Row, Layout, bool, Sign, Line]] = {}
        self._strips: dict[tuple[Line, bool, int], Strip] = {}
        self._styles: dict[tuple[str, bool], Style] = {}

    def forget_styles(self) -> None:
        """The stylesheet changed."""
        self._strips.clear()
        self._styles.clear()

    def line(self, row: Row, layout: Layout, *, is_cursor: bool, sign: Sign = Sign.NONE) -> Line:
        """The row as it is drawn, exactly as wide as the layout."""
        known = self._lines.get(row.key)
        if known is not None:
            before, laid_out, had_cursor, had_sign, line = known
            if (
                laid_out is layout and had_cursor is is_cursor and had_sign is sign
                and is_drawn_alike(row, before)
            ):  # fmt: skip
                return line
        line = row_line(row, layout, self._glyphs, is_cursor=is_cursor, sign=sign)
        if len(self._lines) > _MOST_KEPT:
            self._lines.clear()
        self._lines[row.key] = (row, layout, is_cursor, sign, line)
        return line

    def strip(self, line: Line, layout: Layout, width: int, *, is_cursor: bool) -> Strip:
        """The line in its styles, padded or cut to `width` cells."""
        strip = self._strips.get((line, is_cursor, width))
        if strip is None:
            if len(self._strips) > _MOST_KEPT:
                self._strips.clear()
            segments = [Segment(piece.text, self._style(piece.style, is_cursor)) for piece in line]
            strip = Strip(segments, layout.width).adjust_cell_length(width, self._style("", is_cursor))
            self._strips[line, is_cursor, width] = strip
        return strip

    def _style(self, name: str, is_cursor: bool) -> Style:
        style = self._styles.get((name, is_cursor))
        if style is None:
            style = self._style_of("")
            if is_cursor:
                style += self._style_of("cursor")
            if name and not (is_cursor and name in _UNDER_CURSOR):
                style += self._style_of(name)
            self._styles[name, is_cursor] = style
        return style
