"""Samples: each snapshot compared with the one before it, for rates, arrivals and exits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from octotui.processes.model import (
    NO_MEANING,
    Changes,
    Ghost,
    Interpreter,
    Meaning,
    ProcessInfo,
    ProcessKey,
    Sample,
    Snapshot,
)


class Sampler:
    """Turns snapshots of one host, in the order they were taken, into samples.

    A process that comes or goes is noted for `linger_seconds`. Kernel threads come and go unnoted.
    """

    def __init__(self, interpret: Interpreter | None = None, *, linger_seconds: float = 5.0) -> None:
        self._interpret = interpret
        self._linger_seconds = linger_seconds
        self._last: Sample | None = None

    def advance(self, snapshot: Snapshot, *, keep: Collection[ProcessKey] = ()) -> Sample:
        """The sample of `snapshot`. Ghosts named in `keep` stay however long ago they ended."""
        meanings = self._interpret(snapshot) if self._interpret is not None else _NO_MEANINGS
        last = self._last
        if last is None:
            sample = Sample(snapshot, meanings=meanings)
        else:
            changes = changes_between(last.snapshot, snapshot)
            ghosts = self._ghosts(last, snapshot, changes, keep)
            ghosts.update(self._passed(snapshot, meanings))
            sample = Sample(
                snapshot,
                MappingProxyType(_cpu_percent(last, snapshot)),
                MappingProxyType(self._arrived(last, snapshot, changes)),
                MappingProxyType(ghosts),
                meanings,
            )
            if changes.is_empty and meanings is last.meanings and ghosts.keys() == last.ghosts.keys():
                sample = replace(sample, structure=last.structure)
        self._last = sample
        return sample

    def _arrived(self, last: Sample, snapshot: Snapshot, changes: Changes) -> dict[ProcessKey, float]:
        now = snapshot.monotonic
        arrived = {
            key: since
            for key, since in last.arrived.items()
            if now - since < self._linger_seconds and key in snapshot.processes
        }
        for key in changes.arrived:
            # A key that is a ghost was missed by one scan only; it has not come, it is back.
            if key not in last.ghosts and not snapshot.processes[key].is_kernel:
                arrived[key] = now
        return arrived

    def _ghosts(
        self, last: Sample, snapshot: Snapshot, changes: Changes, keep: Collection[ProcessKey]
    ) -> dict[ProcessKey, Ghost]:
        now = snapshot.monotonic
        ghosts = {
            key: ghost
            for key, ghost in last.ghosts.items()
            if key not in snapshot.processes and (now - ghost.exited_monotonic < self._linger_seconds or key in keep)
        }
        for key in changes.exited:
            process = last.snapshot.processes[key]
            if not process.is_kernel:
                ghosts[key] = Ghost(process, last.meanings.get(key, NO_MEANING), now)
        return ghosts

    def _passed(self, snapshot: Snapshot, meanings: Mapping[ProcessKey, Meaning]) -> dict[ProcessKey, Ghost]:
        now = snapshot.monotonic
        return {
            process.key: Ghost(process, meanings.get(process.key, NO_MEANING), now)
            for process in snapshot.passed
            if not process.is_kernel
        }


_NO_MEANINGS: Mapping[ProcessKey, Meaning] = MappingProxyType({})


def changes_between(before: Snapshot, after: Snapshot) -> Changes:
    """What `after` has that `before` has not; what the source counted where it counted from `before`."""
    if after.changes is not None and after.changes.since == before.number:
        return after.changes
    earlier, later = before.processes, after.processes
    both = later.keys() & earlier.keys()
    changed = frozenset(key for key in both if not _is_alike(earlier[key], later[key]))
    return Changes(before.number, later.keys() - earlier.keys(), earlier.keys() - later.keys(), changed)


def _is_alike(before: ProcessInfo, after: ProcessInfo) -> bool:
    return before is after or (before.is_alike(after) and (before.state == "Z") is (after.state == "Z"))


def _cpu_percent(last: Sample, snapshot: Snapshot) -> dict[ProcessKey, float]:
    """Percent of one core between two snapshots, for each process that was read for both.

    A process that was not read for the first of them has no rate yet, for its figures are older than that.
    """
    before = last.snapshot
    elapsed = snapshot.monotonic - before.monotonic
    if elapsed <= 0:
        return {}
    if snapshot.fresh is not None:
        keys = snapshot.fresh if before.fresh is None else snapshot.fresh & before.fresh
        return {
            key: _rate(before.processes[key], snapshot.processes[key], elapsed)
            for key in keys
            if key in before.processes and key in snapshot.processes
        }
    earlier, later = before.processes, snapshot.processes
    if before.fresh is not None:
        earlier = {key: earlier[key] for key in before.fresh if key in earlier}
    rates: dict[ProcessKey, float] = {}
    for key, process in later.items():
        known = earlier.get(key)
        if known is process:
            rates[key] = 0.0
        elif known is not None:
            rates[key] = _rate(known, process, elapsed)
    return rates


def _rate(known: ProcessInfo, process: ProcessInfo, elapsed: float) -> float:
    return max(0.0, (process.cpu_seconds - known.cpu_seconds) * 100.0 / elapsed)
