"""What stands in place of the table when no process is shown: why, and what to do."""

from __future__ import annotations

from octotui.processes.state import Scope, ViewState
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, wrapped
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.widgets.lines_view import LinesView


class EmptyState(LinesView):
    """Says what is missing and which key or command goes on."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._state = ViewState()

    def put(self, state: ViewState) -> None:
        self._state = state
        self.changed()

    def make_lines(self, width: int) -> tuple[Line, ...]:
        title, hints = _words(self._state)
        lines: list[Line] = [(Piece(text, "heading"),) for text in wrapped(self._glyphs.text(title), width)]
        lines.append(())
        for key, text in hints:
            for number, part in enumerate(wrapped(self._glyphs.text(text), max(10, width - 17))):
                lines.append((Piece(f"{key if number == 0 else '':<17}", "key"), Piece(part, "muted")))
        return tuple(lines)


def _words(state: ViewState) -> tuple[str, tuple[tuple[str, str], ...]]:
    if not state.filter.is_empty:
        return f'Nothing matches "{printable(state.filter.text, 200)}".', (
            ("Esc", "clears the filter"),
            ("/", "changes it"),
            ("o", "looks among more processes"),
        )
    if state.subtree is not None:
        return f"No process {state.subtree} is shown: it has ended, or it is outside of what is shown.", (
            ("o", "shows more processes"),
            ("q", "quits; start again without --pid"),
        )
    if state.scope is Scope.OCTOPUS:
        return "No Octopus process runs on this host.", (
            ("o", "shows .NET processes, then everything"),
            ("(wait)", "a Tentacle, a Server or a Calamari appears here as soon as it starts"),
            ("octotui demo", "starts a stand-in Tentacle with real .NET processes to try octotui on"),
            ("octotui doctor", "says what works on this host and what does not"),
        )
    if state.scope is Scope.DOTNET:
        return "No .NET process runs on this host, or none that this user may see.", (
            ("o", "shows every process"),
            ("sudo octotui", "sees the processes of all users"),
        )
    return "No process is shown.", (("o", "goes back to Octopus"),)
