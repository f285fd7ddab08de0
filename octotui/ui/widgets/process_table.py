"""The process table: lines drawn from rows, a cursor that stays with its process, only changed lines repainted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from octotui.processes.model import ProcessKey
from octotui.processes.view import NO_ROWS, Row, Rows
from octotui.ui.lines.cells import Line, line_text
from octotui.ui.lines.columns import Layout, fit
from octotui.ui.lines.glyphs import UNICODE, Glyphs
from octotui.ui.lines.signs import NO_SIGNS, Sign
from octotui.ui.widgets.row_painter import RowPainter

_STYLES = (
    "cursor", "bar", "arrived", "exited", "marked", "capturing", "held", "traced", "context", "dim", "busy", "guide",
    "badge", "task", "other", "tentacle", "server", "calamari", "script", "tool",
)  # fmt: skip

_PREFIX = "process-table--"


class ProcessTable(ScrollView, can_focus=True):
    """Shows rows and moves a cursor among them. It knows nothing of processes beyond `Row`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_PREFIX + name for name in _STYLES}

    class CursorMoved(Message):
        """The cursor went to another process by a key or a click; `key` is None when no row is left."""

        def __init__(self, key: ProcessKey | None) -> None:
            super().__init__()
            self.key = key

    class FoldClicked(Message):
        """The fold sign of a row was clicked, or a row that had the cursor already."""

        def __init__(self, key: ProcessKey) -> None:
            super().__init__()
            self.key = key

    class LayoutChanged(Message):
        """Other columns fit now."""

        def __init__(self, layout: Layout) -> None:
            super().__init__()
            self.layout = layout

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.columns_layout = fit(0)
        self.keep_in_view = False
        self._rows: Rows = NO_ROWS
        self._cursor = 0
        self._moved: ProcessKey | None = None
        self._signs: Mapping[ProcessKey, Sign] = {}
        self._pid_width = 5
        self._drawn: dict[int, Line] = {}
        self._painter = RowPainter(glyphs, self._style_of)

    @property
    def rows(self) -> Rows:
        return self._rows

    @property
    def cursor_index(self) -> int:
        return self._cursor

    @property
    def cursor_row(self) -> Row | None:
        return self._rows[self._cursor] if 0 <= self._cursor < len(self._rows) else None

    @property
    def cursor_key(self) -> ProcessKey | None:
        row = self.cursor_row
        return row.key if row else None

    def show(
        self, rows: Rows, cursor: ProcessKey | None = None, *, signs: Mapping[ProcessKey, Sign] = NO_SIGNS
    ) -> None:
        """Show `rows`. The cursor goes to the row of `cursor`; without such a row it stays with the process it is on,
        and at its line when that has no row either. `signs` are those of processes that
        octotui does something to.

        The cursor's row keeps its line on the screen, as far as the ends allow. Scrolled away from by hand it stays
        out of sight, and the topmost row in sight keeps its line instead.
        """
        before, top, height = self._rows, self.scroll_offset.y, max(1, self.size.height)
        former = self.cursor_key
        index = rows.index_of(cursor)
        if index is None:
            index = rows.index_of(former)
        if index is None:
            index = max(0, min(self._cursor, len(rows) - 1))
        new_top, was_in_sight = top + index - self._cursor, top <= self._cursor < top + height
        for anchor in (cursor, former, before[top].key if top < len(before) else None):
            was, now = before.index_of(anchor), rows.index_of(anchor)
            if was is not None and now is not None and top <= was < top + height:
                new_top = top + now - was
                break
        self._rows, self._signs, self._cursor = rows, signs, index
        self._pid_width = max(self._pid_width, len(str(rows.widest_pid)))
        self._fit()
        self._size_content()
        self._scroll_to_line(new_top)
        if was_in_sight or self.keep_in_view or self.cursor_key != former:
            self._into_view()
        self._refresh_changed()

    def move(self, step: int) -> None:
        """Move the cursor by `step` rows, stopping at the ends."""
        self.move_to(self._cursor + step)

    def move_page(self, step: int) -> None:
        self.move(step * max(1, self.size.height - 1))

    def move_to(self, index: int) -> None:
        """Move the cursor to the row at `index`, or the nearest there is, and into view."""
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor:
            return
        self._cursor = index
        self._moved = self.cursor_key
        self._into_view()
        self._refresh_changed()
        self.post_message(self.CursorMoved(self.cursor_key))

    def take_move(self) -> ProcessKey | None:
        """Where a person moved the cursor since this was last asked; the message of it may still be on its way."""
        moved, self._moved = self._moved, None
        return moved

    def move_to_key(self, key: ProcessKey) -> bool:
        """Move the cursor to the row of `key`; False when there is none."""
        index = self._rows.index_of(key)
        if index is None:
            return False
        self.move_to(index)
        return True

    def line(self, index: int) -> Line:
        """The row at `index` as it is drawn."""
        row = self._rows[index]
        sign = self._signs.get(row.key, Sign.NONE)
        return self._painter.line(row, self.columns_layout, is_cursor=index == self._cursor, sign=sign)

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        if index >= len(self._rows):
            self._drawn.pop(y, None)
            return Strip.blank(self.size.width, self.rich_style)
        line = self.line(index)
        self._drawn[y] = line
        return self._painter.strip(line, self.columns_layout, self.size.width, is_cursor=index == self._cursor)

    def text(self) -> str:
        """The visible lines as plain text, without trailing blanks."""
        lines = [self.render_line(y).text.rstrip() for y in range(self.size.height)]
        return "\n".join(lines)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget_styles()

    def on_resize(self) -> None:
        self._fit()
        self._size_content()
        self._into_view()

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index >= len(self._rows):
            return
        row = self._rows[index]
        is_meant = index == self._cursor or (row.is_folded and event.x in self._fold_sign(index))
        self.move_to(index)
        if is_meant and row.has_children:
            self.post_message(self.FoldClicked(row.key))

    def _fold_sign(self, index: int) -> range:
        """The cells of a folded row that its fold sign takes."""
        start = 0
        for piece in self.line(index):
            if piece.style == "guide" and piece.text.endswith(self.glyphs.folded):
                end = start + cell_len(piece.text)
                return range(end - cell_len(self.glyphs.folded), end)
            start += cell_len(piece.text)
        return range(0)

    def _fit(self) -> None:
        """Choose the columns for the width that the scrollbar leaves, which is there when not all rows are in sight."""
        width = self.size.width - (len(self._rows) > self.size.height)
        layout = fit(max(0, width), pid_width=self._pid_width)
        if layout == self.columns_layout:
            return
        self.columns_layout = layout
        self.refresh()
        self.post_message(self.LayoutChanged(layout))

    def _style_of(self, name: str) -> Style:
        return self.get_component_rich_style(_PREFIX + name, partial=True) if name else self.rich_style

    def _size_content(self) -> None:
        """Tell how long the table is; the whole screen is laid out anew only when the scrollbar comes or goes."""
        size, before = Size(self.size.width, len(self._rows)), self.virtual_size
        if size == before:
            return
        height = self.size.height
        if size.width != before.width or (size.height > height) is not (before.height > height):
            self.virtual_size = size
        else:
            self.set_reactive(ProcessTable.virtual_size, size)
            self._scroll_update(size)

    def _into_view(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._cursor < top:
            self._scroll_to_line(self._cursor)
        elif self._cursor >= top + height:
            self._scroll_to_line(self._cursor - height + 1)

    def _scroll_to_line(self, top: int) -> None:
        highest = max(0, len(self._rows) - max(1, self.size.height))
        top = max(0, min(top, highest))
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def _refresh_changed(self) -> None:
        """Repaint the visible lines whose text or styles differ from what was drawn there last."""
        top, count, drawn = self.scroll_offset.y, len(self._rows), self._drawn
        for y in range(self.size.height):
            index = top + y
            new = self.line(index) if index < count else None
            before = drawn.get(y)
            if new is not before and new != before:
                self.refresh_line(index)

    def plain_line(self, index: int) -> str:
        """The row at `index` as plain text."""
        return line_text(self.line(index))
