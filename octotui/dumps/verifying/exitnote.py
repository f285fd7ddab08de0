"""What octotui's own note in a core says of the end of the process. Like everything in a file it is not believed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from octotui.dumps.verifying.elfcore import NT_OCTOTUI, Note
from octotui.text import printable

OWNER = b"octotui"
LARGEST_NOTE = 1 << 20
_MOST_LIFE = 1e10


@dataclass(frozen=True, slots=True)
class ExitFacts:
    """How the process ended whose core octotui wrote.

    `status` is its wait status. `left_managed` are threads that ran no managed code any more; `late` did not come to
    their end in time and `untraced` were not stopped, so that the core lacks them; `may_miss_threads`: threads were
    made so quickly that some of the last may be missing. `unreadable_bytes` of its memory could not be read.
    """

    version: str
    status: int
    life_seconds: float
    left_managed: tuple[int, ...]
    late: tuple[int, ...]
    untraced: tuple[int, ...]
    may_miss_threads: bool
    unreadable_bytes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def exit_facts(notes: Iterable[Note]) -> ExitFacts | None:
    """The facts of the first note of octotui's that parses; None when there is none."""
    for note in notes:
        if note.owner != OWNER or note.type != NT_OCTOTUI or len(note.content) > LARGEST_NOTE:
            continue
        try:
            return _parsed(json.loads(note.content.rstrip(b"\0")))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            continue
    return None


def status_text(status: int) -> str:
    """A wait status in words: `with status 3`, `by SIGKILL`."""
    number = status & 0x7F
    if number == 0:
        return f"with status {status >> 8 & 0xFF}"
    try:
        return f"by {signal.Signals(number).name}"
    except ValueError:
        return f"by signal {number}"


def _parsed(found: dict[str, Any]) -> ExitFacts:
    return ExitFacts(
        printable(str(found["version"]), 40),
        int(found["status"]) & 0xFFFF,
        min(max(0.0, float(found["life_seconds"])), _MOST_LIFE),
        _threads(found, "left_managed"),
        _threads(found, "late"),
        _threads(found, "untraced"),
        found.get("may_miss_threads") is True,
        max(0, int(found.get("unreadable_bytes", 0))),
    )


def _threads(found: dict[str, Any], name: str) -> tuple[int, ...]:
    return tuple(int(thread) & 0x7FFFFFFF for thread in found.get(name, ()))
