"""What a look at managed stacks takes and costs: `python benchmarks/stacks.py [--starts 3] [--looks 20]`.

The long form: python benchmarks/stacks.py --starts 10 --looks 200

Real .NET processes: a stand-in with a holder and a waiter of a lock on .NET 8.0 and 3.1, one with 20,000 compiled
methods, one with 200 threads that are 50 calls deep. Each is started `--starts` times and looked at once with names,
which is also the first session that its runtime ever had; then `--looks` times without. Milliseconds are those of the
whole look, from the request to the last name, with the worst of them. Stops are the target's own: the time between the
events with which its runtime stops all threads for a sample and lets them go. CPU is that of this process. Memory is
the target's resident memory before the first look, at its highest, and after all of them.

Beside that, what a dump of the same stand-in by its own createdump takes, writes, and stops (the longest gap of the
target's heartbeat), which is what people do today to see stacks.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from accounting import load  # noqa: E402
from dotnet_targets import DotnetTarget  # noqa: E402
from report import Goal, print_goals, print_table, run  # noqa: E402
from stackful import Stackful  # noqa: E402

from octotui.demo.runtimes import find_runtime  # noqa: E402
from octotui.dotnet import runtime  # noqa: E402
from octotui.dotnet.nettrace.reader import NettraceReader  # noqa: E402
from octotui.dotnet.sessions import TraceSession  # noqa: E402
from octotui.dotnet.stacks.looking import look  # noqa: E402
from octotui.dotnet.stacks.methods import WANTED, MethodTable  # noqa: E402
from octotui.dotnet.stacks.model import Look, Stops  # noqa: E402

SMALL, OLD, METHODS, THREADS = "stand-in, .NET 8.0", "stand-in, .NET 3.1", "20,000 methods", "200 threads, 50 deep"
Target = DotnetTarget | Stackful
TARGETS: dict[str, Callable[[], Target]] = {
    SMALL: lambda: DotnetTarget.start(threads=4, lock=True),
    OLD: lambda: DotnetTarget.start(runtime="3.1", threads=4, lock=True),
    METHODS: lambda: Stackful("methods", 20_000),
    THREADS: lambda: Stackful("deep", 200, 50),
}
REST_SECONDS = 0.5


@dataclass
class Found:
    """Of one kind of target: milliseconds of looks, bytes of streams, stops, megabytes of the target."""

    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    first_cpu: list[float] = field(default_factory=list)
    later_cpu: list[float] = field(default_factory=list)
    first_bytes: list[int] = field(default_factory=list)
    later_bytes: list[int] = field(default_factory=list)
    stops: list[Stops] = field(default_factory=list)
    first_stops: list[Stops] = field(default_factory=list)
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    methods: int = 0
    threads: int = 0
    stream: bytes = b""


class Meter:
    """Counts, and on request keeps, what the sessions of this process read."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        read = TraceSession.read

        async def counted(session: TraceSession) -> bytes:
            piece = await read(session)
            self.pieces.append(piece)
            return piece

        TraceSession.read = counted  # type: ignore[method-assign]

    async def look(self, target: Target, table: MethodTable) -> tuple[Look, float, bytes]:
        """A look, its milliseconds of CPU, and its stream."""
        facts = runtime.inspect(target.key)
        self.pieces.clear()
        before = time.process_time()
        found = await look(facts, table)
        return found, (time.process_time() - before) * 1000, b"".join(self.pieces)


