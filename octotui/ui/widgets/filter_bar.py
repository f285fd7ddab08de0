"""The filter line: a prompt, and under it, in the message bar, what is wrong with the text."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from octotui.ui.widgets.fields import WrongPart

FILTER_WORDS = "words, -word, a|b, role:calamari, user:root, cpu>5, mem>500m, age<5m, pid:812, task:42"


class FilterBar(Horizontal):
    """Opened by `/`. Each change is tried at once; Enter keeps it, Escape puts the former filter back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "abandon", "Back", show=False)]

    class Changed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """Enter: the filter stays."""

    class Abandoned(Message):
        """Escape: the filter from before comes back; `text` is its text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None, placeholder: str = FILTER_WORDS) -> None:
        """`placeholder` says what can be typed."""
        super().__init__(id=id)
        self._placeholder = placeholder
        self._before = ""
        self._awaits_focus = self._has_typed_ahead = False
        self._wrong_part = WrongPart()

    def compose(self) -> ComposeResult:
        yield Label("/", markup=False)
        yield Input(
            compact=True,
            placeholder=self._placeholder,
            max_length=200,
            highlighter=self._wrong_part,
        )

    @property
    def input(self) -> Input:
        return self.query_one(Input)

    def open(self, text: str) -> None:
        self._before = text
        self._awaits_focus, self._has_typed_ahead = True, False
        self.add_class("-open")
        with self.prevent(Input.Changed):
            self.input.value = text
        self.input.focus()

    def take(self, key: str, character: str | None) -> bool:
        """A key that reached the screen; whether it was typed for this bar, before the focus had come here.

        Text that is pasted or typed fast arrives in one go with the key that opens the bar, and must not act.
        """
        if not self._awaits_focus:
            return False
        if key == "enter":
            self.post_message(self.Kept())
        elif key == "escape":
            self.action_abandon()
        elif key == "backspace":
            self.input.action_delete_left()
        elif character is not None and character.isprintable():
            self.input.insert_text_at_cursor(character)
            self._has_typed_ahead = True
        return True

    def on_descendant_focus(self) -> None:
        """The input selects its text when the focus comes, and the next key would replace what was just typed."""
        if self._awaits_focus and self._has_typed_ahead:
            self.input.cursor_position = len(self.input.value)
        self._awaits_focus = False

    def close(self) -> None:
        self._awaits_focus = False
        self.remove_class("-open")
        self.mark_right()

    @property
    def is_wrong(self) -> bool:
        return self._wrong_part.span is not None

    def mark_wrong(self, start: int, end: int) -> None:
        """Show that the text from `start` to `end` makes no sense."""
        self._mark((start, max(start + 1, end)))

    def mark_right(self) -> None:
        self._mark(None)

    def _mark(self, span: tuple[int, int] | None) -> None:
        self._wrong_part.span = span
        self.set_class(span is not None, "-wrong")
        self.input.refresh()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Kept())

    def action_abandon(self) -> None:
        self.post_message(self.Abandoned(self._before))
