"""Real .NET 8 programs that end on request while they are traced, and what became of each: for tests and benchmarks."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exit_sentry import Traced

from octotui.demo.program import Behaviour, plain_program
from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import start_ticks
from octotui.dumps.verifying.verify import Expectation, Writer, verify
from octotui.errors import NotADump

KINDS = {
    "exit 0": (0, None),
    "exit 3": (3, None),
    "exception": (-signal.SIGABRT, None),
    "SIGTERM": (128 + signal.SIGTERM, signal.SIGTERM),
    "SIGKILL": (-signal.SIGKILL, signal.SIGKILL),
}
"""Kind of end -> (exit code as Popen tells it, the signal that is sent). .NET ends in order at SIGTERM: with 143."""

_WORDS = {"exit 0": "return 0", "exit 3": "exit 3", "exception": "throw"}
_LONG_MS = 600_000


@dataclass(frozen=True, slots=True)
class ExitRun:
    """One program: whether its core was written, verified and holds the heap, and whether its status was its own."""

    is_written: bool
    is_verified: bool
    has_heap: bool
    is_status_unchanged: bool
    said: str
    pause_seconds: float
    data_bytes: int


class ExitingProgram:
    """A running .NET 8 program. `marker_bytes` are in its managed heap and in no file."""

    def __init__(self, process: subprocess.Popen[bytes], marker: str, ready: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.started = start_ticks(process.pid)
        self.marker_bytes = marker[::-1].encode("utf-16-le")
        self._ready = ready

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while not self._ready.exists():
            assert self.process.poll() is None, "the program ended before it was ready"
            assert time.monotonic() < deadline
            time.sleep(0.002)


@contextmanager
def started_program(directory: Path, kind: str, life_ms: int, **behaviour: Any) -> Iterator[ExitingProgram]:
    """A program that ends in this way, `life_ms` after its start-up; one that is to be killed lives on."""
    marker = f"exit-{secrets.token_hex(8)}"
    ready = directory / f"ready-{marker}"
    end = f"{life_ms} {_WORDS[kind]}" if kind in _WORDS else f"{_LONG_MS} return 0"
    program = plain_program(find_runtime("8.0"))
    environment = {
        "PATH": os.defpath,
        "TMPDIR": str(directory),
        "OCTOTUI_STANDIN_END": end,
        **program.environment,
        **Behaviour(marker=marker, ends_with_stdin=False, **behaviour).environment(ready=str(ready)),
    }
    process = subprocess.Popen(
        program.command, env=environment, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield ExitingProgram(process, marker, ready)
    finally:
        process.kill()
        process.wait()
        ready.unlink(missing_ok=True)


def run_one(directory: Path, kind: str, life_ms: int, *, threads: int = 3) -> ExitRun:
    """Traces one program from its start to its end and removes the core. `directory` takes its files."""
    wanted, number = KINDS[kind]
    path = directory / f"core-{secrets.token_hex(4)}"
    with (
        started_program(directory, kind, life_ms, threads=threads) as program,
        Traced(program.pid, program.started, path) as traced,
    ):
        if number is not None:
            program.wait_until_ready()
            time.sleep(life_ms / 1000)
            program.process.send_signal(number)
        outcome = traced.outcome()
        status = program.process.wait(30)
        is_unchanged = status == wanted
        if outcome["news"] != "written":
            return ExitRun(False, False, False, is_unchanged, str(outcome), 0.0, 0)
        is_unchanged = is_unchanged and os.waitstatus_to_exitcode(outcome["status"] & ~0x80) == wanted
        said = "" if is_unchanged else f"{status} instead of {wanted}"
        try:
            facts = verify(path, Expectation(frozenset({program.pid}), writer=Writer.OCTOTUI))
            is_verified = len(facts.threads) == outcome["threads"] > threads and outcome["late"] == []
            said = said or f"{len(facts.threads)} threads"
        except NotADump as error:
            is_verified, said = False, str(error)
        has_heap = program.marker_bytes in path.read_bytes()
        path.unlink()
        return ExitRun(True, is_verified, has_heap, is_unchanged, said, outcome["pause_seconds"], outcome["data_bytes"])


@dataclass(frozen=True, slots=True)
class ExitCounts:
    """Of `runs` programs: how many cores were whole (with the heap), how many verified, how many statuses unchanged."""

    runs: int
    whole: int
    verified: int
    unchanged: int
    pauses: tuple[float, ...]
    complaints: tuple[str, ...]


def run_many(directory: Path, runs: int, kind: str, life_ms: int) -> ExitCounts:
    """`runs` programs of this life and kind of end, one after the other."""
    done = [run_one(directory, kind, life_ms) for _ in range(runs)]
    return ExitCounts(
        runs,
        sum(run.is_written and run.has_heap for run in done),
        sum(run.is_verified for run in done),
        sum(run.is_status_unchanged for run in done),
        tuple(run.pause_seconds for run in done),
        tuple(run.said for run in done if not (run.has_heap and run.is_verified and run.is_status_unchanged)),
    )
