"""The columns of the process table as data: which fit a width, and where each begins."""

from __future__ import annotations

from dataclasses import dataclass

GUTTER = 2
"""Cells before the first column: the cursor, and what is happening to the process."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `gap` cells after it; a width of 0 takes what is left. `sort` names the order it stands for."""

    id: str
    title: str
    width: int
    gap: int = 1
    is_right: bool = False
    sort: str = ""


PID = Column("pid", "PID", 5, gap=2, is_right=True, sort="pid")
ROLE = Column("role", "ROLE", 9, sort="role")
USER = Column("user", "USER", 10)
CPU = Column("cpu", "CPU%", 4, is_right=True, sort="cpu")
MEMORY = Column("memory", "MEM", 5, gap=2, is_right=True, sort="memory")
THREADS = Column("threads", "THR", 4, gap=2, is_right=True)
AGE = Column("age", "AGE", 7, sort="age")
PROCESS = Column("process", "PROCESS", 0, gap=0, sort="name")
TASK = Column("task", "TASK", 20, gap=0)

_NEEDS = (("age", 28), ("role", 22), ("memory", 18), ("cpu", 14))
"""Columns in the order in which they go, each when the last column would get fewer cells than this."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that fit `width` cells, the process column's own width among them."""

    width: int
    columns: tuple[Column, ...]

    def has(self, column_id: str) -> bool:
        return any(column.id == column_id for column in self.columns)

    def at(self, x: int) -> Column | None:
        """The column drawn at cell `x`, its gap included."""
        position = GUTTER
        for column in self.columns:
            position += column.width + column.gap
            if x < position:
                return column
        return None


def fit(width: int, *, pid_width: int = 5) -> Layout:
    """The columns for a table of `width` cells whose pids have at most `pid_width` digits."""
    pid = Column(PID.id, PID.title, max(PID.width, pid_width), PID.gap, PID.is_right, PID.sort)
    columns = [pid, ROLE, CPU, MEMORY, AGE, PROCESS]
    if width >= 104:
        columns.insert(2, USER)
    if width >= 132:
        columns = [pid, ROLE, USER, CPU, MEMORY, THREADS, AGE, _with_gap(PROCESS, 2), TASK]
    for unwanted, needed in _NEEDS:
        if _left_over(columns, width) >= needed:
            break
        columns = [column for column in columns if column.id != unwanted]
    rest = max(0, _left_over(columns, width))
    return Layout(width, tuple(_with_width(c, rest) if c.id == "process" else c for c in columns))


def _left_over(columns: list[Column], width: int) -> int:
    return width - GUTTER - sum(column.width + column.gap for column in columns)


def _with_width(column: Column, width: int) -> Column:
    return Column(column.id, column.title, width, column.gap, column.is_right, column.sort)


def _with_gap(column: Column, gap: int) -> Column:
    return Column(column.id, column.title, column.width, gap, column.is_right, column.sort)
