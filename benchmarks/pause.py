"""Prints the measured pause beside the target's own longest heartbeat gap: `python benchmarks/pause.py [MB] [RUNS]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "tests")]

from capture import sample_of  # noqa: E402
from dotnet_targets import DotnetTarget  # noqa: E402

from octotui.dumps.model import DumpRequest  # noqa: E402
from octotui.dumps.results import JobState  # noqa: E402
from octotui.dumps.service import DumpService  # noqa: E402
from octotui.dumps.store import Store  # noqa: E402


def allowed_seconds(gap: float) -> float:
    """How far the measured pause may be off: 10 % or 20 ms, whichever is larger."""
    return max(0.1 * gap, 0.020)


async def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    print(f"target of {megabytes} MB, heap dump; allowed difference: 10 % or 20 ms, whichever is larger")
    print(f"{'run':>4}  {'backend':<12}{'measured ms':>12}{'heartbeat ms':>14}{'difference ms':>15}")
    differences: list[float] = []
    misses = 0
    with tempfile.TemporaryDirectory() as home, DotnetTarget.start(ballast_mb=megabytes) as target:
        service = DumpService(Store(Path(home) / "dumps"))
        for run in range(1, runs + 1):
            backend = ("ipc", "createdump")[run % 2]
            known = len(target.heartbeat_gaps())
            plan = await service.plan(DumpRequest((target.key,), backend=backend), sample_of(target))
            (result,) = await service.wait(service.submit(plan))
            if result.outcome is not JobState.FINISHED or result.path is None or result.pause_seconds is None:
                raise SystemExit(f"{backend}: {result.failure}")
            result.path.unlink()
            await asyncio.sleep(0.1)
            gap = max(found.seconds for found in target.heartbeat_gaps()[known:])
            difference = result.pause_seconds - gap
            differences.append(abs(difference))
            misses += abs(difference) > allowed_seconds(gap)
            row = f"{result.pause_seconds * 1000:>12.1f}{gap * 1000:>14.1f}{difference * 1000:>15.1f}"
            print(f"{run:>4}  {backend:<12}{row}")
        await service.aclose()
    print(f"largest difference {max(differences) * 1000:.1f} ms; {misses} of {runs} beyond what is allowed")


if __name__ == "__main__":
    asyncio.run(main())
