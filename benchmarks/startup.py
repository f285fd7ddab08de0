"""How long until a person sees something: from the start of the program to its first useful frame, beside its peers.

Usage: python benchmarks/startup.py [COUNT ...] [--reps N]

The long form: python benchmarks/startup.py 0 1000 4000 --reps 15

For each COUNT, idle processes are added until about that many exist (0: as it is), with the stand-in tree of `octotui
demo` among them. Each program runs on a terminal of 80x24, once to warm the caches and then N times. The Octopus view
counts as up when the row of a Calamari is drawn, the everything view when its first snapshot is; htop and btop, where
they are installed, when the first row of a process of root is; a command when it has ended.
"""

from __future__ import annotations

import argparse
import re
from statistics import median

from accounting import cpu, load
from crowd import idle_until, octopus_tree
from monitors import EVERYTHING, OCTOPUS, OCTOTUI, PEERS, Monitor, monitors
from ptys import Program
from report import Goal, print_goals, print_table, run

LIMIT_SECONDS = 20.0
FRAME_GOAL, VERSION_GOAL = 0.6, 0.1
VERSION, TREE = "octotui --version", "octotui tree"
FIRST_SNAPSHOT = re.compile(rb"[1-9][\d,]* of [1-9]|[1-9][\d,]* processes")
CALAMARI_ROW = re.compile(rb"Calamari")
ROW_OF_ROOT = re.compile(rb"\d+ (?:\S+ +)?root")
"""btop writes the program before the user."""


def programs_of(known: dict[str, Monitor], has_tree: bool) -> dict[str, tuple[Monitor, re.Pattern[bytes] | None]]:
    """Each program with what it has to show; None: its end."""
    markers = {OCTOPUS: CALAMARI_ROW if has_tree else FIRST_SNAPSHOT, EVERYTHING: FIRST_SNAPSHOT}
    found: dict[str, tuple[Monitor, re.Pattern[bytes] | None]] = {}
    found |= {name: (known[name], marker) for name, marker in markers.items()}
    environment = known[OCTOPUS].environment
    for name, words in ((VERSION, ("--version",)), (TREE, ("tree",))):
        found[name] = Monitor(name, (*OCTOTUI, *words), 0.0, environment), None
    nothing = (OCTOTUI[0], "-c", "pass")
    found["python -c pass"] = Monitor("python -c pass", nothing, 0.0, environment), None
    return found | {name: (known[name], ROW_OF_ROOT) for name in PEERS if name in known}


def one_start(monitor: Monitor, marker: re.Pattern[bytes] | None) -> tuple[float, float | None]:
    """Seconds until it is up, and its CPU seconds by then where it still runs."""
    with Program(monitor.command, monitor.environment, 80, 24) as program:
        if marker is None:
            return program.seconds_to_end(LIMIT_SECONDS), None
        seconds = program.seconds_until(marker, LIMIT_SECONDS)
        return seconds, cpu(program.pid).clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[0, 1000, 4000], metavar="COUNT")
    parser.add_argument("--reps", type=int, default=5)
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    for count in options.counts:
        with octopus_tree() as tree, idle_until(count) as total, monitors() as known:
            print(f"{tree}; {load()}", flush=True)
            for name, (monitor, marker) in programs_of(known, "NO OCTOPUS" not in tree).items():
                one_start(monitor, marker)
                runs = [one_start(monitor, marker) for _ in range(options.reps)]
                times = [seconds for seconds, _ in runs]
                used = [seconds for _, seconds in runs if seconds is not None]
                shown = f"{median(used):.2f}" if used else "—"
                figures = (f"{figure:.3f}" for figure in (median(times), min(times), max(times)))
                rows.append((str(total), name, *figures, shown))
                if name in (OCTOPUS, EVERYTHING, VERSION):
                    limit = VERSION_GOAL if name == VERSION else FRAME_GOAL
                    goals.append(Goal(f"{name}, {total} processes", median(times), limit, " s", 3))
    print()
    titles = "processes", "program", "first frame or end, s (median)", "fastest", "slowest", "CPU by then, s"
    print_table(titles, rows)
    print_goals(goals)


if __name__ == "__main__":
    run(main)
