"""The details of one process: beside the table when there is room, or on a screen of their own."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from octotui.ui.lines.cells import Line, Piece, cut
from octotui.ui.lines.details import Subject, detail_lines, detail_title
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.widgets.lines_view import LinesView


class _DetailLines(LinesView):
    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.subject: Subject | None = None

    def make_lines(self, width: int) -> tuple[Line, ...]:
        if self.subject is None or width < 1:
            return ()
        title = cut(self._glyphs.text(detail_title(self.subject.row)), width, self._glyphs.ellipsis)
        return ((Piece(title, "heading"),), *detail_lines(self.subject, width, self._glyphs))


class DetailView(VerticalScroll, can_focus=False):
    """Scrolls when the details are longer than the room."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines = _DetailLines(glyphs)

    def compose(self) -> ComposeResult:
        yield self._lines

    def put(self, subject: Subject | None) -> None:
        self._lines.subject = subject
        self._lines.changed()

    def text(self) -> str:
        return self._lines.text()
