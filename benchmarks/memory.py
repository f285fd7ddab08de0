"""Resident memory of the screen over time, while processes come and go: does it grow?

Usage: python benchmarks/memory.py [--minutes M] [--rate N] [--warm-up S]

The long form: python benchmarks/memory.py --minutes 10

octotui runs in the Octopus and in the everything view, both at the same time, each on a terminal of 160x45 with a
refresh every second, while N (100) processes a second exec, live for about a second and end; every twentieth of them is
called as a Calamari is. The stand-in tree of `octotui demo` is there too. After a warm-up of 60 s the resident memory
(VmRSS, children included) is read every 5 s for M (2) minutes; the slope is that of the least squares line.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from dataclasses import dataclass, field
from statistics import linear_regression

from accounting import load, resident_bytes
from crowd import execs, octopus_tree
from monitors import EVERYTHING, OCTOPUS, monitors
from ptys import Program
from report import Goal, print_goals, print_table, run

GOAL_MB = 70.0
STEADY_KB = 20.0
"""A slope of so many kB a minute, about a megabyte an hour, still counts as 0."""

SAMPLE_SECONDS = 5.0
LIFE_MS = 1000
CALAMARI_EVERY = 20
DEPLOYMENTS_EVERY = 10


@dataclass(slots=True)
class Course:
    """Resident kB by seconds."""

    seconds: list[float] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)

    def add(self, seconds: float, size: int) -> None:
        self.seconds.append(seconds)
        self.kilobytes.append(size / 1000)

    def slope(self, skipped: int = 0) -> float:
        """kB a minute, the first `skipped` samples left out."""
        return linear_regression(self.seconds[skipped:], self.kilobytes[skipped:]).slope * 60


def courses(options: argparse.Namespace) -> dict[str, Course]:
    found = {OCTOPUS: Course(), EVERYTHING: Course()}
    with contextlib.ExitStack() as stack:
        tree = stack.enter_context(octopus_tree(DEPLOYMENTS_EVERY))
        programs = stack.enter_context(monitors(interval=1.0))
        storm = stack.enter_context(execs(options.rate, LIFE_MS, CALAMARI_EVERY))
        print(f"{options.rate} processes a second come and go beside {tree}; {load()}", flush=True)
        running = {
            name: stack.enter_context(Program(programs[name].command, programs[name].environment)) for name in found
        }
        time.sleep(options.warm_up)
        began = time.monotonic()
        while (passed := time.monotonic() - began) < options.minutes * 60:
            for name, program in running.items():
                program.check_alive()
                found[name].add(passed, resident_bytes(program.pid))
            time.sleep(SAMPLE_SECONDS)
        print(f"{load()} at the end")
    print(f"reached: {storm.rate:.0f} processes a second\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0, help="after the warm-up")
    parser.add_argument("--rate", type=int, default=100, help="processes a second")
    parser.add_argument("--warm-up", type=float, default=60.0, metavar="S")
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    for name, course in courses(options).items():
        slope, late = course.slope(), course.slope(len(course.seconds) // 2)
        most = max(course.kilobytes)
        figures = (course.kilobytes[0] / 1000, course.kilobytes[-1] / 1000, most / 1000)
        rows.append((name, *(f"{figure:.1f}" for figure in figures), f"{slope:+.1f}", f"{late:+.1f}"))
        goals += [
            Goal(f"{name}, most", most / 1000, GOAL_MB, " MB", 1),
            Goal(f"{name}, slope", slope, STEADY_KB, " kB/min", 1),
        ]
    titles = "view", "RSS MB at the start", "at the end", "most", "slope kB/min", "slope of the second half"
    print_table(titles, rows)
    print_goals(goals)


if __name__ == "__main__":
    run(main)
