"""What dialogs share: a box with a title, lines that scroll, and buttons that say their key."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget

from octotui.ui.lines.cells import Line, Piece
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.widgets.lines_view import Paragraph

_T = TypeVar("_T")

WIDEST = 100
"""Cells of the widest dialog."""


class Choice(Widget, can_focus=True):
    """A button of one line: the key that chooses it, and its label."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "choose", "Choose", show=False)]

    class Chosen(Message):
        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, label: str, key: str, *, id: str) -> None:
        super().__init__(id=id)
        self._content = Content(f" {label}  {key} ")

    def render(self) -> Content:
        return self._content

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_choose()


class Dialog(ModalScreen[_T]):
    """A box over the screen. Escape answers with `None`; the arrows move between the choices or scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("enter", "confirm", "Confirm", show=False),
        Binding("left,h", "app.focus_previous", "Previous", show=False),
        Binding("right,l", "app.focus_next", "Next", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup,ctrl+u", "scroll(-8)", "Page up", show=False),
        Binding("pagedown,ctrl+d", "scroll(8)", "Page down", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.heading = Paragraph(classes="dialog-title")
        self.body = Paragraph(classes="dialog-lines")
        self._scroll = VerticalScroll(self.body, can_focus=False)
        self.choices = Horizontal(*self.make_choices(), classes="dialog-choices")

    def make_choices(self) -> tuple[Choice, ...]:
        """The buttons, left to right."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield self.heading
            yield self._scroll
            yield self.choices

    def put(self, title: str, lines: tuple[Line, ...]) -> None:
        self.heading.put(((Piece(self.glyphs.text(title), "heading"),),))
        self.body.put(lines)

    @property
    def body_width(self) -> int:
        """Cells of one line of the body: what is left of the screen beside frame, padding and scrollbar."""
        return max(1, min(self.app.size.width, WIDEST) - 5)

    def text(self) -> str:
        """Title and body as plain text."""
        return f"{self.heading.text()}\n{self.body.text()}"

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_confirm(self) -> None:
        if isinstance(self.focused, Choice):
            self.focused.action_choose()

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)
