"""Lines that a cursor goes over and a search goes through: what the screens of stacks and of the heap are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from octotui.ui.lines.cells import Line, Piece, cut, wrapped
from octotui.ui.lines.glyphs import Glyphs

NO_GROUP = -1
MOST_BELOW = 4
"""Lines below the listing that say a cut line, or a message, in full."""

LOW = 12
"""Lines of a terminal below which only one of them is shown."""


class Item(NamedTuple):
    """One line. `text` is what it says in full, for the search and for the reader of a line that was cut (`is_cut`);
    `group` is the number of what it belongs to and is folded with, `NO_GROUP` for a line on its own."""

    line: Line
    text: str = ""
    group: int = NO_GROUP
    is_cut: bool = False


EMPTY = Item(())


def sentence_items(text: str, style: str, width: int, glyphs: Glyphs, *, sign: str = "") -> list[Item]:
    """A sentence in as many lines of at most `width` cells as it takes, `sign` before the first.

    `text` must be printable.
    """
    room = max(8, width - len(sign))
    parts = wrapped(glyphs.text(text), room)
    return [
        Item((Piece(sign if number == 0 else " " * len(sign), style), Piece(cut(part, width), style)), text)
        for number, part in enumerate(parts)
    ]


def places_of(needle: str, items: Sequence[Item]) -> tuple[int, ...]:
    """Which of `items` have `needle` in them, however it is written; none for an empty one."""
    wanted = needle.casefold()
    return tuple(i for i, item in enumerate(items) if wanted in item.text.casefold()) if wanted else ()


def next_place(places: Sequence[int], start: int, step: int) -> int | None:
    """The place after `start` (before it with `step` -1), around the end; None where there is none."""
    if not places:
        return None
    if step > 0:
        return next((place for place in places if place > start), places[0])
    return next((place for place in reversed(places) if place < start), places[-1])


def same_place(item: Item | None, index: int, items: Sequence[Item]) -> int:
    """Where the cursor belongs among other `items`, when it stood at `index` on `item`: on the same text of the same
    group where there is one, else on the same text, else as near as can be."""
    if item is not None and item.text:
        for wanted in ((item.group, item.text), item.text):
            found = [i for i, one in enumerate(items) if wanted in ((one.group, one.text), one.text)]
            if found:
                return min(found, key=lambda i: abs(i - index))
    return max(0, min(index, len(items) - 1))


def highlighted(line: Line, needle: str) -> Line:
    """`line` with each `needle` in it in a style of its own."""
    wanted = needle.casefold()
    if not wanted:
        return line
    return tuple(part for piece in line for part in _parts(piece, wanted))


def _parts(piece: Piece, wanted: str) -> Iterable[Piece]:
    text, folded, start = piece.text, piece.text.casefold(), 0
    if len(folded) != len(text):
        # A letter that becomes two in lower case: places in the one are not places in the other.
        yield Piece(text, "found") if wanted in folded else piece
        return
    while (at := folded.find(wanted, start)) >= 0:
        if at > start:
            yield Piece(text[start:at], piece.style)
        yield Piece(text[at : at + len(wanted)], "found")
        start = at + len(wanted)
    if start < len(text) or not text:
        yield Piece(text[start:], piece.style)


def lines_below(said: Sequence[str], item: Item, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What stands below a listing: the rest of a message, else the line under the cursor in full when it was cut.

    `width` and `height` are those of the terminal.
    """
    texts = tuple(said) or ((item.text,) if item.is_cut else ())
    parts = [part for text in texts for part in wrapped(glyphs.text(text), max(8, width - 2))]
    return tuple((Piece(" "), Piece(part, "path")) for part in parts[: MOST_BELOW if height >= LOW else 1])
