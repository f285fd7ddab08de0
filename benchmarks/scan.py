"""One refresh of the process table beside psutil's, in CPU time, on this machine in one run.

Usage: python benchmarks/scan.py [COUNT ...] [--reps N]

For each COUNT it adds sleeping processes until about that many exist, prints the median CPU milliseconds
(user and system of this process) of one warm refresh by each way, and ends them. `octotui` is
`ProcfsSource.read`, `Sampler.advance` and `view.rows` of everything in the tree; `psutil` is `process_iter` with the
same fields; the warm figure of both keeps what they cache between refreshes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import psutil
from crowd import idle_until

from octotui.processes.procfs import ProcfsSource
from octotui.processes.sampler import Sampler
from octotui.processes.view import Scope, SortColumn, ViewState, rows

SAME_FIELDS = (
    "pid", "ppid", "name", "exe", "cmdline", "username", "uids", "status", "num_threads", "cpu_times", "memory_info",
    "cwd", "create_time",
)  # fmt: skip
EVERYTHING = ViewState(scope=Scope.EVERYTHING, sort=SortColumn.CPU, descending=True)


_T = TypeVar("_T")


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU time of one refresh, octotui beside psutil")
    parser.add_argument("counts", nargs="*", type=int, default=[1000], metavar="COUNT")
    parser.add_argument("--reps", type=int, default=15)
    options = parser.parse_args()
    print("| processes | octotui first | octotui | read | advance | rows | psutil | octotui / psutil |")
    print("|---|---|---|---|---|---|---|---|")
    worst = 0.0
    for count in options.counts:
        with idle_until(count):
            worst = max(worst, measure(options.reps))
    print(
        f"\nCPU ms per refresh, median of {options.reps}; psutil {psutil.__version__}, Python {sys.version.split()[0]}"
    )
    print(f"goal: at most 0.33 of psutil; worst here {worst:.2f}: {'reached' if worst <= 1 / 3 else 'missed'}")
    return 0 if worst <= 1 / 3 else 1


def measure(reps: int) -> float:
    source, sampler = ProcfsSource(as_it_is), Sampler()
    _, first = timed(lambda: rows(sampler.advance(source.read()), EVERYTHING))
    parts: dict[str, list[float]] = {"all": [], "read": [], "advance": [], "rows": [], "psutil": []}
    by_psutil()
    count = 0
    for _ in range(reps):
        snapshot, read = timed(source.read)
        sample, advance = timed(partial(sampler.advance, snapshot))
        _, drawn = timed(partial(rows, sample, EVERYTHING))
        for name, cost in (("read", read), ("advance", advance), ("rows", drawn), ("all", read + advance + drawn)):
            parts[name].append(cost)
        parts["psutil"].append(timed(by_psutil)[1])
        count = len(snapshot.processes)
    middle = {name: statistics.median(costs) for name, costs in parts.items()}
    ratio = middle["all"] / middle["psutil"]
    figures = (first, middle["all"], middle["read"], middle["advance"], middle["rows"], middle["psutil"])
    print(f"| {count} | " + " | ".join(f"{figure:.1f}" for figure in figures) + f" | {ratio:.2f} |", flush=True)
    return ratio


def by_psutil() -> int:
    return sum(1 for _ in psutil.process_iter(SAME_FIELDS))


def as_it_is(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple(argv)


def timed(act: Callable[[], _T]) -> tuple[_T, float]:
    """What `act` returns, and the CPU milliseconds it took."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = act()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return result, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000.0


if __name__ == "__main__":
    sys.exit(main())
