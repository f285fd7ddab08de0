"""Prints what being traced to its end costs a .NET process: `python benchmarks/exit_overhead.py [--runs 7]`.

A target that works without waiting, and one that makes 2,000 threads one after the other, measure their own work.
Untraced and traced runs take turns, so that what else the machine does meets both alike. Medians, and
the least: what else a busy machine does is more than one percent, but hardly disturbs the fastest of many runs, by
which the target that is bound by the CPU is judged.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "tests")]

from exit_sentry import Traced  # noqa: E402
from report import Goal, print_goals, run  # noqa: E402

from octotui.demo.program import plain_program  # noqa: E402
from octotui.demo.runtimes import find_runtime  # noqa: E402
from octotui.demo.standin import start_ticks  # noqa: E402


class Work(NamedTuple):
    name: str
    setting: str
    most_ratio: float
    is_judged_by_the_least: bool


WORKS = (Work("bound by the CPU", "cpu 400", 1.01, True), Work("2,000 threads, one by one", "threads 2000", 1.5, False))


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    goals = []
    print(f"| work of a .NET 8 process | untraced ms | traced ms | medians of {runs} | least |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="oct-") as home:
        for work in WORKS:
            seconds: dict[bool, list[float]] = {False: [], True: []}
            for run in range(2 * runs):
                seconds[run % 2 == 1].append(seconds_of(work, Path(home), is_traced=run % 2 == 1))
            plain, traced = median(seconds[False]), median(seconds[True])
            ratios = {False: traced / plain, True: min(seconds[True]) / min(seconds[False])}
            spread = f"{min(seconds[True]) * 1e3:.0f} to {max(seconds[True]) * 1e3:.0f}"
            figures = f"{plain * 1e3:.0f} | {traced * 1e3:.0f} ({spread}) | {ratios[False]:.3f} | {ratios[True]:.3f}"
            print(f"| {work.name} | {figures} |", flush=True)
            goals.append(Goal(work.name, ratios[work.is_judged_by_the_least], work.most_ratio, decimals=3))
    print()
    print_goals(goals)


if __name__ == "__main__":
    run(main)
