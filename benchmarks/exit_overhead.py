"""Prints what being traced to its end costs a .NET process: `python benchmarks/exit_overhead.py [--runs 7]`.

Each run of a target that works without waiting, and of one that makes 2,000 threads one after the other, is measured by
the target itself. Untraced and traced runs take turns, so that what else the machine does meets both alike. Medians.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "tests")]

from exit_sentry import Traced  # noqa: E402
from report import Goal, print_goals, print_table, run  # noqa: E402

from octotui.demo.program import plain_program  # noqa: E402
from octotui.demo.runtimes import find_runtime  # noqa: E402
from octotui.demo.standin import start_ticks  # noqa: E402


class Work(NamedTuple):
    name: str
    setting: str
    most_ratio: float


WORKS = (Work("bound by the CPU", "cpu 400", 1.01), Work("2,000 threads, one by one", "threads 2000", 1.5))


def seconds_of(work: Work, directory: Path, *, is_traced: bool) -> float:
    """How long the target says that its work took."""
    program = plain_program(find_runtime("8.0"))
    environment = {
        "PATH": os.defpath,
        "TMPDIR": str(directory),
        "OCTOTUI_STANDIN_WORK": work.setting,
        "OCTOTUI_STANDIN_END": "0 return 0",
        **program.environment,
    }
    with subprocess.Popen(program.command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if is_traced:
            core = directory / "core"
            with Traced(process.pid, start_ticks(process.pid), core, keep="failed") as traced:
                said = process.stdout.read()
                traced.until("gone")
        else:
            said = process.stdout.read()
    if process.returncode != 0:
        raise SystemExit(f"the target ended with {process.returncode}")
    return int(said.split()[1]) / 1e9


@dataclass(frozen=True, slots=True)
class Ratio:
    """Milliseconds of work, untraced and each of the traced runs."""

    plain: tuple[float, ...]
    traced: tuple[float, ...]

    @property
    def plain_ms(self) -> float:
        return median(self.plain)

    @property
    def traced_ms(self) -> float:
        return median(self.traced)

    @property
    def ratio(self) -> float:
        return self.traced_ms / self.plain_ms

    @property
    def ratio_of_least(self) -> float:
        """Of the fastest runs, which other work on the machine disturbs least."""
        return min(self.traced) / min(self.plain)


def ratio_of(work: Work, runs: int) -> Ratio:
    """`runs` of each, in turns, so that what else the machine does meets both alike."""
    spent: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="oct-") as home:
        for number in range(2 * runs):
            is_traced = number % 2 == 1
            spent[is_traced].append(seconds_of(work, Path(home), is_traced=is_traced) * 1000)
    return Ratio(tuple(spent[False]), tuple(spent[True]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    goals, rows = [], []
    for work in WORKS:
        found = ratio_of(work, runs)
        spread = f"{min(found.traced):.0f} to {max(found.traced):.0f}"
        ratios = f"{found.ratio:.3f}", f"{found.ratio_of_least:.3f}"
        rows.append((work.name, f"{found.plain_ms:.0f}", f"{found.traced_ms:.0f} ({spread})", *ratios))
        goals.append(Goal(work.name, found.ratio, work.most_ratio, " x", 3))
    print_table(
        ("work of a .NET 8 process", "untraced ms", "traced ms", f"ratio of medians (of {runs})", "of the fastest"),
        rows,
    )
    print_goals(goals)


if __name__ == "__main__":
    run(main)
