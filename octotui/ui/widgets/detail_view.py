"""The details of one process: beside the table when there is room, or on a screen of their own."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from octotui.ui.lines.cells import Line
from octotui.ui.lines.details import Subject, detail_lines, title_line
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.widgets.lines_view import LinesView

PANE_COMMAND_LINES = 8
"""The pane cannot be scrolled by keys: what stands below a long command line must stay in view."""


class _DetailLines(LinesView):
    def __init__(self, glyphs: Glyphs, most_command_lines: int) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._most_command_lines = most_command_lines
        self.subject: Subject | None = None

    def make_lines(self, width: int) -> tuple[Line, ...]:
        if self.subject is None or width < 1:
            return ()
        lines = detail_lines(self.subject, width, self._glyphs, most_command_lines=self._most_command_lines)
        return (title_line(self.subject.row, width, self._glyphs), *lines)


class DetailView(VerticalScroll, can_focus=False):
    """Scrolls when the details are longer than the room."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None, most_command_lines: int = 0) -> None:
        """With `most_command_lines` this is the pane: see `detail_lines`."""
        super().__init__(id=id)
        self._lines = _DetailLines(glyphs, most_command_lines)

    def compose(self) -> ComposeResult:
        yield self._lines

    def put(self, subject: Subject | None) -> None:
        self._lines.subject = subject
        self._lines.changed()

    def text(self) -> str:
        return self._lines.text()
