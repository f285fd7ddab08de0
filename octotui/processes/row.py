"""One line of the process table, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from octotui.processes.model import Meaning, ProcessInfo, ProcessKey


class Lifecycle(StrEnum):
    """Whether a process has just come, is there, or has gone."""

    STEADY = "steady"
    ARRIVED = "arrived"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `guide` is the drawn part of the tree, two cells a level, "" for roots and in the list. A context row is shown
    for the sake of a row below it. A folded row carries the totals of itself and of its `hidden_count` hidden rows
    in `cpu_percent` (of one core; None where no rate is known) and `rss_bytes`. A row that exited has no rate, no
    memory, the age it reached, and the seconds since it was missed.
    """

    process: ProcessInfo
    meaning: Meaning
    depth: int = 0
    guide: str = ""
    is_context: bool = False
    is_match: bool = False
    lifecycle: Lifecycle = Lifecycle.STEADY
    exited_seconds: float = 0.0
    is_folded: bool = False
    has_children: bool = False
    hidden_count: int = 0
    is_marked: bool = False
    cpu_percent: float | None = None
    rss_bytes: int = 0
    age_seconds: float = 0.0

    @property
    def key(self) -> ProcessKey:
        return self.process.key
