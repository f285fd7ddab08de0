"""Holds in words: the line that cannot be overlooked while a process stands still, and what a hold means."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from octotui.dumps.arming.state import HoldState
from octotui.text import printable
from octotui.ui.lines.cells import Line, Piece, cut, left
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.jobs import target_name


def hold_name(hold: HoldState) -> str:
    return target_name(hold.name, hold.key.pid)


def hold_text(hold: HoldState, now: float) -> str:
    """`Calamari 14220 by you 12 s of 60`; `now` is `time.monotonic()`."""
    early = " at its start" if hold.is_early else ""
    return f"{hold_name(hold)}{early} by {printable(hold.by, 30)} {_seconds(hold, now)} s of {hold.limit_seconds:.0f}"


def held_note(hold: HoldState) -> str:
    """What a plan says of a process that is held."""
    if hold.is_early:
        return f"{hold_name(hold)} is held before its runtime is there: alone it can be let run until then and captured"
    return f"{hold_name(hold)} is held: it is captured as it stands, stopped, and stays held"


def hold_line(holds: Sequence[HoldState], now: float, width: int, glyphs: Glyphs, how: str) -> Line:
    """One line of `width` cells on everything that is held; `how` is the key that lets go, "" where it does not work.

    Empty without a hold.
    """
    if not holds or width < 1:
        return ()
    text = next((text for text in _variants(holds, now, how) if cell_len(glyphs.text(text)) + 2 <= width), "HELD")
    text = glyphs.text(text)
    return (Piece(left(cut(f" {text}", width, glyphs.ellipsis), width, glyphs.ellipsis), "held"),)


def _variants(holds: Sequence[HoldState], now: float, how: str) -> list[str]:
    """The same in fewer and fewer words."""
    release = f" · {how} lets go" if how else ""
    first = holds[0]
    clock = f"{_seconds(first, now)} s of {first.limit_seconds:.0f}"
    if len(holds) == 1:
        return [
            f"HELD {hold_text(first, now)}{release}",
            f"HELD {hold_name(first)} by {printable(first.by, 12)} {clock}{release}",
            f"HELD {hold_name(first)} {clock}{release}",
            f"HELD {first.key.pid} {clock}{release}",
            f"HELD {first.key.pid} {clock}",
            f"HELD {first.key.pid}",
        ]
    names = " · ".join(hold_text(hold, now) for hold in holds)
    pids = ", ".join(str(hold.key.pid) for hold in holds)
    return [
        f"HELD {names}{release}",
        f"HELD {len(holds)}: {hold_name(first)} {clock} and {len(holds) - 1} more{release}",
        f"HELD {len(holds)}: {pids}{release}",
        f"HELD {len(holds)}{release}",
        f"HELD {len(holds)}",
    ]


def _seconds(hold: HoldState, now: float) -> int:
    return int(min(max(0.0, now - hold.since), hold.limit_seconds))
