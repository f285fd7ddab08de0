"""What live counters and a heap histogram cost: `python benchmarks/counters.py [--seconds 20]`.

The long form: python benchmarks/counters.py --seconds 60

Counters: idle real processes on .NET 8.0 and 3.1. CPU is the kernel's own sum of all threads, the target's with and
without an open session after the first three readings, in which its runtime compiles what it needs for it; a stand-in
that does nothing uses next to none by itself. Bytes are those of the session's stream.

Heap: a process with a known number of objects of 24 bytes. The stop is told by the target's own events, the growth is
that of its highest resident memory; the rate is bytes of stream for each second of CPU of this process.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from contextlib import aclosing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "real")]

from dotnet_targets import DotnetTarget  # noqa: E402
from heap_shelf import shelf  # noqa: E402
from report import Goal, print_goals, print_table, run  # noqa: E402

from octotui.dotnet.observer import Observer  # noqa: E402
from octotui.dotnet.sessions import TraceSession  # noqa: E402
from octotui.ui.lines.counters import INTERVAL_SECONDS as SCREEN_SECONDS  # noqa: E402

WARM_READINGS = 3
OBJECTS = (100_000, 1_000_000, 5_000_000)
CORE_SHARE = 0.003
SCRIPT_SECONDS = 1.0


class Meter:
    """Bytes that the sessions of this process read."""

    def __init__(self) -> None:
        self.bytes = 0
        read = TraceSession.read

        async def counted(session: TraceSession) -> bytes:
            piece = await read(session)
            self.bytes += len(piece)
            return piece

        TraceSession.read = counted  # type: ignore[method-assign]


def used(pid: int) -> float:
    """Seconds of CPU of all its threads, to the nanosecond; the clock of a process is made of its pid."""
    return time.clock_gettime((~pid << 3) | 2)


def memory_mb(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


async def counters_of(version: str, interval: float, seconds: int, meter: Meter) -> tuple[tuple[str, ...], float]:
    """A row of the table, and the share of a core that the target used for it."""
    observer = Observer()
    with DotnetTarget.start(runtime=version, heartbeat=False) as target:
        await asyncio.sleep(2)
        resident = memory_mb(target.pid, "VmRSS")
        began, before = time.monotonic(), used(target.pid)
        await asyncio.sleep(seconds)
        idle = (used(target.pid) - before) / (time.monotonic() - began)
        count, values = 0, 0
        opened = time.monotonic()
        async with aclosing(observer.counters(target.key, interval)) as told:
            async for reading in told:
                count += 1
                if count == 1:
                    first = time.monotonic() - opened
                if count == WARM_READINGS:
                    began, before, ours, size = time.monotonic(), used(target.pid), time.process_time(), meter.bytes
                if count >= WARM_READINGS and time.monotonic() - began >= seconds:
                    values = len(reading.values)
                    break
            elapsed = time.monotonic() - began
            busy = (used(target.pid) - before) / elapsed
            row = (
                version, f"{interval:g}", str(values), f"{first:.2f}", f"{idle * 1000:.2f}", f"{busy * 1000:.2f}",
                f"{(busy - idle) * 100:.3f} %", f"{(time.process_time() - ours) / elapsed * 1000:.2f}",
                f"{(meter.bytes - size) / elapsed:,.0f}", f"{memory_mb(target.pid, 'VmRSS') - resident:+.1f}",
            )  # fmt: skip
    return row, busy - idle


async def heap_of(version: str, objects: int) -> tuple[tuple[str, ...], float]:
    """A row of the table, and bytes of stream for each second of our CPU."""
    observer = Observer()
    with shelf(version, objects, 1) as key:
        plan = await observer.heap_plan(key)
        resident, ours = memory_mb(key.pid, "VmRSS"), time.process_time()
        found = await observer.heap(plan)
        rate = found.stream_bytes / (time.process_time() - ours)
        row = (
            version, f"{found.objects:,}", f"{found.bytes / 1e6:.1f}", f"{found.stream_bytes / 1e6:.1f}",
            f"{found.seconds:.2f}", f"{plan.stop_seconds * 1000:.0f}", f"{found.stop_seconds * 1000:.0f}",
            f"{plan.memory_bytes / 1e6:.0f}", f"{memory_mb(key.pid, 'VmHWM') - resident:+.0f}",
            f"{found.lost_events}", f"{rate / 1e6:.0f}",
        )  # fmt: skip
    return row, rate


async def measured(seconds: int) -> None:
    meter = Meter()
    asked = [(version, every) for every in (SCREEN_SECONDS, SCRIPT_SECONDS) for version in ("8.0", "3.1")]
    rows, shares = zip(*[await counters_of(version, every, seconds, meter) for version, every in asked], strict=True)
    print_table(
        (
            "runtime", "every s", "counters", "first s", "idle ms/s", "open ms/s", "of a core", "ours ms/s",
            "bytes/s", "RSS MB",
        ),
        rows,
    )  # fmt: skip
    heaps = [await heap_of(version, objects) for version in ("8.0", "3.1") for objects in OBJECTS]
    print_table(
        (
            "runtime", "objects", "heap MB", "stream MB", "takes s", "planned stop ms", "stop ms", "planned MB",
            "growth MB", "lost", "MB/s of our CPU",
        ),
        [row for row, _ in heaps],
    )  # fmt: skip
    print_goals(
        [
            Goal("the screen's counters in the target, .NET 8.0", shares[0] * 100, CORE_SHARE * 100, " %", 3),
            Goal("the screen's counters in the target, .NET 3.1", shares[1] * 100, CORE_SHARE * 100, " %", 3),
        ]
    )
    slowest = min(rate for _, rate in heaps[1:]) / 1e6
    print(f"the heap's stream is taken at {slowest:.0f} MB for a second of CPU at least (goal: 40)")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20, help="of counters with each runtime, and of none")
    asyncio.run(measured(parser.parse_args().seconds))


if __name__ == "__main__":
    run(main)
