"""What stands in place of the table when no process is shown: why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from octotui.processes.state import Scope, ViewState
from octotui.text import printable
from octotui.ui.keymap import Keymap
from octotui.ui.lines.cells import Line, Piece, left, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.widgets.lines_view import LinesView


class EmptyState(LinesView):
    """Says what is missing and which key or command goes on."""

    def __init__(self, glyphs: Glyphs, keymap: Keymap, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._keymap = keymap
        self._state = ViewState()

    def put(self, state: ViewState) -> None:
        self._state = state
        self.changed()

    def replace(self, others: Iterable[Widget], is_empty: bool) -> None:
        """Stand in the place of `others`, or the other way round.

        Not by a class of the screen: the styles of every widget would be worked out again, which takes 20 ms.
        """
        if self.display is is_empty:
            return
        self.display = is_empty
        for widget in others:
            if is_empty:
                widget.display = False
            else:
                widget.styles.clear_rule("display")
                widget.refresh(layout=True)

    def make_lines(self, width: int) -> tuple[Line, ...]:
        title, hints = _words(self._state, self._keymap)
        lines: list[Line] = [(Piece(text, "heading"),) for text in wrapped(self._glyphs.text(title), width)]
        lines.append(())
        for key, text in hints:
            for number, part in enumerate(wrapped(self._glyphs.text(text), max(10, width - 17))):
                lines.append(
                    (Piece(left(self._glyphs.text(key) if number == 0 else "", 17), "key"), Piece(part, "muted"))
                )
        return tuple(lines)


def _words(state: ViewState, keymap: Keymap) -> tuple[str, tuple[tuple[str, str], ...]]:
    scope, leave = keymap.how("cycle-scope"), keymap.how("quit")
    if not state.filter.is_empty:
        return f'Nothing matches "{printable(state.filter.text, 200)}".', (
            (keymap.how("clear"), "clears the filter"),
            (keymap.how("filter"), "changes it"),
            (scope, "looks among more processes"),
        )
    if state.subtree is not None:
        return f"No process {state.subtree} is shown: it has ended, or it is outside of what is shown.", (
            (scope, "shows more processes"),
            (leave, "quits; start again without --pid"),
        )
    if state.scope is Scope.OCTOPUS:
        return "No Octopus process runs on this host.", (
            (scope, "shows .NET processes, then everything"),
            ("(wait)", "a Tentacle, a Server or a Calamari appears here as soon as it starts"),
            (keymap.how("watch"), "arms a rule that catches the next Calamari, however short it is"),
            ("octotui demo", "starts a stand-in Tentacle with real .NET processes to try octotui on"),
            ("octotui doctor", "says what works on this host and what does not"),
        )
    if state.scope is Scope.DOTNET:
        return "No .NET process runs on this host, or none that this user may see.", (
            (scope, "shows every process"),
            ("sudo octotui", "sees the processes of all users"),
        )
    return "No process is shown.", ((scope, "goes back to Octopus"),)
