"""What processes used in the last samples, for the strips of the details."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from octotui.processes.model import ProcessKey, Sample

HISTORY = 60
"""Samples of a process's history that are kept."""


class Histories:
    """A point a sample for each process that is asked for; those that are not asked for any more are dropped."""

    def __init__(self) -> None:
        self._points: dict[ProcessKey, deque[tuple[float, float]]] = {}

    def take(self, sample: Sample, keys: Iterable[ProcessKey]) -> None:
        alive, rates = sample.snapshot.processes, sample.cpu_percent
        points: dict[ProcessKey, deque[tuple[float, float]]] = {}
        for key in keys:
            process = alive.get(key)
            if process is None:
                continue
            found = self._points.get(key)
            if found is None:
                found = deque(maxlen=HISTORY)
            found.append((rates.get(key, 0.0), float(process.rss_bytes)))
            points[key] = found
        self._points = points

    def of(self, key: ProcessKey) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """CPU percent and memory bytes of the last samples, oldest first."""
        found = self._points.get(key, ())
        return tuple(cpu for cpu, _ in found), tuple(memory for _, memory in found)
