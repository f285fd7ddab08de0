"""CPU of one refresh of the screen beside htop's and btop's, whole processes, in one run on this machine.

Usage: python benchmarks/view.py [COUNT ...] [--seconds S] [--rounds N] [--together] [--deployments S]

The long form: python benchmarks/view.py 1000 4000 --seconds 40 --rounds 3

For each COUNT, idle processes are added until about that many exist, with the stand-in tree of `octotui demo` among
them. Each monitor then runs on a terminal of 160x45 whose output is drained, and after a warm-up the kernel's CPU time
of its process and its children is taken over S seconds, and divided by S / 2 s, the interval that all are told. How
many refreshes each really made is counted too (bursts of reads): where octotui made clearly fewer, because it stretches
its interval, its CPU is divided by those instead. Rounds interleave the monitors, and medians of them are shown;
--together runs all at the same time, so that what else the machine does meets them alike. --deployments has a short
deployment in the tree every so many seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from accounting import Cpu, Refreshes, cpu, load, resident_bytes
from crowd import NEVER, idle_until, octopus_tree
from monitors import BTOP, EVERYTHING, HTOP, OCTOPUS, PEERS, Monitor, monitors
from ptys import Program
from report import Goal, print_goals, print_table, run

WARM_UP_SECONDS = 8.0
LOOK_SECONDS = 0.1
STRETCHED = 0.85
"""A share of the refreshes told; what is above it may be the ends of the time that was measured."""

ABSOLUTE_GOAL_MS = 5.0
MANY = 2000
"""From so many processes on htop is the measure of the Octopus view, below it btop."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one monitor cost in one round: its CPU, the refreshes it was told and those `seen`, memory, bytes drawn."""

    name: str
    cpu: Cpu
    refreshes: float
    resident: int
    drawn: int
    seen: int
    is_slow: bool

    @property
    def per_refresh(self) -> float:
        """CPU milliseconds. A peer is always given the refreshes it was told: the bursts of a slow one run together."""
        is_stretched = self.name not in PEERS and 0 < self.seen < STRETCHED * self.refreshes
        return self.cpu.clock * 1000 / (self.seen if is_stretched else self.refreshes)


def measured(group: Sequence[Monitor], seconds: float) -> dict[str, Cost]:
    """Runs the monitors of `group` at the same time."""
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(Program(monitor.command, monitor.environment)) for monitor in group]
        time.sleep(WARM_UP_SECONDS)
        before = [(cpu(program.pid), program.bytes_drawn, time.monotonic()) for program in programs]
        seen = [Refreshes(program.pid) for program in programs]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            for one in seen:
                one.look(time.monotonic())
        costs: dict[str, Cost] = {}
        for monitor, program, (used, drawn, began), refreshes in zip(group, programs, before, seen, strict=True):
            program.check_alive()
            costs[monitor.name] = Cost(
                monitor.name,
                cpu(program.pid) - used,
                (time.monotonic() - began) / monitor.interval,
                resident_bytes(program.pid),
                program.bytes_drawn - drawn,
                refreshes.count,
                b"slow scan" in program.text(),
            )
        return costs


def rounds(count: int, options: argparse.Namespace) -> tuple[int, dict[str, list[Cost]]]:
    """How many processes there were, and the costs of each monitor."""
    found: dict[str, list[Cost]] = defaultdict(list)
    with octopus_tree(options.deployments) as tree, idle_until(count) as total, monitors() as programs:
        print(f"{total} processes with {tree}; {load()}", flush=True)
        for _ in range(options.rounds):
            groups = [list(programs.values())] if options.together else [[one] for one in programs.values()]
            for group in groups:
                for name, cost in measured(group, options.seconds).items():
                    found[name].append(cost)
        print(f"{load()} at the end\n")
    return total, found


def row(total: int, name: str, costs: Sequence[Cost], middle: dict[str, float]) -> tuple[str, ...]:
    each = [cost.per_refresh for cost in costs]
    ratios = [f"{middle[name] / middle[peer]:.2f}" if peer in middle else "—" for peer in (HTOP, BTOP)]
    resident = max(cost.resident for cost in costs) / 1e6
    drawn = median(cost.drawn / cost.refreshes for cost in costs)
    slow = " (slow scan)" if any(cost.is_slow for cost in costs) else ""
    told, seen = sum(cost.refreshes for cost in costs), sum(cost.seen for cost in costs)
    figures = f"{median(each):.1f}{slow}", f"{min(each):.1f} to {max(each):.1f}"
    return str(total), name, *figures, *ratios, f"{seen} of {told:.0f}", f"{resident:.0f}", f"{drawn:.0f}"


def goals(middles: dict[int, dict[str, float]]) -> list[Goal]:
    small, large = min(middles), max(middles)

    def ratio(count: int, name: str, peer: str) -> float | None:
        return middles[count][name] / middles[count][peer] if peer in middles[count] else None

    some = [Goal(f"everything view / htop at {count}", ratio(count, EVERYTHING, HTOP), 1.0) for count in middles]
    if small < MANY:
        some.append(Goal(f"Octopus view / btop at {small}", ratio(small, OCTOPUS, BTOP), 0.5))
        some.append(Goal(f"Octopus view at {small}", middles[small][OCTOPUS], ABSOLUTE_GOAL_MS, " ms", 1))
    if large >= MANY:
        some.append(Goal(f"Octopus view / htop at {large}", ratio(large, OCTOPUS, HTOP), 0.15))
    if large > small:
        growth = middles[large][OCTOPUS] / middles[small][OCTOPUS]
        some.append(Goal(f"Octopus view, growth from {small} to {large}", growth, 1.3))
    return some


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[1000, 4000], metavar="COUNT")
    parser.add_argument("--seconds", type=float, default=20.0, help="that each monitor is measured for in a round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--together", action="store_true", help="run the monitors at the same time")
    parser.add_argument("--deployments", type=int, default=NEVER, help="seconds between two short deployments")
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    middles: dict[int, dict[str, float]] = {}
    every: list[Cpu] = []
    for count in options.counts:
        total, found = rounds(count, options)
        middle = {name: median(cost.per_refresh for cost in costs) for name, costs in found.items()}
        middles[count] = middle
        rows += [row(total, name, costs, middle) for name, costs in found.items()]
        every += [cost.cpu for costs in found.values() for cost in costs]
    titles = (
        "processes",
        "monitor",
        "CPU ms per refresh",
        "from to",
        "/ htop",
        "/ btop",
        "refreshes seen",
        "RSS MB",
        "bytes per refresh",
    )
    print_table(titles, rows)
    print_goals(goals(middles))
    clock, ticks = sum(one.clock for one in every), sum(one.ticks for one in every)
    print(f"all runs: {clock:.2f} s by the process clock, {ticks:.2f} s by utime + stime ({ticks / clock - 1:+.1%})")


if __name__ == "__main__":
    run(main)
