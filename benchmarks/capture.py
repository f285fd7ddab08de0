"""Prints what a capture costs beside raw createdump of the same target: `python benchmarks/capture.py [MB] [RUNS]`.

Raw is the bare tool writing to the same disk. A capture counts from submit to the finished job: checks, dump,
verification, move and record. `with SHA-256` is when the digest stands in the record too: it is computed while the dump
is written, but where the disk takes more bytes a second than one core can hash, it ends later. The ways alternate,
so that what else the machine does meets them alike.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from dotnet_targets import DotnetTarget

from octotui.demo.runtimes import find_runtime
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpRequest
from octotui.dumps.results import JobState
from octotui.dumps.service import DumpService
from octotui.processes.model import Meaning, ProcessInfo, Sample, Snapshot

GOAL = 1.10
REST_SECONDS = 0.3


def sample_of(target: DotnetTarget) -> Sample:
    """A sample that holds this one process."""
    process = ProcessInfo(target.key, os.getpid(), "dotnet", user="root", uid=os.geteuid())
    snapshot = Snapshot("host", datetime.now(UTC), 0.0, 0.0, {target.key: process})
    return Sample(snapshot, meanings={target.key: Meaning(role="calamari", label="Calamari", dotnet=True)})


def raw_seconds(target: DotnetTarget, directory: Path) -> float:
    path = directory / "raw.dmp"
    began = time.monotonic()
    subprocess.run(
        [find_runtime("8.0").createdump, "-h", "-f", str(path), str(target.pid)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - began
    path.unlink()
    return seconds


class Cost(NamedTuple):
    """Seconds of one capture: to the finished job, to its digest, and of pause."""

    finished: float
    digested: float
    pause: float


async def capture_cost(service: DumpService, target: DotnetTarget, backend: str) -> Cost:
    plan = await service.plan(DumpRequest((target.key,), backend=backend), sample_of(target))
    changes = service.subscribe()
    began = time.monotonic()
    jobs = service.submit(plan)
    async for job in changes:
        if job.state.is_over:
            break
    finished = time.monotonic() - began
    (result,) = await service.wait(jobs)
    digested = time.monotonic() - began
    if result.outcome is not JobState.FINISHED or result.path is None:
        raise SystemExit(f"{backend}: {result.failure}")
    result.path.unlink()
    return Cost(finished, digested, result.pause_seconds or 0.0)


async def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as home, DotnetTarget.start(ballast_mb=megabytes) as target:
        service = DumpService(Store(Path(home) / "dumps"))
        raw: list[float] = []
        costs: dict[str, list[Cost]] = {"ipc": [], "createdump": []}
        raw_seconds(target, Path(home))
        for _ in range(runs):
            for backend, measured in costs.items():
                await asyncio.sleep(REST_SECONDS)
                raw.append(raw_seconds(target, Path(home)))
                await asyncio.sleep(REST_SECONDS)
                measured.append(await capture_cost(service, target, backend))
        await service.aclose()
    base = median(raw)
    print(f"heap dump of a {megabytes} MB target, medians of {runs} (raw: {len(raw)}); goal: {GOAL:.2f} times raw")
    print(f"{'way':<20}{'seconds':>9}{'ratio':>7}{'with SHA-256':>14}{'ratio':>7}{'pause':>9}")
    print(f"{'raw createdump':<20}{base:>9.3f}{1:>7.2f}")
    for backend, measured in costs.items():
        finished, digested, pause = (median(column) for column in zip(*measured, strict=True))
        row = f"{finished:>9.3f}{finished / base:>7.2f}{digested:>14.3f}{digested / base:>7.2f}{pause:>9.3f}"
        print(f"{'octotui ' + backend:<20}{row}")


if __name__ == "__main__":
    asyncio.run(main())
