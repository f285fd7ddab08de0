"""Prints how far estimates are off on a host without history: `python benchmarks/estimates.py [CAPTURES] [SEED]`.

Real .NET 8.0 and 3.1 processes of 20 to 400 MB are captured one after the other with mixed types and backends. Each
estimate is made before its capture and learns from those before it. An error is |estimate - actual| / actual; the
actual pause is the measured one. The first capture knows nothing of the host, so the medians are given with and without
the first five.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "tests")]

from capture import sample_of  # noqa: E402
from dotnet_targets import DotnetTarget  # noqa: E402

from octotui.dumps.keeping.store import Store  # noqa: E402
from octotui.dumps.model import DumpRequest, DumpType  # noqa: E402
from octotui.dumps.results import JobState  # noqa: E402
from octotui.dumps.service import DumpService  # noqa: E402

GOAL = 0.15
LEARNING = 5
SMALLEST_MB, LARGEST_MB = 20, 400


class Case(NamedTuple):
    runtime: str
    megabytes: int
    type: DumpType
    backend: str


class Errors(NamedTuple):
    """Shares of the actual value."""

    bytes: float
    pause: float


def cases(count: int, seed: int) -> list[Case]:
    """A mix that is the same for the same seed; every type and backend comes up equally often."""
    chance = random.Random(seed)
    types = (DumpType.HEAP, DumpType.FULL, DumpType.MINI)
    made = [
        Case(
            "3.1" if number % 4 == 3 else "8.0",
            chance.randint(SMALLEST_MB, LARGEST_MB),
            types[number % len(types)],
            ("ipc", "createdump")[number // len(types) % 2],
        )
        for number in range(count)
    ]
    chance.shuffle(made)
    return made


async def captured(service: DumpService, case: Case) -> Errors:
    with DotnetTarget.start(runtime=case.runtime, ballast_mb=case.megabytes, heartbeat=False) as target:
        request = DumpRequest((target.key,), type=case.type, backend=case.backend)
        plan = await service.plan(request, sample_of(target))
        (result,) = await service.wait(service.submit(plan))
    if result.outcome is not JobState.FINISHED or result.path is None or not result.pause_seconds:
        raise SystemExit(f"{case}: {result.failure}")
    result.path.unlink()
    foreseen = plan.steps[0].estimate
    errors = Errors(abs(foreseen.bytes / result.bytes - 1), abs(foreseen.pause_seconds / result.pause_seconds - 1))
    size = f"{foreseen.bytes / 1e6:>8.1f}{result.bytes / 1e6:>8.1f}{errors.bytes:>7.1%}"
    pause = f"{foreseen.pause_seconds:>9.3f}{result.pause_seconds:>8.3f}{errors.pause:>8.1%}"
    print(f"{case.runtime:<5}{case.type.value:<6}{case.backend:<11}{case.megabytes:>4}  {size}  {pause}", flush=True)
    return errors


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(f"{count} captures, seed {seed}; sizes in MB, pauses in seconds")
    print(f"{'.NET':<5}{'type':<6}{'backend':<11}{'heap':>4}  {'foreseen':>8}{'actual':>8}{'error':>7}  "
          f"{'foreseen':>9}{'actual':>8}{'error':>8}")  # fmt: skip
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="octotui-estimates-") as home:
        service = DumpService(Store(Path(home) / "dumps"))
        errors = [await captured(service, case) for case in cases(count, seed)]
        await service.aclose()
    print(f"{'median error':<30}{'bytes':>8}{'pause':>8}   goal: below {GOAL:.0%}")
    for title, some in (("all", errors), (f"after the first {LEARNING}", errors[LEARNING:])):
        if some:
            size, pause = (median(column) for column in zip(*some, strict=True))
            print(f"{title:<30}{size:>8.1%}{pause:>8.1%}")


if __name__ == "__main__":
    asyncio.run(main())
