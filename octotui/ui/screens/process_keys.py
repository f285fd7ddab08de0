"""Keys of the screens that are about one process, from the action table: bindings and the last line."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType

from octotui.ui.actions import BY_ID, key_name
from octotui.ui.handlers.details import READINGS
from octotui.ui.lines.cells import Line, Piece, cut, line_width
from octotui.ui.lines.glyphs import Glyphs

_MOVES = ("cursor-up", "cursor-down", "page-up", "page-down", "cursor-first", "cursor-last")
SHOWN = (*READINGS, "copy-command", "copy-path")


def process_bindings() -> list[BindingType]:
    """Every action of the table that these screens have, under its id, and the ways back."""
    actions = (BY_ID[name] for name in (*_MOVES, *SHOWN))
    return [
        Binding("escape,enter,1,q", "dismiss", "Back", show=False),
        Binding("space", "act('page-down')", "Page down", show=False),
        *(
            Binding(",".join(action.keys), f"act('{action.id}')", action.label, show=False, id=action.id)
            for action in actions
        ),
    ]


def keys_line(width: int, glyphs: Glyphs, *, without: Iterable[str] = (), said: str = "") -> Line:
    """The keys of such a screen, as many as there is room for; a sentence `said` stands instead of them."""
    if said:
        return (Piece(" " + cut(glyphs.text(said), max(0, width - 2), glyphs.ellipsis), "name"),)
    line: tuple[Piece, ...] = (Piece(" Esc", "key"), Piece(" Back"))
    for name in SHOWN:
        if name in without:
            continue
        action = BY_ID[name]
        added = (Piece("  "), Piece(glyphs.text(key_name(action.keys[0])), "key"), Piece(f" {action.label}"))
        if line_width((*line, *added)) > width - 1:
            break
        line = (*line, *added)
    return line
