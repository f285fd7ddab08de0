"""One line of the process table as a value, and all lines of it, each made when it is looked at."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from octotui.processes.arrangement import Arrangement, Branches, Place
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample


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
    memory, the age it reached, and the seconds since it was missed. `task_above` is the task of the nearest row above
    in its branch that has one.
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
    task_above: str = ""

    @property
    def key(self) -> ProcessKey:
        return self.process.key


@dataclass(frozen=True, eq=False)
class Shown:
    """What the rows of one moment are made from. `wanted` are the processes that are no context, `matched` those that
    the filter itself found.
    """

    sample: Sample
    arrangement: Arrangement
    branches: Branches
    wanted: Container[ProcessKey]
    matched: frozenset[ProcessKey] = frozenset()
    marks: frozenset[ProcessKey] = frozenset()


class Rows(Sequence[Row]):
    """The rows, top to bottom, each process at most once. A thousand rows that nobody looks at cost nothing."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._places = shown.arrangement.places
        self._made: dict[int, Row] = {}
        self._tasks: dict[int, str] = {-1: ""}

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(index, slice):
            return tuple(self[one] for one in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        row = self._made.get(index)
        if row is None:
            if index < 0:
                raise IndexError("no such row")
            row = self._made[index] = self._row(self._places[index])
        return row

    def __iter__(self) -> Iterator[Row]:
        return (self[index] for index in range(len(self)))

    @property
    def widest_pid(self) -> int:
        """The highest pid of a row; 0 without one."""
        return self._shown.arrangement.widest_pid

    def index_of(self, key: ProcessKey | None) -> int | None:
        """The index of the row of `key`, None if it has none."""
        return None if key is None else self._shown.arrangement.indices.get(key)

    def of(self, key: ProcessKey | None) -> Row | None:
        """The row of `key`, None if it has none."""
        index = self.index_of(key)
        return None if index is None else self[index]

    def keys(self) -> Iterator[ProcessKey]:
        """The processes, top to bottom."""
        return (place[0] for place in self._places)

    def count_living(self) -> int:
        """How many rows are no mere context and have not exited."""
        shown, indices = self._shown, self._shown.arrangement.indices
        if not indices:
            return 0
        gone = sum(key in indices and key in shown.wanted for key in shown.sample.ghosts)
        return sum(map(shown.wanted.__contains__, indices)) - gone

    def first_wanted(self) -> ProcessKey | None:
        """The first row that is no mere context."""
        return next((key for key in self.keys() if key in self._shown.wanted), None)

    def matches(self) -> list[int]:
        """The indices of the rows that match the filter itself, rising."""
        indices = self._shown.arrangement.indices
        return sorted(indices[key] for key in self._shown.matched if key in indices)

    def _row(self, place: Place) -> Row:
        shown, sample, key = self._shown, self._shown.sample, place.key
        process = sample.snapshot.processes.get(key)
        lifecycle, exited_seconds = Lifecycle.STEADY, 0.0
        if process is None:
            ghost = sample.ghosts[key]
            process, lifecycle = ghost.process, Lifecycle.EXITED
            exited_seconds = max(0.0, sample.snapshot.monotonic - ghost.exited_monotonic)
        elif key in sample.arrived:
            lifecycle = Lifecycle.ARRIVED
        below = shown.branches.below(key) if place.is_folded else (key,)
        return Row(
            process,
            sample.meaning(key),
            place.depth,
            place.guide,
            key not in shown.wanted,
            key in shown.matched,
            lifecycle,
            exited_seconds,
            place.is_folded,
            place.has_children,
            len(below) - 1,
            key in shown.marks,
            _cpu_of(sample, below),
            sum(alive.rss_bytes for one in below if (alive := sample.snapshot.processes.get(one)) is not None),
            max(0.0, sample.snapshot.age_seconds(process) - exited_seconds),
            self._task_from(place.above),
        )

    def _task_from(self, index: int) -> str:
        """The task of the row at `index` or of the nearest one above in its branch that has one."""
        passed: list[int] = []
        while (known := self._tasks.get(index)) is None:
            passed.append(index)
            known = self._shown.sample.meaning(self._places[index].key).task
            if known:
                break
            index = self._places[index].above
        for one in passed:
            self._tasks[one] = known
        return known


def _cpu_of(sample: Sample, keys: Sequence[ProcessKey]) -> float | None:
    """The sum of the rates that are known; None where none is."""
    rates = [rate for key in keys if (rate := sample.cpu_percent.get(key)) is not None]
    return sum(rates) if rates else None
