"""The screen on made-up processes, for benchmarks/bytes.py: 200 rows, a share of the visible ones changes each second.

Usage: python benchmarks/scripted_rows.py SHARE (0 to 1). Without a figure that changes the scan still takes another
time each second, and octotui's own cost is what it is.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Collection, Set
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests" / "ui")]

from ui_fakes import INIT, FakeHost, process, sample  # noqa: E402

from octotui.config import Settings  # noqa: E402
from octotui.processes.model import ProcessKey, Sample  # noqa: E402
from octotui.ui.app import run  # noqa: E402

ROWS = 200
VISIBLE = 36
DAY = 86_400.0


class ChangingHost(FakeHost):
    """Gives its next sample by changing the figures of `share` of the rows in sight."""

    def __init__(self, share: float) -> None:
        super().__init__(settings=Settings(interval_seconds=1.0, scope="everything"))
        self._count = round(share * VISIBLE)
        self._chance = random.Random(1)
        workers = [
            process(1000 + i, 1, [f"/opt/app/worker-{i}", "--queue", str(i)], age=3 * DAY - i) for i in range(ROWS)
        ]
        self._processes = [INIT, *workers]
        self._cpu = {one.key: 0.0 for one in self._processes}
        self._monotonic = 1000.0

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> Sample:
        for index in self._chance.sample(range(1, VISIBLE), self._count):
            one = self._processes[index]
            self._cpu[one.key] = self._chance.uniform(0.1, 60.0)
            self._processes[index] = replace(one, rss_bytes=self._chance.randrange(4 << 20, 900 << 20))
        self._monotonic += 1.0
        found = sample(self._processes, cpu=dict(self._cpu), meanings={}, monotonic=self._monotonic)
        return replace(found, snapshot=replace(found.snapshot, scan_seconds=self._chance.uniform(0.008, 0.015)))


if __name__ == "__main__":
    sys.exit(run(ChangingHost(float(sys.argv[1]))))  # type: ignore[arg-type]
