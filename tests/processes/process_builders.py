"""Processes and samples by hand, for the pure parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from octotui.processes.model import Ghost, Meaning, ProcessInfo, ProcessKey, Sample, Snapshot

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def process(pid: int, parent: int = 0, name: str = "", *, started: int | None = None, **fields: object) -> ProcessInfo:
    """A process that started at the tick of its pid unless `started` says otherwise."""
    start = pid if started is None else started
    known: dict[str, object] = {"rss_bytes": 1000, "started_seconds": start / 100, **fields}
    return ProcessInfo(ProcessKey(pid, start), parent, name or f"p{pid}", **known)  # type: ignore[arg-type]


def snapshot(*processes: ProcessInfo, monotonic: float = 100.0, uptime: float = 1000.0) -> Snapshot:
    return Snapshot("web-07", NOON, monotonic, uptime, {found.key: found for found in processes})


def key_of(pid: int) -> ProcessKey:
    """The key of a process that `process(pid)` made."""
    return ProcessKey(pid, pid)


def sample(
    *processes: ProcessInfo,
    meanings: Mapping[int, Meaning] | None = None,
    cpu: Mapping[int, float] | None = None,
    arrived: Iterable[int] = (),
    ghosts: Iterable[tuple[ProcessInfo, Meaning]] = (),
    monotonic: float = 100.0,
) -> Sample:
    """A sample whose mappings are given by pid, and whose ghosts were missed four seconds ago."""
    return Sample(
        snapshot(*processes, monotonic=monotonic),
        {key_of(pid): percent for pid, percent in (cpu or {}).items()},
        {key_of(pid): monotonic for pid in arrived},
        {gone.key: Ghost(gone, meaning, monotonic - 4.0) for gone, meaning in ghosts},
        {key_of(pid): meaning for pid, meaning in (meanings or {}).items()},
    )
