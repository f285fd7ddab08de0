"""The help: every action with the keys in force, the signs and the filter; typing narrows it."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from octotui.ui.actions import Place
from octotui.ui.keymap import Keymap
from octotui.ui.lines.cells import Piece, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.keys import help_lines
from octotui.ui.lines.legend import legend_lines
from octotui.ui.widgets.hold_bar import HoldBar
from octotui.ui.widgets.lines_view import Paragraph


class HelpScreen(ModalScreen[None]):
    """Typed text searches; arrows and pages scroll; Escape clears the search, then closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, priority=True),
        Binding("enter", "dismiss", "Close", show=False, priority=True),
        Binding("up", "scroll(-1)", "Up", show=False, priority=True),
        Binding("down", "scroll(1)", "Down", show=False, priority=True),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, priority=True),
        Binding("home", "scroll(-100000)", "Top", show=False, priority=True),
        Binding("end", "scroll(100000)", "Bottom", show=False, priority=True),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, glyphs: Glyphs, keymap: Keymap, *, place: Place, disabled: Collection[str]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._keymap = keymap
        self._place = place
        self._disabled = disabled
        self.hold_bar = HoldBar(glyphs)
        self.body = Paragraph(classes="dialog-lines")
        self._scroll = VerticalScroll(self.body, can_focus=False)
        self._input = Input(compact=True, placeholder="Type to search. Esc closes.", max_length=60)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog help"):
            yield self.hold_bar
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
        self._scroll.scroll_relative(y=lines, animate=False, immediate=True)

    def action_page(self, step: int) -> None:
        self.action_scroll(step * max(1, self._scroll.size.height - 1))

    def on_resize(self) -> None:
        self._show(self._input.value)

    def on_key(self, event: events.Key) -> None:
        """The keys of help and quit close the help; those that can be typed only as long as nothing is searched for."""
        keys = (*self._keymap.of("help"), *self._keymap.of("quit"))
        if event.key in keys and not (event.is_printable and self._input.value):
            event.stop()
            event.prevent_default()
            self.dismiss(None)

    @on(Input.Changed)
    def _searched(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def _show(self, search: str) -> None:
        width = max(1, min(self.app.size.width, 100) - 5)
        glyphs, keymap = self._glyphs, self._keymap
        lines = help_lines(width, glyphs, keymap, search=search, disabled=self._disabled, place=self._place)
        legend = legend_lines(width, glyphs, keymap, search=search)
        none = tuple((Piece(text, "muted"),) for text in wrapped(glyphs.text(f'Nothing has "{search}" in it.'), width))
        self.body.put((lines + legend if lines else legend[1:]) or none)
        self._scroll.scroll_home(animate=False)
