"""A widget that shows lines of styled pieces; the styles folder says how each style looks."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget

from octotui.ui.lines.cells import Line, line_text

_STYLES = (
    "brand", "status-text", "status-problem", "muted", "dim", "label", "name", "path", "capturing", "paused", "done",
    "failed", "warning", "notice", "hint", "column", "key", "disabled", "heading", "task", "tentacle", "server",
    "calamari", "script", "tool", "exited", "strip", "sorted",
)  # fmt: skip


class LinesView(Widget):
    """Shows what `make_lines` gives, and repaints only when that has changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--" + name for name in _STYLES}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Line, ...] | None = None

    def make_lines(self, width: int) -> tuple[Line, ...]:
        """The lines for a widget of `width` cells."""
        raise NotImplementedError

    def changed(self) -> None:
        """Repaint if other lines stand here now; lay out again if it is another number of them."""
        lines = self.make_lines(self.size.width)
        if lines == self._shown:
            return
        is_other_height = self._shown is None or len(lines) != len(self._shown)
        self._shown = lines
        self.refresh(layout=is_other_height)

    def text(self) -> str:
        """What is shown as plain text, without trailing blanks."""
        return "\n".join(line_text(line).rstrip() for line in self.make_lines(self.size.width))

    def render(self) -> Content:
        self._shown = self.make_lines(self.size.width)
        return Content("\n").join([self._content(line) for line in self._shown])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.make_lines(width))

    def _content(self, line: Line) -> Content:
        parts = [(piece.text, self._style(piece.style)) if piece.style else piece.text for piece in line]
        return Content.assemble(*parts)

    def _style(self, name: str) -> Style:
        return self.get_visual_style("lines--" + name, partial=True)


class Paragraph(LinesView):
    """Fixed lines, replaced by `put`; cut by nobody, so they must have been made for the width."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: tuple[Line, ...] = ()

    def put(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        return self.lines
