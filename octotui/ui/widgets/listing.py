"""Lines with a cursor: as many as there are, of which only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import VerticalScroll

from octotui.ui.lines.cells import Line, Piece
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.listing import EMPTY, Item, highlighted, same_place
from octotui.ui.widgets.lines_view import LinesView


class _Lines(LinesView):
    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._bar = (Piece(glyphs.cursor, "capturing"), Piece(" ", "capturing"))
        self.items: tuple[Item, ...] = ()
        self.cursor = 0
        self._drawn: list[Line] = []

    def put(self, items: tuple[Item, ...], needle: str) -> None:
        self.items = items
        self._drawn = [(self._bar[1], *highlighted(item.line, needle)) for item in items]
        self._mark(self.cursor, is_cursor=True)

    def move_to(self, index: int) -> None:
        self._mark(self.cursor, is_cursor=False)
        self.cursor = index
        self._mark(index, is_cursor=True)
        self.changed()

    def _mark(self, index: int, *, is_cursor: bool) -> None:
        if 0 <= index < len(self._drawn):
            self._drawn[index] = (self._bar[0 if is_cursor else 1], *self._drawn[index][1:])

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return tuple(self._drawn)


class Listing(VerticalScroll, can_focus=False):
    """Scrolls so that the cursor stays in sight. The items must have been made for `room` cells."""

    def __init__(self, glyphs: Glyphs) -> None:
        self._lines = _Lines(glyphs)
        super().__init__(self._lines)

    @property
    def room(self) -> int:
        """Cells of a line beside the cursor and the scrollbar."""
        return max(1, self.app.size.width - 2)

    @property
    def items(self) -> tuple[Item, ...]:
        return self._lines.items

    @property
    def cursor(self) -> int:
        return self._lines.cursor

    @property
    def cursor_item(self) -> Item:
        items = self._lines.items
        return items[self._lines.cursor] if self._lines.cursor < len(items) else EMPTY

    def put(self, items: Sequence[Item], needle: str = "") -> None:
        """Show `items`, with every `needle` in them marked; the cursor stays with what it is on."""
        lines = self._lines
        known = self.cursor_item if lines.items else None
        moved = same_place(known, lines.cursor, items)
        lines.cursor = moved
        lines.put(tuple(items), needle)
        lines.changed()
        self.call_after_refresh(self._show_cursor)

    def move(self, step: int) -> None:
        self.move_to(self.cursor + step)

    def move_page(self, step: int) -> None:
        self.move(step * max(1, self.size.height - 1))

    def move_to(self, index: int) -> None:
        """Put the cursor on that item, or on the nearest there is."""
        self._lines.move_to(max(0, min(index, len(self._lines.items) - 1)))
        self._show_cursor()

    def on_resize(self) -> None:
        """What stands below may have grown over the cursor."""
        self._show_cursor()

    def text(self) -> str:
        return self._lines.text()

    def _show_cursor(self) -> None:
        height, top, y = self.size.height, round(self.scroll_y), self.cursor
        if y < top:
            self.scroll_to(y=y, animate=False, force=True, immediate=True)
        elif height and y >= top + height:
            self.scroll_to(y=y - height + 1, animate=False, force=True, immediate=True)
