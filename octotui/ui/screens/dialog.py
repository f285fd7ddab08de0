"""What dialogs share: a box with a title, lines that scroll, and buttons that say which key chooses them now."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from rich.cells import cell_len
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
from octotui.ui.widgets.hold_bar import HoldBar
from octotui.ui.widgets.lines_view import LinesView, Paragraph

_T = TypeVar("_T")

WIDEST = 100
"""Cells of the widest dialog."""


_MORE_SHORT = "PgDn"


class Choice(Widget, can_focus=True):
    """A button of one line: its label and the keys that choose it now.

    `key` chooses it whatever has the focus ("" for none); Enter does while it has the focus, which brackets show.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "choose", "Choose", show=False)]

    class Chosen(Message):
        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, label: str, key: str = "", *, id: str) -> None:
        super().__init__(id=id)
        self._label = label
        self._key = key

    def render(self) -> Content:
        return Content(self.text)

    @property
    def text(self) -> str:
        """What stands on the button now."""
        keys = " ".join(key for key in ("Enter" if self.has_focus else "", self._key) if key)
        text = f"{self._label}  {keys}" if keys else self._label
        return f"[{text}]" if self.has_focus else f" {text} "

    def rename(self, label: str) -> None:
        if label == self._label:
            return
        self._label = label
        self.refresh(layout=True)

    def on_focus(self) -> None:
        self.refresh(layout=True)

    def on_blur(self) -> None:
        self.refresh(layout=True)

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_choose()


class ArrowHint(LinesView):
    """Says in the room beside the buttons that there is more to read below, and that the arrows choose."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(classes="dialog-arrows")
        self._more, self._choose = "PgDn more", glyphs.text("← → choose")
        self.has_more = False
        self.has_choice = False

    def make_lines(self, width: int) -> tuple[Line, ...]:
        words = [self._more] * self.has_more + [self._choose] * self.has_choice
        while words and cell_len("   ".join(words)) > width:
            words.pop()
        if self.has_more and not words and width >= len(_MORE_SHORT):
            words = [_MORE_SHORT]
        return ((Piece("   ".join(words), "muted"),),)


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
        self.hold_bar = HoldBar(glyphs)
        self.heading = Paragraph(classes="dialog-title")
        self.body = Paragraph(classes="dialog-lines")
        self._scroll = VerticalScroll(*self.make_fields(), self.body, can_focus=False)
        self._arrows = ArrowHint(glyphs)
        self.choices = Horizontal(self._arrows, *self.make_choices(), classes="dialog-choices")
        self._offered: Choice | None = None

    def make_choices(self) -> tuple[Choice, ...]:
        """The buttons, left to right."""
        raise NotImplementedError

    def make_fields(self) -> tuple[Widget, ...]:
        """What stands above the lines of the body and scrolls with them: the fields of a form."""
        return ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield self.hold_bar
            yield self.heading
            yield self._scroll
            yield self.choices

    def put(self, title: str, lines: tuple[Line, ...]) -> None:
        self.heading.put(((Piece(self.glyphs.text(title), "heading"),),))
        self.body.put(lines)

    def offer(self, choice: Choice) -> None:
        """Give `choice` the focus, and say how the other one is reached where there are two."""
        self._arrows.has_choice = sum(one.display for one in self.query(Choice)) > 1
        self._arrows.changed()
        self._offered = choice
        choice.focus()

    def on_mount(self) -> None:
        for name in ("scroll_y", "virtual_size"):
            self.watch(self._scroll, name, self.on_resize, init=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_if_more)

    def _show_if_more(self) -> None:
        self._arrows.has_more = self._scroll.scroll_y < self._scroll.max_scroll_y
        self._arrows.changed()

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
        # The focus comes a moment after the first frame, and a quick Enter before it.
        chosen = self._offered if self.focused is None else self.focused
        if isinstance(chosen, Choice):
            chosen.action_choose()

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)
