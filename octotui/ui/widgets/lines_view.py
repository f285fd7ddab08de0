"""A widget that shows lines of styled pieces; the styles folder says how each style looks."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from octotui.ui.lines.cells import Line, line_text, line_width

_STYLES = (
    "brand", "status-text", "status-problem", "muted", "dim", "label", "name", "path", "capturing", "paused", "done",
    "failed", "warning", "notice", "hint", "column", "key", "disabled", "heading", "task", "tentacle", "server",
    "calamari", "script", "tool", "exited", "strip", "sorted", "held", "traced",
    "found",
)  # fmt: skip

_PREFIX = "lines--"


class LinesView(Widget):
    """Shows what `make_lines` gives, and repaints only the lines that have changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_PREFIX + name for name in _STYLES}
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Line, ...] | None = None
        self._width = -1
        self._piece_styles: dict[str, Style] = {}

    def make_lines(self, width: int) -> tuple[Line, ...]:
        """The lines for a widget of `width` cells."""
        raise NotImplementedError

    def changed(self) -> None:
        """Repaint the lines that are others now; lay out again if it is another number of them."""
        width = self.size.width
        lines, before = self.make_lines(width), self._shown
        self._shown, self._width = lines, width
        if before is None or len(lines) != len(before):
            self.refresh(layout=True)
            return
        regions = [
            Region(0, y, width, 1) for y, (line, drawn) in enumerate(zip(lines, before, strict=True)) if line != drawn
        ]
        if regions:
            self.refresh(*regions)

    def text(self) -> str:
        """What is shown as plain text, without trailing blanks."""
        return "\n".join(line_text(line).rstrip() for line in self.make_lines(self.size.width))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._shown is None or self._width != width:
            self._shown, self._width = self.make_lines(width), width
        if y >= len(self._shown):
            return Strip.blank(width, self.rich_style)
        line = self._shown[y]
        strip = Strip([Segment(piece.text, self._style(piece.style)) for piece in line], line_width(line))
        return strip.adjust_cell_length(width, self.rich_style)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._piece_styles.clear()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.make_lines(width))

    def _style(self, name: str) -> Style:
        style = self._piece_styles.get(name)
        if style is None:
            style = self.rich_style
            if name:
                style += self.get_component_rich_style(_PREFIX + name, partial=True)
            self._piece_styles[name] = style
        return style


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
