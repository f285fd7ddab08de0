"""One process followed from sample to sample: also when it has no row, and after it has ended."""

from __future__ import annotations

from dataclasses import replace

from octotui.processes.model import ProcessKey, Sample
from octotui.processes.view import Lifecycle, Row
from octotui.ui.table_model import TableModel


class Followed:
    """Keeps the last that was known of a process. A row of the table may be folded, filtered out, or gone."""

    def __init__(self, model: TableModel, key: ProcessKey) -> None:
        self._model = model
        self.key = key
        self.row: Row | None = None
        self._missed: float | None = None
        self.update()

    def update(self) -> Row | None:
        """The process as the latest sample has it; None only if it was never seen."""
        sample = self._model.sample
        if sample is not None:
            self._take(sample, self._model.row(self.key) or self.row)
        return self.row

    @property
    def has_ended(self) -> bool:
        return self.row is not None and self.row.lifecycle is Lifecycle.EXITED

    def _take(self, sample: Sample, row: Row | None) -> None:
        process = sample.snapshot.processes.get(self.key)
        if process is not None:
            known = row or Row(process, sample.meaning(self.key))
            self.row = replace(
                known,
                process=process,
                meaning=sample.meaning(self.key),
                lifecycle=Lifecycle.ARRIVED if self.key in sample.arrived else Lifecycle.STEADY,
                exited_seconds=0.0,
                cpu_percent=sample.cpu_percent.get(self.key),
                rss_bytes=process.rss_bytes,
                age_seconds=sample.snapshot.age_seconds(process),
            )
            self._missed = None
            return
        ghost = sample.ghosts.get(self.key)
        if ghost is not None:
            self._missed = ghost.exited_monotonic
            row = row or Row(ghost.process, ghost.meaning)
        elif self._missed is None:
            self._missed = sample.snapshot.monotonic
        if row is not None:
            ago = max(0.0, sample.snapshot.monotonic - self._missed)
            self.row = replace(row, lifecycle=Lifecycle.EXITED, exited_seconds=ago, cpu_percent=None, rss_bytes=0)
