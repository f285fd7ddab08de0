"""The filter line: a prompt, and under it, in the message bar, what is wrong with the text."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label


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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._before = ""

    def compose(self) -> ComposeResult:
        yield Label("/", markup=False)
        yield Input(
            compact=True, placeholder="words, -word, role:calamari, user:root, pid:812, task:42", max_length=200
        )

    @property
    def input(self) -> Input:
        return self.query_one(Input)

    def open(self, text: str) -> None:
        self._before = text
        self.add_class("-open")
        with self.prevent(Input.Changed):
            self.input.value = text
        self.input.focus()

    def close(self) -> None:
        self.remove_class("-open", "-wrong")

    def mark_wrong(self, is_wrong: bool) -> None:
        self.set_class(is_wrong, "-wrong")

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
