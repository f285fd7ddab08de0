"""A question in a few sentences with two or three answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events, on

from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.screens.dialog import Choice, Dialog


@dataclass(frozen=True, slots=True)
class Answer:
    """One button. `key` chooses it whatever has the focus; "escape" is that of the first one."""

    id: str
    label: str
    key: str = ""


class Question(Dialog[str]):
    """Answers with the id of what was chosen, with None on Escape. `focused` is the id that Enter chooses."""

    def __init__(
        self, title: str, lines: Sequence[tuple[str, str]], answers: Sequence[Answer], glyphs: Glyphs, *, focused: str
    ) -> None:
        """`lines` are sentences with their styles; an empty one parts those around it. `answers` begin with staying."""
        self._title = title
        self._texts = tuple(lines)
        self._answers = tuple(answers)
        self._focused = focused
        super().__init__(glyphs)

    def make_choices(self) -> tuple[Choice, ...]:
        first, *others = self._answers
        return (Choice(first.label, "Esc", id=first.id), *(Choice(one.label, one.key, id=one.id) for one in others))

    def on_mount(self) -> None:
        super().on_mount()
        self._show()
        self.offer(self.query_one(f"#{self._focused}", Choice))

    def on_resize(self) -> None:
        super().on_resize()
        self._show()

    def _show(self) -> None:
        lines: list[Line] = []
        for text, style in self._texts:
            shown = self.glyphs.text(printable(text, 600))
            lines += [(Piece(part, style),) for part in wrapped(shown, self.body_width)] if text else [()]
        self.put(self._title, tuple(lines))

    def on_key(self, event: events.Key) -> None:
        """The keys of the answers. The screen below has actions on them, which must not run as well."""
        chosen = next((one for one in self._answers if one.key and one.key == event.character), None)
        if chosen is not None:
            event.stop()
            event.prevent_default()
            self.dismiss(chosen.id)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        self.dismiss(None if event.choice.id == self._answers[0].id else event.choice.id)
