"""Strips of what a process used in the last two minutes: drawn by time, blank where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.processes.history import Point, by_time
from octotui.ui.lines.cells import Line, Piece, left
from octotui.ui.lines.fields import LABEL
from octotui.ui.lines.glyphs import Glyphs
from octotui.units import bytes_text, percent_text

MOST_CELLS = 60
"""Two seconds a cell."""

_VALUE = 9
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"


def strip_lines(
    points: Sequence[Point], now: float, cpu: float | None, rss: int, width: int, glyphs: Glyphs
) -> list[Line]:
    """CPU and memory: the value now, then the strip. A full bar is a whole core (or the peak above it), and the peak
    of the memory."""
    cells = max(0, min(MOST_CELLS, width - LABEL - _VALUE))
    cpus = by_time([(point.at, point.cpu_percent) for point in points], now, cells)
    sizes = by_time([(point.at, point.rss_bytes) for point in points], now, cells)
    value = glyphs.unknown if cpu is None else f"{percent_text(cpu)} %"
    return [
        _strip("CPU", value, cpus, max(100.0, _peak(cpus)), glyphs),
        _strip("Memory", bytes_text(rss), sizes, _peak(sizes), glyphs),
    ]


def _peak(values: Sequence[float | None]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def drawn(values: Sequence[float | None], top: float, glyphs: Glyphs) -> str:
    """A bar for each value, a full one for `top`; blanks where nothing is known."""
    bars = _ASCII_BARS if glyphs.is_ascii else _BARS
    return "".join(" " if one is None else _bar(one, top, bars) for one in values).rstrip()


def _strip(label: str, value: str, values: Sequence[float | None], top: float, glyphs: Glyphs) -> Line:
    bars = drawn(values, top, glyphs)
    return (Piece(left(label, LABEL), "label"), Piece(left(value, _VALUE)), Piece(bars, "strip"))


def _bar(value: float, top: float, bars: str) -> str:
    return bars[min(len(bars) - 1, int(value / top * len(bars)))] if top > 0 else bars[0]
