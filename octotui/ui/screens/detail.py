"""The details of one process on a screen of their own, kept up to date as samples come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from octotui.processes.model import ProcessKey
from octotui.processes.view import Row
from octotui.text import printable
from octotui.ui.actions import Action, Place
from octotui.ui.lines.cells import Piece, cut
from octotui.ui.lines.keys import hints_line
from octotui.ui.screens.acting import ActingScreen
from octotui.ui.widgets.detail_view import DetailView
from octotui.ui.widgets.lines_view import Paragraph

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REFRESH_SECONDS = 0.5

_HINTS = ("back", "copy-command", "cursor-up", "cursor-down", "help")


class DetailScreen(ActingScreen):
    """Stays with its process; when that has no row any more, the last known facts remain."""

    place = Place.DETAIL
    also: ClassVar[Mapping[str, str]] = {"quit": "back", "details": "back", "toggle-fold": "page-down"}

    def __init__(self, processes: ProcessesScreen, key: ProcessKey) -> None:
        super().__init__(processes.keymap, processes.glyphs)
        self._processes = processes
        self._key = key
        self._row: Row | None = processes.model.row(key)
        self.view = DetailView(processes.glyphs)
        self._hint = Paragraph(classes="screen-hint")

    def compose(self) -> ComposeResult:
        yield self.view
        yield self._hint

    def on_mount(self) -> None:
        self.say("")
        self._update()
        self.set_interval(REFRESH_SECONDS, self._update)

    def text(self) -> str:
        return self.view.text()

    @property
    def handlers(self) -> Mapping[str, Callable[[], None]]:
        return {
            "cursor-up": lambda: self.scroll(-1),
            "cursor-down": lambda: self.scroll(1),
            "page-up": lambda: self.scroll(-10),
            "page-down": lambda: self.scroll(10),
            "cursor-first": lambda: self.view.scroll_home(animate=False),
            "cursor-last": lambda: self.view.scroll_end(animate=False),
            "copy-command": self.copy_command,
            "show-processes": self.leave,
            "back": self.leave,
        }

    def why_not(self, action: Action) -> str:
        return "Nothing is known of this process" if action.id == "copy-command" and self._row is None else ""

    def say(self, message: str, *, is_error: bool = False) -> None:
        width = self.app.size.width
        line = hints_line(_HINTS, width, self.glyphs, self.keymap, disabled=self.disabled_ids())
        if message:
            text = cut(self.glyphs.text(printable(message)), max(0, width - 2), self.glyphs.ellipsis)
            line = (Piece(" "), Piece(text, "failed" if is_error else "name"))
        self._hint.put((line,))

    def leave(self) -> None:
        self.dismiss(None)

    def copy_command(self) -> None:
        if self._row is not None:
            self.copy(self._row.process.command)

    def scroll(self, lines: int) -> None:
        self.view.scroll_relative(y=lines, animate=False, immediate=True)

    def _update(self) -> None:
        self._row = self._processes.model.row(self._key) or self._row
        if self._row is not None:
            self._processes.inspection.attend(self._row)
            self.view.put(self._processes.inspection.subject(self._row))
