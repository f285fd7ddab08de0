"""Bytes that a refresh sends to the terminal, when nothing changes and when a tenth of the rows does.

Usage: python benchmarks/repaint.py [--seconds S] [--rows N] [--age S]

The long form: python benchmarks/repaint.py --seconds 120 --age 610

octotui runs on a terminal of 120x40 on a subtree of N (33) processes, all of them in sight; htop and btop beside it
show the whole machine, as a measure only. In one subtree all processes wait, in the other a tenth of them uses a share
of a core that goes up and down. Bytes are counted for S (30) seconds after a warm-up, and divided by S / 2 s. What is
drawn of the machine's own figures is counted too, and so are ages: those are told in seconds for the first ten minutes,
so only processes that are older (--age, 0 unless given) are idle in the sense of the goal.
"""

from __future__ import annotations

import argparse
import time

from accounting import load
from crowd import flickering
from monitors import BTOP, HTOP, OCTOPUS, OCTOTUI, Monitor, monitors
from ptys import Program
from report import Goal, print_goals, print_table, run

WARM_UP_SECONDS = 15.0
"""Long enough for what is only said for some seconds at the start to have gone."""

IDLE_BYTES, CHANGING_BYTES = 0.0, 2500.0
COLUMNS, LINES = 120, 40


def bytes_per_refresh(monitor: Monitor, seconds: float) -> float:
    with Program(monitor.command, monitor.environment, COLUMNS, LINES) as program:
        time.sleep(WARM_UP_SECONDS)
        before, began = program.bytes_drawn, time.monotonic()
        time.sleep(seconds)
        program.check_alive()
        return (program.bytes_drawn - before) * monitor.interval / (time.monotonic() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rows", type=int, default=33, help="how many processes are shown")
    parser.add_argument("--age", type=float, default=0.0, metavar="S", help="how old they are before it begins")
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    print(f"{load()}\n", flush=True)
    count, busy = options.rows - 1, round(options.rows / 10)
    with monitors() as known, flickering(count, 0) as still, flickering(count, busy) as moving:
        time.sleep(options.age)
        cases = (("idle", still, IDLE_BYTES), ("a tenth of the rows changes", moving, CHANGING_BYTES))
        for title, parent, limit in cases:
            command = (*OCTOTUI, "--all", "--interval", "2", "--pid", str(parent))
            own = Monitor("octotui", command, 2.0, known[OCTOPUS].environment)
            for monitor in (own, *(known[name] for name in (HTOP, BTOP) if name in known)):
                found = bytes_per_refresh(monitor, options.seconds)
                rows.append((title, monitor.name, f"{found:.0f}"))
                if monitor is own:
                    goals.append(Goal(f"bytes per refresh, {title}", found, limit, "", 0))
    print_table(("what happens", "monitor", "bytes per refresh of 2 s"), rows)
    print_goals(goals)


if __name__ == "__main__":
    run(main)
