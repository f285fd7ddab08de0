"""Trials of the sentry that tests run small and benchmarks large: who is caught, how fast, and who is left stopped."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentry_world import Children, children, kill, listening, ours, program, state_of, until

from octotui.dumps.sentry.glance import stat_of

SETTLE_SECONDS = 1.0
OWNER = Path(__file__).with_name("sentry_owner.py")
ENDINGS = ("written", "passed", "failed", "gone", "untraceable")
COMMAND: tuple[str, ...] = ()
_CLOCKS = struct.Struct("=qq")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CatchRate:
    """Of `spawned` processes `caught` were caught by name. `cpu_percent`: of a core, what the sentry used."""

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
                pid = _spinning(target, clocks)
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


def _spinning(target: Path, clocks: Path) -> int:
    return os.posix_spawn(target, [str(target), "spin", str(clocks)], {})


async def _spawned(made: Children, home: Path, count: int, gap_ms: float, *words: str) -> list[int]:
    spawner = made.start(program(home, "spawner"), "spawn", program(home), str(count), str(int(gap_ms * 1000)), *words)
    assert spawner.stdout is not None
    written = await asyncio.to_thread(spawner.stdout.read)
    return [int(line) for line in written.split()]


async def kill_series(kills: int, who: str, *, targets: int = 2, directory: Path | None = None) -> KillFindings:
    """Kills "octotui", "sentry" or "both" with SIGKILL while processes are held, or are just about to be.

    Each time a new stand-in for octotui with a sentry of its own; every second kill falls within milliseconds of the
    exec of the last target.
    """
    stopped = dead = 0
    longest = 0.0
    with contextlib.ExitStack() as stack:
        home = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="octotui-kill-")))
        for number in range(kills):
            with children() as made:
                owner = made.start(sys.executable, "-I", OWNER, *ours())
                assert owner.stdout is not None
                sentry = int(await asyncio.to_thread(owner.stdout.readline))
                held = [_beating(made, home, f"{number}-{index}") for index in range(targets)]
                for pid, _ in held:
                    await until(lambda pid=pid: state_of(pid) == "T", "it is held")
                if number % 2:
                    held.append(_beating(made, home, f"{number}-late"))
                    await asyncio.sleep(random.uniform(0.0, 0.003))
                for pid in {"octotui": (owner.pid,), "sentry": (sentry,), "both": (owner.pid, sentry)}[who]:
                    kill(pid)
                begun = time.monotonic()
                for _ in range(500):
                    if not any(state_of(pid) == "T" for pid, _ in held):
                        break
                    await asyncio.sleep(0.002)
                longest = max(longest, time.monotonic() - begun)
                # One that was announced and not stopped yet: whether it is let go after that shows a moment later.
                await asyncio.sleep(0.05)
                before = [beats.read_bytes()[:8] for _, beats in held]
                await asyncio.sleep(0.05)
                for (pid, beats), earlier in zip(held, before, strict=True):
                    stopped += state_of(pid) == "T"
                    dead += state_of(pid) in ("", "Z") or beats.read_bytes()[:8] == earlier
                kill(sentry)
    return KillFindings(kills, stopped, dead, longest)


def _beating(made: Children, home: Path, name: str) -> tuple[int, Path]:
    """A Calamari that counts up in a file."""
    beats = home / name
    beats.write_bytes(bytes(mmap.PAGESIZE))
    return made.start(program(home), "beats", beats).pid, beats


async def cpu_while_armed(seconds: float = 10.0, *, events: bool = True) -> float:
    """Percent of a core that a sentry uses with one rule armed that nobody matches, whatever else the host does."""
    async with listening(events=events) as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()})
        await asyncio.sleep(SETTLE_SECONDS)
        used, begun = cpu_seconds(ears.sentry.pid), time.monotonic()
        await asyncio.sleep(seconds)
        return 100.0 * (cpu_seconds(ears.sentry.pid) - used) / (time.monotonic() - begun)


async def end_trial(life_ms: float, count: int = 100, *, gap_ms: float = 200.0) -> Counter[str]:
    """What was told of `count` processes of that life that were to be captured at their end, one after the other:
    `written` of each is what is wanted.
    """
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="octotui-ends-")))
        made = stack.enter_context(children())
        async with listening() as ears:
            trace = {"directory": str(home)}
            whom = {"role": "calamari", "under": ours()}
            await ears.arm(whom=whom, at_exit=True, any_status=True, trace=trace, count=count)
            await asyncio.sleep(0.3)
            pids = await _spawned(made, home, count, gap_ms, "live", str(int(life_ms * 1000)))
            await asyncio.sleep(SETTLE_SECONDS)
            # One that was written is told gone as well, when it has been collected.
            told = {news["pid"]: news["news"] for news in reversed(ears.of(*ENDINGS))}
            return Counter(told.get(pid, "nothing") for pid in pids)
