"""The first line: which host, who, which instance; and at the right what is shown, how often, at what cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from octotui.processes.model import Meaning, Sample
from octotui.processes.state import Scope
from octotui.ui.lines.cells import Line, Piece, cut, line_width
from octotui.ui.lines.glyphs import Glyphs

SCOPE_NAMES = {Scope.OCTOPUS: "Octopus", Scope.DOTNET: ".NET", Scope.EVERYTHING: "Everything"}


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line says.

    `own_percent` is octotui's own use of one core, None before it is known; `pause_seconds` what the interval came to;
    `events` "on" where the kernel tells of starts and ends, "off" where it does not, "" as long as that is open;
    `frozen` says for how long the view has stood still, `recording` that samples are being kept, `armed` how many rules
    are; `replay` is where a
    replay stands, from what must be said on.
    """

    host: str = ""
    user: str = ""
    instance: str = ""
    scope: Scope = Scope.OCTOPUS
    filter: str = ""
    shown: int = 0
    total: int = 0
    interval_seconds: float = 2.0
    pause_seconds: float = 0.0
    events: str = ""
    own_percent: float | None = None
    is_read_only: bool = False
    problem: str = ""
    frozen: str = ""
    recording: str = ""
    replay: tuple[str, ...] = ()
    armed: str = ""


def instance_of(sample: Sample) -> str:
    """`Tentacle "web-blue"`, `2 Tentacles`, `Server`, or "" where neither runs."""
    alive = sample.snapshot.processes
    found = [meaning for key, meaning in sample.meanings.items() if key in alive]
    servers = [meaning for meaning in found if meaning.role == "server"]
    tentacles = [meaning for meaning in found if meaning.role == "tentacle-service"]
    return " + ".join(text for text in (_named("Server", servers), _named("Tentacle", tentacles)) if text)


def _named(word: str, found: Sequence[Meaning]) -> str:
    if len(found) > 1:
        return f"{len(found)} {word}s"
    if not found:
        return ""
    return f'{word} "{found[0].instance}"' if found[0].instance else word


def interval_text(seconds: float) -> str:
    return f"{seconds:g} s"


def status_line(status: Status, width: int, glyphs: Glyphs) -> Line:
    """One line of exactly `width` cells. What matters least goes first when it gets narrow."""
    left_parts = [part for part in (status.host, status.user, status.instance) if part]
    right_parts = _right_parts(status)
    cost = "" if status.own_percent is None else f" {status.own_percent:.1f} %"
    while True:
        left = [
            Piece("octotui", "brand"),
            Piece(cost, "status-text"),
            Piece("  "),
            Piece(glyphs.text(" · ".join(left_parts)), "status-text"),
        ]
        right = [Piece(glyphs.text(" · ".join(right_parts)), "status-problem" if status.problem else "status-text")]
        spare = width - line_width(left) - line_width(right) - 2
        if spare >= 1:
            break
        if len(right_parts) > max(2, len(status.replay)):
            del right_parts[-1]
        elif len(left_parts) > 1:
            del left_parts[1]
        elif len(right_parts) > 1:
            del right_parts[-1]
        else:
            return _crammed(left_parts, right_parts, width, glyphs)
    return (Piece(" "), *left, Piece(" " * spare), *right, Piece(" "))


def _right_parts(status: Status) -> list[str]:
    """From what must be said to what may be left out."""
    if not status.total:
        return [status.problem or "reading the process table"]
    parts = [SCOPE_NAMES[status.scope], f"{status.shown} of {status.total}"]
    if status.filter:
        parts.insert(1, f'"{cut(status.filter, 20)}"')
    if status.problem:
        parts.insert(0, status.problem)
    if status.frozen:
        parts.insert(0, status.frozen)
    if status.is_read_only:
        parts.insert(0, "read-only")
    if status.armed:
        parts.insert(0, status.armed)
    if status.recording:
        parts.insert(0, status.recording)
    if status.replay:
        return [*status.replay, *parts]
    if status.pause_seconds > 1.05 * status.interval_seconds:
        parts.append(f"slow scan, {_coarse(status.pause_seconds)}")
    else:
        parts.append(interval_text(status.interval_seconds))
    if status.events:
        parts.append("events on" if status.events == "on" else "polling")
    return parts


def _coarse(seconds: float) -> str:
    """A time that is not asked for but came out: rounded up, so that it does not change with every scan."""
    step = 0.5 if seconds < 5 else 5.0
    return interval_text(math.ceil(seconds / step) * step)


def _crammed(left_parts: list[str], right_parts: list[str], width: int, glyphs: Glyphs) -> Line:
    text = " · ".join(["octotui", *left_parts[:1], *right_parts[:1]])
    text = cut(glyphs.text(text), width, glyphs.ellipsis)
    return (Piece(text, "status-text"), Piece(" " * (width - line_width([Piece(text)]))))
