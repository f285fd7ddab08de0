"""What watch rules promise: who is caught, how fast it stands still, what is captured at its end, what a kill leaves.

Usage: python benchmarks/catch.py [PART ...] [--count N] [--kills K] [--seed S]

Parts: rates, holds, ends, slowdown, polling, kills. The long form: python benchmarks/catch.py --count 200 --kills 100

Rates and holds are those of short C programs called Calamari, below a sentry of their own: idle, beside two busy loops,
and beside 1,000 and 2,000 forks a second. Ends are those of real .NET 8 programs that are traced from their start.
Slow-down is told by the target itself. Polling is what is left without events of the kernel. Kills end the real
`octotui catch` with SIGKILL while it holds or traces a real .NET program.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "real"), str(TESTS / "dumps" / "sentry")]

from accounting import load  # noqa: E402
from catch_kills import MOMENTS, blow  # noqa: E402
from catch_trials import busy_cores, catch_rate, cpu_while_armed, hold_times, kill_series  # noqa: E402
from crowd import forks, idle_until  # noqa: E402
from exit_overhead import WORKS, ratio_of  # noqa: E402
from exit_runs import KINDS, run_many  # noqa: E402
from report import Goal, print_goals, print_table, run  # noqa: E402

LIVES_MS = (0.0, 1.0, 5.0, 50.0)
END_LIVES_MS = (50, 500, 5000)
POLLED_MS = (20.0, 50.0, 100.0, 150.0)
AT_ONCE = 0.0
"""A program that ends at once: 197 of 200 are wanted, as the kernel may have forgotten it before it can be named."""


@contextlib.contextmanager
def busy() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="octotui-busy-") as home, busy_cores(2, Path(home)):
        yield


LOADS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "idle": contextlib.nullcontext,
    "two busy loops": busy,
    "1,000 forks/s": lambda: forks(1000),
    "2,000 forks/s": lambda: forks(2000),
}


def rates(count: int) -> list[Goal]:
    rows, goals = [], []
    for name, start in LOADS.items():
        for life in LIVES_MS:
            with start():
                found = asyncio.run(catch_rate(life, count))
            missed, allowed = found.spawned - found.caught, count * 3 // 200 if life == AT_ONCE else 0
            rows.append((name, f"{life:g}", f"{found.caught} of {found.spawned}", str(found.unseen), str(found.lost),
                         f"{found.cpu_percent:.1f} %"))  # fmt: skip
            goals.append(Goal(f"not caught of {count} that live {life:g} ms, {name}", missed, allowed, "", 0))
    print_table(("load", "life ms", "caught and named", "ended unseen", "events lost", "CPU of the sentry"), rows)
    return goals


def holds(count: int) -> list[Goal]:
    rows, goals = [], []
    for name, limits in (("idle", (200.0, 2000.0)), ("two busy loops", (300.0, 4000.0))):
        with LOADS[name]():
            found = asyncio.run(hold_times(count))
        half, most = found.quantile(0.5), found.quantile(0.99)
        reached = len(found.past_main_us)
        rows.append((name, str(len(found.latencies_us)), f"{half:.0f}", f"{most:.0f}", f"{reached} of {count}",
                     str(found.missed)))  # fmt: skip
        goals += [
            Goal(f"exec to held, median, {name}", half, limits[0], " us", 0),
            Goal(f"exec to held, 99 %, {name}", most, limits[1], " us", 0),
            Goal(f"main() reached before the stop, {name}", reached / count, 0.1),
        ]
    print_table(("load", "held", "median us", "99 % us", "main() reached", "missed"), rows)
    return goals


def ends(count: int) -> list[Goal]:
    rows, goals = [], []
    runs = max(1, count // 2)
    with tempfile.TemporaryDirectory(prefix="octotui-ends-") as home:
        for kind in KINDS:
            done = Counter[str]()
            pauses: list[float] = []
            for life in END_LIVES_MS:
                each = max(1, runs // len(END_LIVES_MS) + (life == END_LIVES_MS[0]) * (runs % len(END_LIVES_MS)))
                found = run_many(Path(home), each, kind, life)
                done.update(runs=found.runs, whole=found.whole, verified=found.verified, unchanged=found.unchanged)
                pauses += found.pauses
                for complaint in found.complaints:
                    print(f"{kind}, {life} ms: {complaint}", flush=True)
            pause = sorted(pauses)[len(pauses) // 2] if pauses else 0.0
            rows.append((kind, str(done["runs"]), str(done["whole"]), str(done["verified"]), str(done["unchanged"]),
                         f"{pause * 1000:.0f}"))  # fmt: skip
            wrong = 3 * done["runs"] - done["whole"] - done["verified"] - done["unchanged"]
            goals.append(Goal(f"not whole, not verified or with another status, {kind}", wrong, 0, "", 0))
    print_table(("end", "programs", "whole", "verified", "status unchanged", "median pause ms"), rows)
    return goals


def slowdown(count: int) -> list[Goal]:
    rows, goals = [], []
    runs = max(3, count // 20)
    for work in WORKS:
        found = ratio_of(work, runs)
        rows.append((work.name, f"{found.plain_ms:.0f}", f"{found.traced_ms:.0f}", f"{found.ratio:.3f}",
                     f"{found.ratio_of_least:.3f}", str(runs)))  # fmt: skip
        goals.append(Goal(f"slow-down while traced, {work.name}", found.ratio, work.most_ratio, " x", 3))
    print_table(("work", "untraced ms", "traced ms", "ratio of medians", "of the fastest", "runs of each"), rows)
    return goals


def polling(count: int) -> list[Goal]:
    rows, goals = [], []
    for life in POLLED_MS:
        found = asyncio.run(catch_rate(life, count // 2, events=False))
        rows.append((f"{life:g}", f"{found.caught} of {found.spawned}", f"{found.cpu_percent:.1f} %"))
        if life == 100.0:
            goals.append(Goal("not caught without events, of those that live 100 ms", found.spawned - found.caught, 0))
    with idle_until(1000) as total:
        used = asyncio.run(cpu_while_armed(events=False))
    goals.append(Goal(f"CPU while armed without events, {total} processes", used, 2.0, " %"))
    print_table(("life ms", "caught without events", "CPU of the sentry"), rows)
    return goals


def kills(count: int, seed: int) -> list[Goal]:
    rows, goals = [], []
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="octotui-kills-") as home:
        blows = [blow(Path(home), number, chance) for number in range(count)]
    for moment in dict.fromkeys(MOMENTS):
        some = [one for one in blows if one.was == moment]
        wrong = [one for one in some if not one.is_as_promised]
        stood = max((one.longest_stop_seconds for one in some), default=0.0)
        rows.append((f"octotui catch, target {moment}", str(len(some)), str(len(wrong)), f"{stood:.3f}"))
        goals.append(Goal(f"left stopped, or with another status: {moment}", len(wrong), 0, "", 0))
        goals.append(Goal(f"longest stop after the kill: {moment}", stood, 1.0, " s", 3))
    for who in ("octotui", "sentry", "both"):
        found = asyncio.run(kill_series(count, who))
        wrong_count = found.left_stopped + found.dead
        rows.append((f"stand-in, killed: {who}", str(found.kills), str(wrong_count), f"{found.longest_seconds:.3f}"))
        goals.append(Goal(f"left stopped or dead, killed: {who}", wrong_count, 0, "", 0))
    print_table(("who and when", "kills", "left stopped or changed", "longest stop after it, s"), rows)
    return goals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="all of them by default")
    parser.add_argument("--count", type=int, default=40, help="programs of each kind of trial")
    parser.add_argument("--kills", type=int, default=12, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parts: dict[str, Callable[[], list[Goal]]] = {
        "rates": lambda: rates(options.count),
        "holds": lambda: holds(options.count),
        "ends": lambda: ends(options.count),
        "slowdown": lambda: slowdown(options.count),
        "polling": lambda: polling(options.count),
        "kills": lambda: kills(options.kills, options.seed),
    }
    unknown = [part for part in options.parts if part not in parts]
    if unknown:
        parser.error(f"there is no part {unknown[0]}: choose from {', '.join(parts)}")
    goals: list[Goal] = []
    for name, part in parts.items():
        if not options.parts or name in options.parts:
            print(f"## {name} ({load()})\n", flush=True)
            goals += part()
    print_goals(goals)


if __name__ == "__main__":
    run(main)
