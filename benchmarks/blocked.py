"""The longest time that the screen's event loop is held up while thousands of processes are on the machine.

Usage: python benchmarks/blocked.py [COUNT] [--seconds S]

The long form: python benchmarks/blocked.py 4000 --seconds 60

Idle processes are added until about COUNT (4000) exist, with the stand-in tree of `octotui demo` among them. octotui
runs on a terminal of 160x45, with a heartbeat inside (heartbeat.py), for S seconds (30) in the Octopus and in the
everything view, while keys are pressed: j, o, a filter. Beside each run a loop beats that does nothing else: what it
shows, the machine did; and on a machine with other work the CPU that the loop used in one beat says more than the time
it took. The first 3 seconds, in which the screen is put together, are told apart.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from accounting import load
from crowd import idle_until, octopus_tree
from heartbeat import NOTHING
from monitors import environment_in
from ptys import Program
from report import Goal, print_goals, print_table, run

GOAL_MS = 30.0
START_SECONDS = 3.0
KEY_SECONDS = 0.4
VIEWS = {"Octopus": (), "everything": ("--all",)}
KEYS = (
    *"jjoojjo", "\x1b[6~", *"jjGgt", "t", "/", *"bash", "\r", *"nj", "\x1b", "/", *"cpu>90", "\r", "\x1b", "\r", "\x1b",
)  # fmt: skip
"""Down, through the scopes and back, pages, list and tree, two filters, the details."""


class Late(NamedTuple):
    """A beat: seconds since the start, how late in ms, CPU ms of the loop's thread and of the whole process by then."""

    at: float
    late: float
    own: float
    everything: float


def beats(words: Sequence[str], seconds: float) -> tuple[list[Late], list[Late]]:
    """The late beats of `octotui WORDS` and those of the loop that did nothing beside it."""
    with tempfile.TemporaryDirectory(prefix="octotui-blocked-") as home:
        environment = environment_in(Path(home))
        reports = Path(home) / "octotui.late", Path(home) / "nothing.late"
        commands = (words, (NOTHING,))
        with contextlib.ExitStack() as stack:
            program, _ = (
                stack.enter_context(Program(command_for(report, *what), environment))
                for report, what in zip(reports, commands, strict=True)
            )
            end = program.started + seconds
            time.sleep(START_SECONDS + 0.5)
            for key in itertools.cycle(KEYS):
                if time.monotonic() > end:
                    break
                program.check_alive()
                program.press(key)
                time.sleep(KEY_SECONDS)
            program.check_alive()
            # What is late on the way out, when the terminal is given back, holds up nobody.
            end = time.monotonic() - 0.1
        ours, machine = (read(report, program.started, end) for report in reports)
    return ours, machine


def read(report: Path, start: float, end: float) -> list[Late]:
    found = [Late(*map(float, line.split())) for line in report.read_text("ascii").splitlines()]
    return [one._replace(at=one.at - start) for one in found if one.at < end]


def command_for(report: Path, *words: str) -> tuple[str, ...]:
    return sys.executable, str(Path(__file__).with_name("heartbeat.py")), str(report), *words


def longest(found: Sequence[Late]) -> Late:
    return max(found, key=lambda one: one.late, default=Late(0.0, 0.0, 0.0, 0.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each view")
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    with octopus_tree() as tree, idle_until(options.count) as total:
        print(f"{total} processes with {tree}; {load()}\n", flush=True)
        for view, words in VIEWS.items():
            ours, machine = beats(words, options.seconds)
            for title, is_start in (("start-up", True), ("after it", False)):
                some = [one for one in ours if (one.at < START_SECONDS) is is_start]
                worst = longest(some)
                busiest = max((one.own for one in some), default=0.0)
                idle = longest([one for one in machine if (one.at < START_SECONDS) is is_start])
                many = sum(one.late > GOAL_MS for one in some)
                figures = (f"{value:.1f}" for value in (worst.late, worst.own, worst.everything, busiest, idle.late))
                rows.append((view, title, *figures, str(many), f"{worst.at:.1f}"))
            goals.append(Goal(f"longest, {view} view, after start-up", worst.late, GOAL_MS, " ms", 1))
    print_table(
        ("view", "when", "longest ms", "CPU of the loop then", "CPU of all threads then",
         "most CPU of the loop in one beat", "longest of an idle loop", f"times over {GOAL_MS:.0f} ms", "at s"),
        rows,
    )  # fmt: skip
    print_goals(goals)


if __name__ == "__main__":
    run(main)
