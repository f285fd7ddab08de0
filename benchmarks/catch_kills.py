"""Ends `octotui catch` with SIGKILL while it holds a real .NET process or waits for its end, and looks at what is left.

A target ends by itself with a status of its own. Half of them are held when the blow falls; of the others half are
traced and run, and half stand at their end while they are written. What counts: is it stopped a second later, did it
end with its status, how long did it stand still.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from exit_runs import ExitingProgram, started_program

from octotui.dumps.sentry.glance import stat_of

LIFE_MS = 3000
STATUS = 3
WATCH_SECONDS = 1.0
PATIENCE_SECONDS = 30.0
HELD, TRACED, WRITTEN = "held", "traced", "being written"
MOMENTS = (HELD, TRACED, HELD, WRITTEN)


@dataclass(frozen=True, slots=True)
class Blow:
    """One target after octotui was killed. `state` is the kernel's letter one second later, "" for one that ended."""

    was: str
    state: str
    status: int | None
    longest_stop_seconds: float

    @property
    def is_as_promised(self) -> bool:
        return self.state not in ("T", "t") and self.status == STATUS


def blow(home: Path, number: int, chance: random.Random) -> Blow:
    """One kill. `home` is octotui's and the target's."""
    was = MOMENTS[number % len(MOMENTS)]
    with ExitStack() as stack:
        target = stack.enter_context(started_program(home, "exit 3", LIFE_MS, threads=3))
        words = ("--hold",) if was == HELD else ("--at-exit",)
        octotui = _catching(home, target, *words)
        stack.callback(_end, octotui)
        _wait_until(target, was, octotui)
        time.sleep(chance.uniform(0.0, 0.05 if was != TRACED else 0.5))
        octotui.kill()
        octotui.wait()
        begun, stood = time.monotonic(), 0.0
        while time.monotonic() - begun < WATCH_SECONDS:
            if _state(target) in ("T", "t"):
                stood = time.monotonic() - begun
            time.sleep(0.002)
        state = _state(target)
        try:
            status = target.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        return Blow(was, state, status, stood)


def _catching(home: Path, target: ExitingProgram, *words: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "OCTOTUI_STATE_DIR": str(home / "state")}
    return subprocess.Popen(
        [sys.executable, "-m", "octotui", "catch", str(target.pid), *words, "--yes", "--json"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _wait_until(target: ExitingProgram, moment: str, octotui: subprocess.Popen[bytes]) -> None:
    """Until the target stands still, is traced, or stands at its end as one that is traced."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    has_come = {HELD: lambda: _state(target) == "T", TRACED: lambda: _is_traced(target),
                WRITTEN: lambda: _state(target) == "t"}[moment]  # fmt: skip
    while not has_come():
        if time.monotonic() > deadline or octotui.poll() is not None or not _state(target):
            raise SystemExit(f"octotui catch never got hold of process {target.pid} ({moment})")
        time.sleep(0.001)


def _state(target: ExitingProgram) -> str:
    stat = stat_of(target.pid)
    return "" if stat is None or stat.state in "ZX" else stat.state


def _is_traced(target: ExitingProgram) -> bool:
    try:
        status = Path(f"/proc/{target.pid}/status").read_text("utf-8", "replace")
    except OSError:
        return False
    return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in status.splitlines())


def _end(octotui: subprocess.Popen[bytes]) -> None:
    if octotui.poll() is None:
        octotui.send_signal(signal.SIGKILL)
        octotui.wait()
