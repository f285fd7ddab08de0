"""Prints how long octotui pauses a target: `python benchmarks/pause.py [--sizes 300,2000] [--runs 5] [--rate 150]`.

First the measured pause beside the target's own longest heartbeat gap, which is the independent measure. Then the
heartbeat gap per way beside raw createdump, on this disk and (as root) on one that takes `--rate` MB a second: medians
of interleaved runs, so that what else the machine does meets all alike. Before each run the last dump is removed and
the disk has settled. `chosen` is octotui's own choice of backend and medium, by what it learned from the runs so far.
`ratio` is to raw createdump; `own` is to the bare tool of the same backend: a runtime that is asked over its socket
forks itself first, which takes its time whoever asks.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "tests")]

from capture import sample_of  # noqa: E402
from dotnet_targets import DotnetTarget  # noqa: E402
from throttled import Disk, settle, throttled_disk, write_rate  # noqa: E402

from octotui.demo.runtimes import find_runtime  # noqa: E402
from octotui.dotnet import ipc, runtime  # noqa: E402
from octotui.dumps.keeping.limits import Limits  # noqa: E402
from octotui.dumps.keeping.store import Store  # noqa: E402
from octotui.dumps.model import DumpRequest, Medium  # noqa: E402
from octotui.dumps.results import DumpResult, JobState  # noqa: E402
from octotui.dumps.service import DumpService  # noqa: E402

REST_SECONDS = 0.3
MOST_RATIO = 1.02
LIMITED_RATIO = 0.6
RAW = "raw createdump"
RAW_SOCKET = "raw socket request"
CHOSEN = "chosen"


class Way(NamedTuple):
    name: str
    backend: str
    medium: Medium | None


WAYS = (
    Way("ipc, disk", "ipc", Medium.DISK),
    Way("createdump, disk", "createdump", Medium.DISK),
    Way("ipc, memory", "ipc", Medium.MEMORY),
    Way("createdump, memory", "createdump", Medium.MEMORY),
    Way(CHOSEN, "auto", None),
)


def allowed_seconds(gap: float) -> float:
    """How far the measured pause may be off: 10 % or 20 ms, whichever is larger."""
    return max(0.1 * gap, 0.020)


class Bench:
    """One target, one disk, one service that learns as it goes."""

    def __init__(self, target: DotnetTarget, disk: Path) -> None:
        self.target = target
        self.disk = disk
        self.service = DumpService(Store(disk / "octotui" / "dumps"), limits=Limits.none())
        self.said = ""

    async def gap_of_raw(self) -> float:
        """Seconds of the longest heartbeat gap during a run of the bare tool."""
        path = self.disk / "raw.dmp"
        known = await self._rested()
        await asyncio.to_thread(
            subprocess.run,
            [find_runtime("8.0").createdump, "-h", "-f", str(path), str(self.target.pid)],
            check=True,
            capture_output=True,
        )
        gap = await self._gap_since(known)
        path.unlink()
        return gap

    async def gap_of_raw_socket(self) -> float:
        """The same for the bare request over the diagnostics socket: what the runtime itself adds to createdump."""
        path = self.disk / "raw.dmp"
        socket = runtime.inspect(self.target.key).socket
        if socket is None:
            raise SystemExit("the target has no diagnostics socket")
        known = await self._rested()
        await ipc.generate_core_dump(socket, str(path), ipc.DumpKind.HEAP, timeout=600)
        gap = await self._gap_since(known)
        path.unlink()
        return gap

    async def gap_of(self, way: Way) -> tuple[float, DumpResult]:
        """The same during a capture, and what became of it."""
        known = await self._rested()
        request = DumpRequest((self.target.key,), backend=way.backend, medium=way.medium)
        plan = await self.service.plan(request, sample_of(self.target))
        if plan.is_refused:
            raise SystemExit(f"{way.name}: {[remark.message for remark in plan.remarks]}")
        (result,) = await self.service.wait(self.service.submit(plan))
        if result.outcome is not JobState.FINISHED or result.path is None:
            raise SystemExit(f"{way.name}: {result.failure}")
        gap = await self._gap_since(known)
        result.path.unlink()
        if way.medium is None:
            self.said = f"{result.backend}, {result.medium.value}: {plan.steps[0].medium_reason}"
        return gap, result

    async def _rested(self) -> int:
        await asyncio.to_thread(settle, self.disk)
        await asyncio.sleep(REST_SECONDS)
        return len(self.target.heartbeat_gaps())

    async def _gap_since(self, known: int) -> float:
        await asyncio.sleep(0.1)
        return max((found.seconds for found in self.target.heartbeat_gaps()[known:]), default=0.0)


async def accuracy(megabytes: int, runs: int) -> None:
    print(f"target of {megabytes} MB, heap dump; allowed difference: 10 % or 20 ms, whichever is larger")
    print(f"{'run':>4}  {'backend':<12}{'measured ms':>12}{'heartbeat ms':>14}{'difference ms':>15}")
    differences: list[float] = []
    misses = 0
    with _home() as home, DotnetTarget.start(ballast_mb=megabytes) as target:
        bench = Bench(target, Path(home))
        for run in range(1, runs + 1):
            way = WAYS[run % 2]
            gap, result = await bench.gap_of(way)
            pause = result.pause_seconds or 0.0
            difference = pause - gap
            differences.append(abs(difference))
            misses += abs(difference) > allowed_seconds(gap)
            print(f"{run:>4}  {way.backend:<12}{pause * 1000:>12.1f}{gap * 1000:>14.1f}{difference * 1000:>15.1f}")
        await bench.service.aclose()
    print(f"largest difference {max(differences) * 1000:.1f} ms; {misses} of {runs} beyond what is allowed\n")


async def ways(disk: Disk, megabytes: int, runs: int) -> None:
    gaps: dict[str, list[float]] = {RAW: [], RAW_SOCKET: []} | {way.name: [] for way in WAYS}
    with DotnetTarget.start(ballast_mb=megabytes) as target:
        bench = Bench(target, disk.path)
        size = 0
        for _ in range(runs):
            gaps[RAW].append(await bench.gap_of_raw())
            gaps[RAW_SOCKET].append(await bench.gap_of_raw_socket())
            for way in WAYS:
                gap, result = await bench.gap_of(way)
                gaps[way.name].append(gap)
                size = result.bytes
        await bench.service.aclose()
    base = median(gaps[RAW])
    of_socket = {RAW_SOCKET, *(way.name for way in WAYS if way.backend == "ipc")}
    of_socket |= {CHOSEN} if bench.said.startswith("ipc") else set()
    print(f"target of {megabytes} MB, heap dump of {size / 1e6:.0f} MB, medians of {runs}")
    print(f"disk: {disk.words}; a plain writer gets {disk.bytes_per_second / 1e6:.0f} MB/s")
    print(f"{'way':<20}{'pause s':>9}{'ratio':>7}{'own':>7}{'least':>9}{'most':>9}")
    for name, found in gaps.items():
        own = median(found) / median(gaps[RAW_SOCKET if name in of_socket else RAW])
        ratios = f"{median(found) / base:>7.2f}{own:>7.2f}"
        print(f"{name:<20}{median(found):>9.3f}{ratios}{min(found):>9.3f}{max(found):>9.3f}")
    print(f"chosen at last: {bench.said}\n", flush=True)


def disks(options: argparse.Namespace, stack: ExitStack) -> Iterator[Disk]:
    home = Path(stack.enter_context(_home()))
    yield Disk(home, f"this disk ({home})", write_rate(home))
    if options.rate and os.geteuid() == 0:
        size = 3 * max(options.sizes) * 1_000_000 + (1 << 30)
        yield stack.enter_context(throttled_disk(size, options.rate * 1_000_000))
    elif options.rate:
        print("a throttled disk is made by root only")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="300,2000", help="MB of ballast, with commas")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rate", type=int, default=150, help="MB a second of the throttled disk; 0 for none")
    parser.add_argument("--accuracy-runs", type=int, default=10, help="0 leaves the first table out")
    options = parser.parse_args()
    options.sizes = [int(size) for size in options.sizes.split(",")]
    if options.accuracy_runs:
        await accuracy(options.sizes[0], options.accuracy_runs)
    with ExitStack() as stack:
        for disk in disks(options, stack):
            for megabytes in options.sizes:
                await ways(disk, megabytes, options.runs)
    print(f"goals: chosen at most {MOST_RATIO} times raw anywhere, at most {LIMITED_RATIO} times where the disk limits")


def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir="/var/tmp", prefix="octotui-pause-")


if __name__ == "__main__":
    asyncio.run(main())
