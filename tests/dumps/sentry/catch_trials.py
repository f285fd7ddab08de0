"""Trials of the sentry that tests run small and benchmarks large: who is caught, how fast, and who is left stopped."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import resource
import signal
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from sentry_world import Children, Listening, children, key_of, kill, listening, program, state_of, stat_of

SETTLE_SECONDS = 1.0
COMMAND: tuple[str, ...] = ()
_CLOCKS = struct.Struct("=qq")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CatchRate:
    """Of `spawned` processes `caught` were caught by name; `cpu_percent` of a core is what the sentry used meanwhile."""

    spawned: int
    caught: int
    unseen: int
    lost: int
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class HoldTimes:
    """`latencies_us` from the exec, by the kernel's stamp, until the stop was sent; sorted. `past_main_us` is how long
    each that reached the first line of main() ran on.
    """

    latencies_us: tuple[float, ...]
    past_main_us: tuple[float, ...]
    missed: int

    def quantile(self, share: float) -> float:
        return self.latencies_us[min(len(self.latencies_us) - 1, int(len(self.latencies_us) * share))]


@dataclass(frozen=True, slots=True)
class KillFindings:
    """After `kills` SIGKILLs: how many targets stood still or were dead a second later, the longest wait in seconds."""

    kills: int
    left_stopped: int
    dead: int
    longest_seconds: float


@contextlib.contextmanager
def busy_cores(count: int, directory: Path) -> Iterator[None]:
    """`count` loops that use a core each."""
    with children() as made:
        for _ in range(count):
            made.start(program(directory, "busy-loop"), "busy")
        yield


def ours() -> tuple[int, int]:
    """The ancestor that rules name here: other Calamaris of this host are nobody's to catch."""
    return key_of(os.getpid())


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    stat = stat_of(pid)
    return stat.cpu_ticks / _TICKS if stat is not None else 0.0


async def catch_rate(
    life_ms: float, count: int = 200, *, gap_ms: float = 20.0, events: bool = True, directory: Path | None = None
) -> CatchRate:  # fmt: skip
    """Spawns `count` Calamaris that live `life_ms` and are collected the moment they end; how many were caught."""
    with contextlib.ExitStack() as stack:
        home = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="octotui-catch-")))
        made = stack.enter_context(children())
        async with listening(events=events) as ears:
            await ears.arm(whom={"role": "calamari", "under": ours()}, count=count)
            await asyncio.sleep(0.3)
            used, begun = cpu_seconds(ears.sentry.pid), time.monotonic()
            pids = await _spawned(made, home, count, gap_ms, "live", str(int(life_ms * 1000)))
            await asyncio.sleep(SETTLE_SECONDS)
            used, spent = cpu_seconds(ears.sentry.pid) - used, time.monotonic() - begun
            await asyncio.sleep(SETTLE_SECONDS)
            caught = {news["pid"] for news in ears.of("caught")}
            return CatchRate(
                len(pids),
                len(caught.intersection(pids)),
                sum(news["count"] for news in ears.of("unseen")),
                sum(news["count"] for news in ears.of("lost")),
                100.0 * used / spent,
            )


async def hold_times(count: int = 200, *, directory: Path | None = None) -> HoldTimes:
    """Holds `count` processes that write down the clock in their first line and then without end, one at a time."""
    latencies, past, missed = [], [], 0
    with contextlib.ExitStack() as stack:
        home = directory or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="octotui-hold-", dir="/dev/shm"))
        )
        clocks = home / "clocks"
        target = program(home, "Calamari.Trial")
        async with listening(command=COMMAND) as ears:
            await ears.arm(whom={"role": "calamari", "name": "Calamari.Trial"}, hold=True, hold_seconds=30, count=1)
            await asyncio.sleep(0.3)
            for _ in range(count):
                clocks.write_bytes(bytes(mmap.PAGESIZE))
                pid = os.posix_spawn(target, [str(target), "spin", str(clocks)], {})
                try:
                    held = await ears.until("held", pid=pid, seconds=2.0)
                    await asyncio.sleep(0.005)
                    first, last = _CLOCKS.unpack(clocks.read_bytes()[: _CLOCKS.size])
                    latencies.append(held["latency_ns"] / 1000)
                    if first:
                        past.append((last - first) / 1000)
                except AssertionError:
                    missed += 1
                finally:
                    kill(pid)
                    await asyncio.to_thread(os.waitpid, pid, 0)
                await ears.until("ended", "over", pid=pid, seconds=2.0)
                ears.heard.clear()
    return HoldTimes(tuple(sorted(latencies)), tuple(sorted(past)), missed)


async def _spawned(made: Children, home: Path, count: int, gap_ms: float, *words: str) -> list[int]:
    spawner = made.start(program(home, "spawner"), "spawn", program(home), str(count), str(int(gap_ms * 1000)), *words)
    assert spawner.stdout is not None
    written = await asyncio.to_thread(spawner.stdout.read)
    return [int(line) for line in written.split()]
