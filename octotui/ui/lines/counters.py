"""Live counters of a .NET runtime as lines: the value now, and a strip of the last two minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octotui.dotnet.counters.catalogue import CATALOGUE, Unit, scaled
from octotui.dotnet.counters.model import CounterReading
from octotui.processes.history import by_time
from octotui.ui.lines.cells import Line, Piece, left, wrapped
from octotui.ui.lines.fields import heading_line
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.strips import MOST_CELLS, drawn
from octotui.units import bytes_text, percent_text

HEADING = ".NET, live"
INTERVAL_SECONDS = 2.0
"""From one figure to the next: as often as the table is read again, and half of what one a second costs the process."""

COST = f"asked every {INTERVAL_SECONDS:g} s, ~0.2 % of a core"
FIRST = "waiting for the first figures"

LATE_SECONDS = 4.0
"""Without a figure for so long, that is said."""

_LABEL = 13
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
    name: str
    least: float


_ROWS = (
    _Row("All CPUs", "cpu-usage", 100.0),
    _Row("GC heap", "gc-heap-size", 1e6),
    _Row("Allocates", "alloc-rate", 1e6),
    _Row("Time in GC", "time-in-gc", 100.0),
    _Row("Pool threads", "threadpool-thread-count", 4.0),
    _Row("Pool queue", "threadpool-queue-length", 10.0),
    _Row("Lock waits", "monitor-lock-contention-count", 10.0),
    _Row("Exceptions", "exception-count", 10.0),
)
_WORKING_SET = _Row("Working set", "working-set", 1e6)
"""Beside the memory that the system tells of, which the details have too."""

_GENERATIONS = (("0", "gen-0-size"), ("1", "gen-1-size"), ("2", "gen-2-size"), ("large", "loh-size"))
_COLLECTIONS = (("0", "gen-0-gc-count"), ("1", "gen-1-gc-count"), ("2", "gen-2-gc-count"))
_COUNTERS = {counter.name: counter for counter in CATALOGUE}


def counter_lines(live: Live, width: int, glyphs: Glyphs, *, is_short: bool = False) -> list[Line]:
    """The section in lines of at most `width` cells, what it costs at its end. `is_short` leaves out what matters
    least."""
    lines = [heading_line(HEADING, width, glyphs)]
    if live.problem:
        lines += _words(live.problem, "muted", width, glyphs)
        lines += _words(f"→ {live.hint}", "hint", width, glyphs) if live.hint else []
        return lines
    lines += _words(_state(live), "warning" if live.readings else "muted", width, glyphs)
    if live.readings:
        cells = max(0, min(MOST_CELLS, width - _LABEL - _VALUE))
        for row in _ROWS if is_short else (*_ROWS, _WORKING_SET):
            lines += _strip(row, live, cells, glyphs)
        last = live.readings[-1][1]
        lines += _text("Generations", _listed(_GENERATIONS, last), width, glyphs)
        lines += [] if is_short else _text("Collections", _listed(_COLLECTIONS, last), width, glyphs)
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
    points = [(at, _value(row.name, reading)) for at, reading in live.readings]
    now = points[-1][1]
    if now is None:
        return []
    values = by_time(points, live.now, cells)
    top = max(row.least, max((one for one in values if one is not None), default=0.0))
    text = left(_written(row.name, now), _VALUE)
    return [(Piece(left(row.label, _LABEL), "label"), Piece(text), Piece(drawn(values, top, glyphs), "strip"))]


def _value(name: str, reading: CounterReading) -> float | None:
    return scaled(_COUNTERS[name], reading.values, reading.interval_seconds)


def _written(name: str, value: float) -> str:
    """The value with its unit, in at most nine cells."""
    match _COUNTERS[name].unit:
        case Unit.PERCENT:
            return f"{percent_text(value)} %"
        case Unit.BYTES:
            return bytes_text(int(value)) if value >= 1 else "0"
        case Unit.BYTES_PER_SECOND:
            return f"{bytes_text(int(value))}/s" if value >= 1 else "0 /s"
        case Unit.PER_SECOND:
            return f"{value:.0f} /s"
    return f"{value:.0f}"


def _listed(names: Sequence[tuple[str, str]], reading: CounterReading) -> str:
    found = [(word, name, _value(name, reading)) for word, name in names]
    return ", ".join(f"{word}: {_written(name, value)}" for word, name, value in found if value is not None)


def _text(label: str, text: str, width: int, glyphs: Glyphs) -> list[Line]:
    parts = wrapped(glyphs.text(text), max(8, width - _LABEL)) if text else ()
    return [
        (Piece(left(label if number == 0 else "", _LABEL), "label"), Piece(part)) for number, part in enumerate(parts)
    ]


def _words(text: str, style: str, width: int, glyphs: Glyphs) -> list[Line]:
    return [(Piece(part, style),) for part in wrapped(glyphs.text(text), width)] if text else []
