"""Text measured in terminal cells: cutting, padding, and lines made of styled pieces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size


class Piece(NamedTuple):
    """A run of text with the name of its style ("" is the plain one)."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]
"""One line of the screen."""


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells; a cut one ends in the ellipsis."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    return set_cell_size(text, room).rstrip() + ellipsis if room > 0 else ellipsis[:width]


def cut_middle(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells with its middle left out, so that a path keeps its file name."""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room < 4:
        return cut(text, width, ellipsis)
    tail = room * 2 // 3
    head = room - tail
    return set_cell_size(text, head).rstrip() + ellipsis + _last_cells(text, tail)


def short_path(path: str, width: int, ellipsis: str = "…") -> str:
    """A path in at most `width` cells: whole, else `…/name`, else the name with its middle left out."""
    if cell_len(path) <= width:
        return path
    name = path.rpartition("/")[2]
    room = width - cell_len(ellipsis) - 1
    if room < 6:
        return cut(name, width, ellipsis)
    return f"{ellipsis}/{cut_middle(name, room, ellipsis)}"


def left(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` cut or padded at the right to exactly `width` cells."""
    return set_cell_size(cut(text, width, ellipsis), width)


def right(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` cut or padded at the left to exactly `width` cells."""
    text = cut(text, width, ellipsis)
    return " " * (width - cell_len(text)) + text


def cut_line(line: Line, width: int, ellipsis: str = "…") -> Line:
    """`line` in at most `width` cells; the piece that does not fit is cut and the rest left out."""
    if line_width(line) <= width:
        return line
    pieces: list[Piece] = []
    for piece in line:
        text = cut(piece.text, width, ellipsis)
        if not text:
            break
        pieces.append(Piece(text, piece.style))
        width -= cell_len(text)
    return tuple(pieces)


def line_width(line: Iterable[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in line)


def line_text(line: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in line)


def wrapped(text: str, width: int) -> tuple[str, ...]:
    """`text` in lines of at most `width` cells, broken at spaces where there are any."""
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        while cell_len(word) > max(1, width):
            head = set_cell_size(word, max(1, width)).rstrip()
            if not head:
                break
            lines.append(head)
            word = word[len(head) :]
        current = word
    lines.append(current)
    return tuple(lines)


def _last_cells(text: str, width: int) -> str:
    start = len(text)
    used = 0
    while start > 0:
        used += cell_len(text[start - 1])
        if used > width:
            break
        start -= 1
    return text[start:]
