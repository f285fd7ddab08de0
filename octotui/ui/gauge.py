"""What the status line says, gathered: host, user, instance, cost of the scan and of octotui itself."""

from __future__ import annotations

import time
from dataclasses import replace

from octotui.processes.model import Sample
from octotui.processes.view import Lifecycle
from octotui.text import printable
from octotui.ui.lines.status import Status, instance_of
from octotui.ui.steady import Steady
from octotui.ui.table_model import TableModel


class Gauge:
    """Keeps the facts of the latest sample; `status` adds what the view makes of them."""

    def __init__(self, user: str, *, is_read_only: bool) -> None:
        self._status = Status(user=user, is_read_only=is_read_only)
        self._mark: tuple[float, float] | None = None
        self._cost = Steady(least=0.3)
        self._scan = Steady(least=0.004)

    def take(self, sample: Sample) -> None:
        """Go on with a newer sample; a problem is over with it."""
        snapshot = sample.snapshot
        self._status = replace(
            self._status,
            host=snapshot.host,
            instance=instance_of(sample),
            total=sum(not process.is_kernel for process in snapshot.processes.values()),
            scan_seconds=self._scan.take(snapshot.scan_seconds),
            own_percent=self._own_percent(),
            problem="",
        )

    def fail(self, problem: str) -> None:
        """Say `problem` until the next sample."""
        self._status = replace(self._status, problem=problem)

    def status(self, model: TableModel, interval_seconds: float) -> Status:
        shown = sum(not row.is_context and row.lifecycle is not Lifecycle.EXITED for row in model.rows)
        return replace(
            self._status,
            scope=model.state.scope,
            filter=printable(model.state.filter.text),
            shown=shown,
            interval_seconds=interval_seconds,
        )

    def _own_percent(self) -> float | None:
        """octotui's own use of one core since the sample before, None for the first one."""
        now = (time.monotonic(), time.process_time())
        before, self._mark = self._mark, now
        if before is None or now[0] <= before[0]:
            return None
        return self._cost.take(100 * (now[1] - before[1]) / (now[0] - before[0]))
