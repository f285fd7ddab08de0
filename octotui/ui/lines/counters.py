"""Live counters of a .NET runtime as lines: the value now, and a strip of the last two minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octotui.dotnet.counters.model import CounterReading
from octotui.processes.history import by_time
from octotui.ui.lines.cells import Line, Piece, left, wrapped
from octotui.ui.lines.fields import heading_line
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.strips import MOST_CELLS, drawn
from octotui.units import bytes_text, percent_text

HEADING = ".NET, live"
COST = "asks the runtime once a second, about 0.2 % of a core"
FIRST = "waiting for the first figures"

LATE_SECONDS = 4.0
"""Without a figure for so long, that is said."""

_LABEL = 12
_VALUE = 10


@dataclass(frozen=True, slots=True)
class Live:
    """`readings` are of the last two minutes, oldest first, each with its time on the clock of `now`; `problem` and
    `hint` say why there are none; `waits_for` is what goes on with the process instead."""

    readings: tuple[tuple[float, CounterReading], ...] = ()
    now: float = 0.0
    problem: str = ""
    hint: str = ""
    waits_for: str = ""


class _Row(NamedTuple):
    """A counter with a strip. `least` is the smallest value that fills a bar: small ones shall look small."""

    label: str
    value: Callable[[CounterReading], float | None]
    text: Callable[[float], str]
    least: float


def _of(name: str, factor: float = 1.0) -> Callable[[CounterReading], float | None]:
    def value(reading: CounterReading) -> float | None:
        found = reading.values.get(name)
        return None if found is None else found * factor

    return value


def _rate(name: str) -> Callable[[CounterReading], float | None]:
    def value(reading: CounterReading) -> float | None:
        found = reading.values.get(name)
        return None if found is None else found / max(0.001, reading.interval_seconds)

    return value


def _bytes(value: float) -> str:
    return bytes_text(int(value))


def _percent(value: float) -> str:
    return f"{percent_text(value)} %"


def _count(value: float) -> str:
    return f"{value:.0f}"


def _per_second(value: float) -> str:
    return f"{value:.0f} /s"


_ROWS = (
    _Row("All CPUs", _of("cpu-usage"), _percent, 100.0),
    _Row("GC heap", _of("gc-heap-size", 1e6), _bytes, 1e6),
    _Row("Allocates", _rate("alloc-rate"), lambda value: f"{_bytes(value)}/s", 1e6),
    _Row("Time in GC", _of("time-in-gc"), _percent, 100.0),
    _Row("Pool threads", _of("threadpool-thread-count"), _count, 4.0),
    _Row("Pool queue", _of("threadpool-queue-length"), _count, 10.0),
    _Row("Lock waits", _rate("monitor-lock-contention-count"), _per_second, 10.0),
    _Row("Exceptions", _rate("exception-count"), _per_second, 10.0),
    _Row("Working set", _of("working-set", 1e6), _bytes, 1e6),
)
_GENERATIONS = (
    ("0", "gen-0-size"), ("1", "gen-1-size"), ("2", "gen-2-size"), ("large", "loh-size"), ("pinned", "poh-size"),
)  # fmt: skip
_COLLECTIONS = (("0", "gen-0-gc-count"), ("1", "gen-1-gc-count"), ("2", "gen-2-gc-count"))


def counter_lines(live: Live, width: int, glyphs: Glyphs) -> list[Line]:
    """The section in lines of at most `width` cells, what it costs at its end."""
    lines = [heading_line(HEADING, width, glyphs)]
    if live.problem:
        lines += _words(live.problem, "muted", width, glyphs)
        lines += _words(f"→ {live.hint}", "hint", width, glyphs) if live.hint else []
        return lines
    lines += _words(_state(live), "warning" if live.readings else "muted", width, glyphs)
    if live.readings:
        cells = max(0, min(MOST_CELLS, width - _LABEL - _VALUE))
        for row in _ROWS:
            lines += _strip(row, live, cells, glyphs)
        values = live.readings[-1][1].values
        lines += _text("Generations", _listed(_GENERATIONS, values, _bytes), width, glyphs)
        lines += _text("Collections", _listed(_COLLECTIONS, values, _count), width, glyphs)
    return [*lines, *_words(COST, "dim", width, glyphs)]


def _state(live: Live) -> str:
    """What is waited for, "" while figures come."""
    if live.waits_for:
        return f"waits for {live.waits_for}"
    if not live.readings:
        return FIRST
    at, reading = live.readings[-1]
    silent = live.now - at
    return f"no figures for {silent:.0f} s" if silent > LATE_SECONDS + reading.interval_seconds else ""


def _strip(row: _Row, live: Live, cells: int, glyphs: Glyphs) -> list[Line]:
    points = [(at, row.value(reading)) for at, reading in live.readings]
    now = points[-1][1]
    if now is None:
        return []
    values = by_time(points, live.now, cells)
    top = max(row.least, max((one for one in values if one is not None), default=0.0))
    bars = drawn(values, top, glyphs)
    return [(Piece(left(row.label, _LABEL), "label"), Piece(left(row.text(now), _VALUE)), Piece(bars, "strip"))]


def _listed(names: Sequence[tuple[str, str]], values: Mapping[str, float], text: Callable[[float], str]) -> str:
    return ", ".join(f"{word}: {text(values[name])}" for word, name in names if name in values)


def _text(label: str, text: str, width: int, glyphs: Glyphs) -> list[Line]:
    parts = wrapped(glyphs.text(text), max(8, width - _LABEL)) if text else ()
    return [
        (Piece(left(label if number == 0 else "", _LABEL), "label"), Piece(part)) for number, part in enumerate(parts)
    ]


def _words(text: str, style: str, width: int, glyphs: Glyphs) -> list[Line]:
    return [(Piece(part, style),) for part in wrapped(glyphs.text(text), width)] if text else []
