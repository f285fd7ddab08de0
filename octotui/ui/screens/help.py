"""The help: every action with its keys, from the action table; typing narrows it."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from octotui.ui.lines.cells import Piece
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.keys import help_lines, signs_lines
from octotui.ui.widgets.lines_view import Paragraph


class HelpScreen(ModalScreen[None]):
    """Typed text searches; arrows and pages scroll; Escape clears the search, then closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, priority=True),
        Binding("enter,f1", "dismiss", "Close", show=False, priority=True),
        Binding("up", "scroll(-1)", "Up", show=False, priority=True),
        Binding("down", "scroll(1)", "Down", show=False, priority=True),
        Binding("pageup,ctrl+u", "scroll(-10)", "Page up", show=False, priority=True),
        Binding("pagedown,ctrl+d", "scroll(10)", "Page down", show=False, priority=True),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, glyphs: Glyphs, *, disabled: Collection[str]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._disabled = disabled
        self.body = Paragraph(classes="dialog-lines")
        self._scroll = VerticalScroll(self.body, can_focus=False)
        self._input = Input(compact=True, placeholder="Type to search. Esc closes.", max_length=60)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog help"):
            yield self._input
            yield self._scroll

    def on_mount(self) -> None:
        self._show("")

    def text(self) -> str:
        return self.body.text()

    def action_back(self) -> None:
        if self._input.value:
            self._input.value = ""
        else:
            self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def on_resize(self) -> None:
        self._show(self._input.value)

    def on_key(self, event: events.Key) -> None:
        """`?` and `q` close the help as long as nothing is searched for."""
        if event.character in ("?", "q") and not self._input.value:
            event.stop()
            event.prevent_default()
            self.dismiss(None)

    @on(Input.Changed)
    def _searched(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def _show(self, search: str) -> None:
        width = max(1, min(self.app.size.width, 100) - 5)
        lines = list(help_lines(width, self._glyphs, search=search, disabled=self._disabled))
        if not search:
            signs = [line for line in signs_lines(self._glyphs) if _width(line) <= width]
            lines += [(), *signs]
        self.body.put(tuple(lines))
        self._scroll.scroll_home(animate=False)


def _width(line: tuple[Piece, ...]) -> int:
    return sum(cell_len(piece.text) for piece in line)
