"""The details of one process on a screen of their own, kept up to date as samples come."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from octotui.processes.model import ProcessKey
from octotui.processes.view import Row
from octotui.ui.lines.cells import Piece
from octotui.ui.widgets.detail_view import DetailView
from octotui.ui.widgets.lines_view import Paragraph

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.5


class DetailScreen(Screen[None]):
    """Stays with its process; when that has no row any more, the last known facts remain."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,1", "dismiss", "Back", show=False),
        Binding("Y", "copy", "Copy command", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup,ctrl+u", "scroll(-10)", "Page up", show=False),
        Binding("pagedown,ctrl+d,space", "scroll(10)", "Page down", show=False),
    ]

    def __init__(self, processes: ProcessesScreen, key: ProcessKey) -> None:
        super().__init__()
        self._processes = processes
        self._key = key
        self._row: Row | None = processes.model.row(key)
        self.view = DetailView(processes.glyphs)
        self._hint = Paragraph(classes="screen-hint")

    def compose(self) -> ComposeResult:
        yield self.view
        yield self._hint

    def on_mount(self) -> None:
        keys = "Esc back   Y copy command   " + self._processes.glyphs.text("↑ ↓") + " scroll"
        self._hint.put(((Piece(f" {keys}", "muted"),),))
        self._update()
        self.set_interval(REFRESH_SECONDS, self._update)

    def text(self) -> str:
        return self.view.text()

    def action_copy(self) -> None:
        if self._row is not None:
            self._processes.copy(self._row.process.command)
            self._hint.put(((Piece(" " + self._processes.glyphs.text(self._processes.message), "name"),),))

    def action_scroll(self, lines: int) -> None:
        self.view.scroll_relative(y=lines, animate=False)

    def _update(self) -> None:
        self._row = self._processes.model.row(self._key) or self._row
        if self._row is not None:
            self._processes.inspection.attend(self._row)
            self.view.put(self._processes.inspection.subject(self._row))