async def measure(meter: Meter, start: Callable[[], Target], starts: int, looks: int) -> Found:
    found = Found()
    for _ in range(starts):
        with start() as target:
            await asyncio.sleep(REST_SECONDS)
            table = MethodTable()
            before, _ = memory(target.pid)
            first, cpu, stream = await meter.look(target, table)
            found.first.append(first.seconds * 1000)
            found.first_cpu.append(cpu)
            found.first_bytes.append(len(stream))
            found.first_stops.append(first.stops)
            found.stream = stream
            _, highest = memory(target.pid)
            for _ in range(max(1, looks // starts)):
                later, cpu, stream = await meter.look(target, table)
                found.later.append(later.seconds * 1000)
                found.later_cpu.append(cpu)
                found.later_bytes.append(len(stream))
                found.stops.append(later.stops)
                found.threads = len(later.threads)
            found.memory.append((before, highest, memory(target.pid)[0]))
            found.methods = len(table)
    return found


def memory(pid: int) -> tuple[float, float]:
    """Resident megabytes of a process: now, and at its highest."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024


def dump() -> tuple[float, float, int]:
    """Seconds, longest heartbeat gap in seconds, and bytes of a dump of the small stand-in by its own createdump."""
    with DotnetTarget.start(threads=4, lock=True) as target, tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        path = Path(directory) / "raw.dmp"
        time.sleep(REST_SECONDS)
        known = len(target.heartbeat_gaps())
        start = time.monotonic()
        tool = find_runtime("8.0").createdump
        subprocess.run([tool, "-h", "-f", str(path), str(target.pid)], check=True, capture_output=True)
        seconds = time.monotonic() - start
        time.sleep(0.1)
        gap = max((one.seconds for one in target.heartbeat_gaps()[known:]), default=0.0)
        return seconds, gap, path.stat().st_size


def parser_speed(stream: bytes) -> float:
    """Megabytes a second that the reader takes of a stream with the names of 20,000 methods."""
    best = 0.0
    for _ in range(5):
        table = MethodTable()
        reader = NettraceReader(table.take, WANTED)
        start = time.thread_time()
        reader.feed(stream)
        best = max(best, len(stream) / 1e6 / (time.thread_time() - start))
    return best


async def main_loop(options: argparse.Namespace) -> None:
    print(load(), flush=True)
    meter = Meter()
    found = {name: await measure(meter, start, options.starts, options.looks) for name, start in TARGETS.items()}
    print(f"\nlooks: medians, worst in brackets; {options.starts} starts of each, {options.looks} later looks\n")
    print_table(
        ("target", "methods", "first look ms", "stream KB", "our CPU ms", "later look ms", "stream KB", "our CPU ms"),
        [
            (
                name, f"{one.methods:,}", spread(one.first), f"{median(one.first_bytes) / 1e3:,.0f}",
                spread(one.first_cpu), spread(one.later), f"{median(one.later_bytes) / 1e3:,.1f}",
                spread(one.later_cpu),
            )
            for name, one in found.items()
        ],
    )  # fmt: skip
    print("the target: how long it stood still for each sample, by its own events, and its memory\n")
    print_table(
        ("target", "threads", "stops a look", "stop ms", "sum ms", "stop ms, first look", "RSS MB", "peak", "after"),
        [
            (
                name, str(one.threads), f"{median(stop.count for stop in one.stops):.0f}", stop_spread(one.stops),
                f"{median(stop.total_seconds for stop in one.stops) * 1000:.2f}", stop_spread(one.first_stops),
                *(f"{median(values):.1f}" for values in zip(*one.memory, strict=True)),
            )
            for name, one in found.items()
        ],
    )  # fmt: skip
    seconds, gap, size = dump()
    small = found[SMALL]
    print("the same stand-in, seen in the two ways\n")
    print_table(
        ("way", "takes ms", "target stands still ms", "bytes", "secrets in it"),
        [
            ("a first look", spread(small.first), f"{worst(small.first_stops):.2f} at once", "none written", "none"),
            ("a later look", spread(small.later), f"{worst(small.stops):.2f} at once", "none written", "none"),
            ("createdump, heap", f"{seconds * 1000:.0f}", f"{gap * 1000:.0f}", f"{size:,}", "all that the heap holds"),
        ],
    )
    stops = small.first_stops + small.stops
    later = [milliseconds for name in (SMALL, METHODS, THREADS) for milliseconds in found[name].later]
    print_goals(
        [
            Goal("first look, small target", median(small.first), 150, " ms", 0),
            Goal("first look, 20,000 methods", median(found[METHODS].first), 450, " ms", 0),
            Goal("later looks", median(later), 120, " ms", 0),
            Goal("stop for a sample, median", median(stop.median_seconds for stop in stops) * 1000, 0.2, " ms", 3),
            Goal("stop for a sample, worst", worst(stops), 1.0, " ms", 3),
        ]
    )
    print(f"the reader takes {parser_speed(found[METHODS].stream):.0f} MB/s of {METHODS} (goal: at least 40)")


def spread(values: list[float]) -> str:
    return f"{median(values):.0f} ({max(values):.0f})"


def stop_spread(stops: list[Stops]) -> str:
    return f"{median(stop.median_seconds for stop in stops) * 1000:.3f} ({worst(stops):.3f})"


def worst(stops: list[Stops]) -> float:
    return max(stop.longest_seconds for stop in stops) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=3, help="how often each target is started and first looked at")
    parser.add_argument("--looks", type=int, default=30, help="later looks at each kind of target")
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main_loop(parser.parse_args()))


if __name__ == "__main__":
    run(main)
