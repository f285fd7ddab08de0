"""Bytes that reach the terminal per refresh, octotui beside htop and btop, on a pty of one size in one run.

Usage: python benchmarks/bytes.py [--seconds S] [--size COLUMNSxLINES]

`scripted` is octotui's screen on made-up processes (benchmarks/scripted_rows.py), so that exactly the share of the
rows named changes. `real` shows 40 children of this benchmark, idle or with four of them working in bursts, at a
refresh of two seconds: octotui and htop show these children alone, btop has no such choice and shows the host.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from terminal_emulator import OCTOTUI, Terminal  # noqa: E402

CHILDREN, BUSY = 40, 4
SETTLE_SECONDS = 12.0
SCRIPTED_SETTLE_SECONDS = 40.0
"""Until the strips of the detail pane are full: before that they grow by a cell at each refresh."""
GOAL_BYTES = {"idle": 0, "10 % of the rows": 2500}
SCRIPT = str(Path(__file__).resolve().parent / "scripted_rows.py")


def main() -> int:
    parser = argparse.ArgumentParser(description="bytes per refresh to the terminal, beside htop and btop")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--size", default="120x40")
    options = parser.parse_args()
    columns, lines = (int(part) for part in options.size.split("x"))

    def measured(command: list[str], interval: float) -> float:
        settling = SCRIPTED_SETTLE_SECONDS if SCRIPT in command else SETTLE_SECONDS
        return bytes_per_refresh(command, interval, (settling, options.seconds), (columns, lines))

    print(f"| {options.size}, bytes per refresh | idle | 10 % of the rows | all rows |")
    print("|---|---|---|---|")
    scripted = [measured([sys.executable, SCRIPT, share], 1.0) for share in ("0", "0.1", "0.97")]
    print(f"| octotui, scripted | {' | '.join(f'{count:.0f}' for count in scripted)} |", flush=True)
    with children() as (parent, pids):
        rows = {
            "octotui": [*OCTOTUI, "--all", "--pid", str(parent), "--interval", "2"],
            "htop": ["htop", "-d", "20", "-p", ",".join(map(str, pids))],
            "btop": ["btop", "-p", "0"],
        }
        found = {name: [measured(command, 2.0)] for name, command in rows.items() if _is_here(command)}
        work(pids[:BUSY])
        for name, counts in found.items():
            counts.append(measured(rows[name], 2.0))
    for name, counts in found.items():
        print(f"| {name}, real | {' | '.join(f'{count:.0f}' for count in counts)} | |")
    is_reached = all(count <= goal for count, goal in zip(scripted, GOAL_BYTES.values(), strict=False))
    print(f"\ngoal: {GOAL_BYTES} scripted: {'reached' if is_reached else 'missed'}")
    return 0 if is_reached else 1


def _is_here(command: list[str]) -> bool:
    return shutil.which(command[0]) is not None


def bytes_per_refresh(command: list[str], interval: float, times: tuple[float, float], size: tuple[int, int]) -> float:
    """The mean over the second of `times`, after the program has had the first to settle; all in seconds."""
    settling, seconds = times
    environment = {"COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    with Terminal(command[1:], environment, *size, program=command[:1]) as terminal:
        terminal.listen(settling)
        sent = terminal.listen(seconds)
        assert terminal.process.poll() is None, f"{command[0]} ended: {terminal.text}"
        terminal.press("q")
    return len(sent) * interval / seconds


@contextlib.contextmanager
def children() -> Iterator[tuple[int, list[int]]]:
    """A process and its children, which sleep until they are told to work; ended by pid afterwards."""
    pids: list[int] = []
    parent = os.getpid()
    try:
        for _ in range(CHILDREN):
            pid = os.fork()
            if pid == 0:
                _sleep_or_work(parent)
            pids.append(pid)
        yield parent, pids
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def work(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGUSR1)


def _sleep_or_work(parent: int) -> None:
    """Bursts of a tenth of a core and more, of another length each time."""
    is_working = False

    def start(*_: object) -> None:
        nonlocal is_working
        is_working = True

    signal.signal(signal.SIGUSR1, start)
    turn = 0
    while os.getppid() == parent:
        if not is_working:
            time.sleep(1.0)
            continue
        turn += 1
        until = time.monotonic() + 0.05 + 0.03 * ((turn + os.getpid()) % 7)
        while time.monotonic() < until:
            pass
        time.sleep(0.8)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
