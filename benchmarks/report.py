"""How a benchmark runs and reports: Markdown tables of figures, and whether a goal was reached."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType


@dataclass(frozen=True, slots=True)
class Goal:
    """What was to be reached: `measured` at most `limit`; None where there was nothing to measure it by."""

    what: str
    measured: float | None
    limit: float
    unit: str = ""
    decimals: int = 2

    @property
    def row(self) -> tuple[str, str, str, str]:
        limit = f"at most {self.limit:g}{self.unit}"
        if self.measured is None:
            return self.what, "—", limit, "not measured"
        verdict = "reached" if self.measured <= self.limit else "**missed**"
        return self.what, f"{self.measured:.{self.decimals}f}{self.unit}", limit, verdict


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"| {' | '.join(titles)} |")
    print("|" + "---|" * len(titles))
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(flush=True)


def print_goals(goals: Sequence[Goal]) -> None:
    print_table(("goal", "measured", "limit", "verdict"), [goal.row for goal in goals])


def run(main: Callable[[], None]) -> None:
    """Runs a benchmark so that it also ends what it started when it is asked to end, and not only on ctrl+c."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
