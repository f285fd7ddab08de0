"""What reaches the terminal: of what is painted again, only the cells that differ; never a control character."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from octotui.text import printable

if TYPE_CHECKING:
    from rich.console import Console

BRIDGE = 8
"""So many equal cells between two changes are sent along: a jump over them and a new style cost more."""

_Cell = tuple[str, Style | None]
"""The text that begins at a cell and its style. A text of other than one cell a character stands in its first cell
as a whole, and the cells that it covers besides hold ""."""

_Run = tuple[int, int, list[_Cell]]
"""Column, line, and the cells from there on."""

_UNKNOWN: _Cell = ("\0", None)


class CellUpdate(CompositorUpdate):
    """Runs of changed cells."""

    def __init__(self, runs: list[_Run]) -> None:
        self._runs = runs

    def render_segments(self, console: Console) -> str:
        colours = console._color_system or ColorSystem.TRUECOLOR
        return "".join(f"\x1b[{y + 1};{x + 1}H{_rendered(cells, colours)}" for x, y, cells in self._runs)


class Canvas:
    """Knows what stands on the terminal, as far as it was told since the last `forget`."""

    def __init__(self) -> None:
        self._lines: dict[int, list[_Cell]] = {}
        self._odd: set[int] = set()

    def forget(self) -> None:
        """The terminal may show anything now: the next update is sent as it is."""
        self._lines.clear()
        self._odd.clear()

    def difference(self, update: CompositorUpdate) -> CompositorUpdate | None:
        """What has to be sent for `update`, None for nothing. A whole picture stays one, so that it mends a terminal
        on which another program wrote.
        """
        if isinstance(update, LayoutUpdate):
            left, top = update.region.offset
            for y, strips in enumerate(update.strips, top):
                cells, is_odd = _cells(strips)
                self._lines[y] = [_UNKNOWN] * left + cells
                (self._odd.add if is_odd else self._odd.discard)(y)
            last = top + len(update.strips)
            return CellUpdate([run for y in range(top, last) for run in _known(0, y, self._lines[y])])
        if not isinstance(update, ChopsUpdate):
            self.forget()
            return update
        painted: dict[int, dict[int, Strip]] = {}
        for y, start, stop in update.spans:
            for (x, strip), end in zip(update.chops[y].items(), update.chop_ends[y], strict=False):
                # What lies outside of the span was not drawn, or holds the blank screen behind a widget.
                if strip is not None and x < stop and end > start:
                    painted.setdefault(y, {})[x] = strip
        runs = [run for y, strips in painted.items() for run in self._runs(y, strips)]
        return CellUpdate(runs) if runs else None

    def _runs(self, y: int, strips: Mapping[int, Strip]) -> list[_Run]:
        line = self._lines.setdefault(y, [])
        changed: list[int] = []
        for x, strip in strips.items():
            cells, is_odd = _cells((strip,))
            if is_odd:
                self._odd.add(y)
            if len(line) < x:
                line += [_UNKNOWN] * (x - len(line))
            before = line[x : x + len(cells)]
            if before == cells:
                continue
            before += [_UNKNOWN] * (len(cells) - len(before))
            changed += [x + at for at, (old, new) in enumerate(zip(before, cells, strict=True)) if old != new]
            line[x : x + len(cells)] = cells
        if not changed:
            return []
        if y in self._odd:
            # A terminal may count such characters otherwise than we do, and then no cell after them is where we think.
            return _known(0, y, line)
        changed.sort()
        runs: list[_Run] = []
        start = end = changed[0]
        for x in changed[1:]:
            if x - end > BRIDGE:
                runs += _known(start, y, line[start : end + 1])
                start = x
            end = x
        return runs + _known(start, y, line[start : end + 1])


def _known(x: int, y: int, cells: list[_Cell]) -> list[_Run]:
    """The cells as runs without those of which nothing is known."""
    runs: list[_Run] = []
    is_open = False
    for at, cell in enumerate(cells, x):
        if cell is _UNKNOWN:
            is_open = False
        elif is_open:
            runs[-1][2].append(cell)
        else:
            runs.append((at, y, [cell]))
            is_open = True
    return runs


def _cells(strips: Iterable[Strip]) -> tuple[list[_Cell], bool]:
    """The cells of a line, and whether there is a character among them that takes other than one."""
    cells: list[_Cell] = []
    is_odd = False
    for strip in strips:
        for text, style, control in strip:
            if control:
                continue
            text = _harmless(text)
            if _is_plain(text):
                cells += [(character, style) for character in text]
            elif text:
                is_odd = True
                cells.append((text, style))
                cells += [("", style)] * (cell_len(text) - 1)
    return cells, is_odd


@lru_cache(2048)
def _harmless(text: str) -> str:
    """`text` in as many cells without anything that could drive a terminal.

    What is read of processes is printable already; what is typed or pasted into an input is drawn as it is.
    """
    return text if text.isprintable() else set_cell_size(printable(text), cell_len(text))


@lru_cache(2048)
def _is_plain(text: str) -> bool:
    """Whether each character takes one cell."""
    return text.isascii() or all(cell_len(character) == 1 for character in text)


def _rendered(cells: list[_Cell], colours: ColorSystem) -> str:
    parts: list[str] = []
    at = 0
    while at < len(cells):
        style, end = cells[at][1], at + 1
        while end < len(cells) and (cells[end][1] is style or cells[end][1] == style):
            end += 1
        text = "".join(text for text, _ in cells[at:end])
        parts.append(text if style is None else Strip.render_style(style, text, colours))
        at = end
    return "".join(parts)
