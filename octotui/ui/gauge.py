"""What the status line says, gathered: host, user, instance, pace of the scans and the cost of octotui itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from octotui.processes.model import Sample
from octotui.text import printable
from octotui.ui.lines.rules import armed_words
from octotui.ui.lines.status import Status, instance_of
from octotui.ui.ports import HostPort
from octotui.ui.steady import Steady
from octotui.ui.table_model import TableModel
from octotui.ui.watching import Watching


class Gauge:
    """Keeps the facts of the latest sample; `status` adds what the view makes of them."""

    def __init__(
        self,
        user: str,
        host: HostPort,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._host = host
        self._status = Status(user="" if host.replay else user, is_read_only=host.settings.read_only)
        self._own = OwnCost(clock, cpu)
        self._structure = 0

    def take(self, sample: Sample) -> None:
        """Go on with a newer sample; a problem is over with it."""
        snapshot = sample.snapshot
        if sample.structure != self._structure:
            self._structure = sample.structure
            total = sum(not process.is_kernel for process in snapshot.processes.values())
            self._status = replace(self._status, host=snapshot.host, instance=instance_of(sample), total=total)
        self._status = replace(self._status, own_percent=self._cost(), events=snapshot.events, problem="")

    def _cost(self) -> float | None:
        """The own cost of watching this host; a replay watches nothing."""
        return None if self._host.replay is not None else self._own.percent()

    def fail(self, problem: str) -> None:
        """Say `problem` until the next sample."""
        self._status = replace(self._status, problem=problem)

    def status(self, model: TableModel, interval_seconds: float, pause_seconds: float, watching: Watching) -> Status:
        """`pause_seconds` is what the interval came to: more where sampling is dear."""
        recorder, replay = self._host.recording, self._host.replay
        return replace(
            self._status,
            recording="" if recorder is None else "rec ended" if recorder.is_over else "rec",
            replay=() if replay is None else replay.words(),
            armed=armed_words(watching.armed),
            scope=model.state.scope,
            filter=printable(model.state.filter.text),
            shown=model.rows.count_living(),
            frozen=model.freeze.words if model.freeze else "",
            interval_seconds=interval_seconds,
            pause_seconds=pause_seconds,
        )


class OwnCost:
    """octotui's own use of one core, averaged, in percent; it moves only when it has clearly changed."""

    def __init__(self, clock: Callable[[], float], cpu: Callable[[], float]) -> None:
        self._clock = clock
        self._cpu = cpu
        self._mark: tuple[float, float] | None = None
        self._steady = Steady(least=0.15)
        self._shown: float | None = None
        self._skipped = 0

    def percent(self) -> float | None:
        """The figure to show; None until the start is over, which costs more than anything after it."""
        now = (self._clock(), self._cpu())
        before, self._mark = self._mark, now
        if before is None or now[0] <= before[0]:
            return self._shown
        if self._skipped < 1:
            self._skipped += 1
            return None
        self._shown = round(self._steady.take(100 * (now[1] - before[1]) / (now[0] - before[0])), 1)
        return self._shown
