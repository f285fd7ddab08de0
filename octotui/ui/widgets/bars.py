"""The one-line bars of the screen: status, column titles, message, keys."""

from __future__ import annotations

from collections.abc import Collection

from textual import events
from textual.message import Message

from octotui.dumps.results import Job, JobState
from octotui.processes.state import SortColumn
from octotui.ui.keymap import Keymap
from octotui.ui.lines.cells import Line, Piece, cut, cut_line, left, right
from octotui.ui.lines.columns import GUTTER, Layout, fit
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import job_line
from octotui.ui.lines.keys import footer_line
from octotui.ui.lines.status import Status, status_line
from octotui.ui.widgets.lines_view import LinesView

FLAT = 5
"""Lines of a terminal below which there is no room for the dumps panel: the first line says what is captured."""


class StatusLine(LinesView):
    """Host, user, instance; what is shown and how often. On a flat terminal the capture that runs, while one does."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self.status = Status()
        self._jobs: tuple[Job, ...] = ()

    def put(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.changed()

    def put_jobs(self, jobs: tuple[Job, ...]) -> None:
        self._jobs = jobs
        self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        if width < 1:
            return ((),)
        running = next((job for job in self._jobs if job.state is JobState.RUNNING), None)
        if running is not None and self.app.size.height < FLAT:
            return (cut_line(job_line(running, width, self._glyphs), width, self._glyphs.ellipsis),)
        return (status_line(self.status, width, self._glyphs),)


class TableHeader(LinesView):
    """The titles of the process table's columns; the sorted one says so by a sign. A click sorts."""

    class SortClicked(Message):
        """The title of a sortable column was clicked."""

        def __init__(self, column: SortColumn) -> None:
            super().__init__()
            self.column = column

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._layout_shown = fit(0)
        self._sort = SortColumn.TREE
        self._descending = False

    def put(self, layout: Layout, sort: SortColumn, *, descending: bool) -> None:
        if (layout, sort, descending) != (self._layout_shown, self._sort, self._descending):
            self._layout_shown, self._sort, self._descending = layout, sort, descending
            self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        pieces = [Piece(" " * GUTTER)]
        sign = self._glyphs.descending if self._descending else self._glyphs.ascending
        for column in self._layout_shown.columns:
            is_sorted = column.sort == self._sort.value
            style = "sorted" if is_sorted else "column"
            if column.is_right and is_sorted:
                # The sign of a right-aligned column stands in the gap before it.
                pieces[-1] = Piece(pieces[-1].text[:-1])
                pieces.append(Piece(right(sign + column.title, column.width + 1, ""), style))
            elif column.is_right:
                pieces.append(Piece(right(column.title, column.width, ""), style))
            else:
                pieces.append(Piece(left(column.title + (sign if is_sorted else ""), column.width, ""), style))
            pieces.append(Piece(" " * column.gap))
        return (tuple(pieces),)

    def on_click(self, event: events.Click) -> None:
        column = self._layout_shown.at(event.x)
        if column is not None and column.sort:
            self.post_message(self.SortClicked(SortColumn(column.sort)))


class MessageBar(LinesView):
    """One sentence: what the last action did; without one, a quiet line on the process under the cursor."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self.message = ""
        self.is_error = False
        self._idle: Line = ()

    def say(self, message: str, *, is_error: bool = False) -> None:
        self.message, self.is_error = message, is_error
        self.changed()

    def rest(self, idle: Line) -> None:
        if idle != self._idle:
            self._idle = idle
            self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        if not self.message:
            line = tuple(Piece(self._glyphs.text(piece.text), piece.style) for piece in (Piece(" "), *self._idle))
            return (cut_line(line, max(0, width - 1), self._glyphs.ellipsis),)
        sign = f"{self._glyphs.failed} " if self.is_error else ""
        text = cut(self._glyphs.text(f"{sign}{self.message}"), max(0, width - 2), self._glyphs.ellipsis)
        return ((Piece(" "), Piece(text, "failed" if self.is_error else "name")),)


class KeyBar(LinesView):
    """The last line: the keys that matter now."""

    def __init__(self, glyphs: Glyphs, keymap: Keymap, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._keymap = keymap
        self._disabled: Collection[str] = ()
        self._hidden: Collection[str] = ()

    def put(self, *, disabled: Collection[str], hidden: Collection[str]) -> None:
        if (disabled, hidden) != (self._disabled, self._hidden):
            self._disabled, self._hidden = disabled, hidden
            self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return (footer_line(width, self._glyphs, self._keymap, disabled=self._disabled, hidden=self._hidden),)
