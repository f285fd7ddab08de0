"""What a monitor costs while the machine forks: octotui's share of a core beside htop's, in storms of short processes.

Usage: python benchmarks/storm.py [--seconds S] [--together]

The long form: python benchmarks/storm.py --seconds 60

The Octopus view of octotui and htop run on terminals of 160x45, with the stand-in tree of `octotui demo` on the
machine, for S (20) seconds after a warm-up, one after the other or at the same time, while nothing happens, while 200
and 2,000 processes a second fork and end at once, and while 200 a second exec and end. Shares are CPU time of the whole
process and its children by the kernel's accounting.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager

from accounting import load
from crowd import Storm, execs, forks, octopus_tree
from monitors import HTOP, OCTOPUS, monitors
from report import Goal, print_goals, print_table, run
from view import Cost, measured

STORMS: dict[str, Callable[[], AbstractContextManager[Storm]]] = {
    "nothing": lambda: contextlib.nullcontext(Storm(0)),
    "200 forks/s": lambda: forks(200),
    "2,000 forks/s": lambda: forks(2000),
    "200 execs/s": lambda: execs(200),
}


def share(cost: Cost, interval: float) -> float:
    """Percent of one core."""
    return cost.cpu.clock * 100 / (cost.refreshes * interval)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--together", action="store_true", help="run the monitors at the same time")
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    with octopus_tree() as tree, monitors() as programs:
        print(f"{tree}; {load()}\n", flush=True)
        chosen = [programs[name] for name in (OCTOPUS, HTOP) if name in programs]
        for name, start in STORMS.items():
            shares: dict[str, float] = {}
            reached: list[str] = []
            for group in [chosen] if options.together else [[one] for one in chosen]:
                with start() as storm:
                    costs = measured(group, options.seconds)
                reached.append(f"{storm.rate:.0f}")
                shares |= {one.name: share(costs[one.name], one.interval) for one in group}
            peer = shares.get(HTOP)
            ratio = None if peer is None else shares[OCTOPUS] / peer
            shown = "—" if peer is None or ratio is None else f"{peer:.2f}", "—" if ratio is None else f"{ratio:.2f}"
            rows.append((name, " and ".join(reached), f"{shares[OCTOPUS]:.2f}", *shown, load()))
            goals.append(Goal(f"octotui / htop, {name}", ratio, 1.0))
    print_table(("storm", "reached a second", "octotui % of a core", "htop %", "octotui / htop", "machine"), rows)
    print_goals(goals)


if __name__ == "__main__":
    run(main)
