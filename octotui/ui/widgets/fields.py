"""The fields of a form: one answer out of several, and short texts, each with its name before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label

from octotui.ui.lines.cells import cut
from octotui.ui.lines.glyphs import Glyphs

LABEL = 9
"""Cells of the name of a row, the gap behind it included."""


class Answers(Widget, can_focus=True):
    """One of several answers; the arrows and space go on to the next. Brackets stand around it while it has
    the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,l", "turn(1)", "Next", show=False),
        Binding("left,h", "turn(-1)", "Previous", show=False),
    ]

    class Changed(Message):
        def __init__(self, answers: Answers) -> None:
            super().__init__()
            self.answers = answers

    def __init__(self, answers: Sequence[str], chosen: int, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._answers = tuple(answers)
        self._glyphs = glyphs
        self.chosen = chosen

    @property
    def text(self) -> str:
        """What stands there now."""
        answer = self._glyphs.text(self._answers[self.chosen])
        shown = f"< {cut(answer, max(1, self.size.width - 6), self._glyphs.ellipsis)} >"
        return f"[{shown}]" if self.has_focus else shown

    def render(self) -> Content:
        return Content(self.text)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.focus()
        self.action_turn(1)

    def action_turn(self, step: int) -> None:
        self.chosen = (self.chosen + step) % len(self._answers)
        self.refresh()
        self.post_message(self.Changed(self))


class WrongPart(Highlighter):
    """Underlines and reverses the part of a text that is wrong, which needs no colour to be seen."""

    def __init__(self) -> None:
        self.span: tuple[int, int] | None = None

    def highlight(self, text: Text) -> None:
        if self.span is not None:
            text.stylize("underline reverse", *self.span)


class Short(Horizontal):
    """Words, a short input in brackets, words: `CPU [80  ] %`."""

    def __init__(self, before: str, value: str, after: str, *, id: str, width: int) -> None:
        super().__init__(classes="field-short")
        self._before, self._after = before, after
        self.input = Input(value, compact=True, id=id, max_length=width, restrict=r"[0-9.]*")
        self._width = width

    def compose(self) -> ComposeResult:
        yield Label(f"{self._before} [" if self._before else "[", markup=False)
        self.input.styles.width = self._width
        yield self.input
        yield Label(f"] {self._after}  " if self._after else "]  ", markup=False)


class Row(Horizontal):
    """One line of the form: its name, then the fields."""

    def __init__(self, name: str, *fields: Widget, id: str | None = None) -> None:
        super().__init__(Label(name.ljust(LABEL), markup=False, classes="field-name"), *fields, id=id, classes="field")
