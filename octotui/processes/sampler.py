"""Samples: each snapshot compared with the one before it, for rates, arrivals and exits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from octotui.processes.model import NO_MEANING, Ghost, Interpreter, Meaning, ProcessKey, Sample, Snapshot


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
        meanings = self._interpret(snapshot) if self._interpret is not None else {}
        last = self._last
        if last is None:
            sample = Sample(snapshot, meanings=MappingProxyType(dict(meanings)))
        else:
            sample = Sample(
                snapshot,
                MappingProxyType(_cpu_percent(last.snapshot, snapshot)),
                MappingProxyType(self._arrived(last, snapshot)),
                MappingProxyType(self._ghosts(last, snapshot, keep)),
                MappingProxyType(dict(meanings)),
            )
            if _is_alike(last, sample):
                sample = replace(sample, structure=last.structure)
        self._last = sample
        return sample

    def _arrived(self, last: Sample, snapshot: Snapshot) -> dict[ProcessKey, float]:
        now = snapshot.monotonic
        arrived = {
            key: since
            for key, since in last.arrived.items()
            if now - since < self._linger_seconds and key in snapshot.processes
        }
        for key in snapshot.processes.keys() - last.snapshot.processes.keys():
            # A key that is a ghost was missed by one scan only; it has not come, it is back.
            if key not in last.ghosts and not snapshot.processes[key].is_kernel:
                arrived[key] = now
        return arrived

    def _ghosts(self, last: Sample, snapshot: Snapshot, keep: Collection[ProcessKey]) -> dict[ProcessKey, Ghost]:
        now = snapshot.monotonic
        ghosts = {
            key: ghost
            for key, ghost in last.ghosts.items()
            if key not in snapshot.processes and (now - ghost.exited_monotonic < self._linger_seconds or key in keep)
        }
        for key in last.snapshot.processes.keys() - snapshot.processes.keys():
            process = last.snapshot.processes[key]
            if not process.is_kernel:
                ghosts[key] = Ghost(process, _last_meaning(last.meanings, key), now)
        return ghosts


def _is_alike(last: Sample, sample: Sample) -> bool:
    """Whether both hold the same processes and ghosts with the same parents and meanings."""
    before, after = last.snapshot.processes, sample.snapshot.processes
    return (
        before.keys() == after.keys()
        and last.ghosts.keys() == sample.ghosts.keys()
        and last.meanings == sample.meanings
        and all(
            process is before[key] or process.parent_pid == before[key].parent_pid for key, process in after.items()
        )
    )


def _last_meaning(meanings: Mapping[ProcessKey, Meaning], key: ProcessKey) -> Meaning:
    return meanings.get(key, NO_MEANING)


def _cpu_percent(before: Snapshot, after: Snapshot) -> dict[ProcessKey, float]:
    """Percent of one core between two snapshots, for each process that is in both; empty without time between."""
    elapsed = after.monotonic - before.monotonic
    if elapsed <= 0:
        return {}
    rates: dict[ProcessKey, float] = {}
    earlier = before.processes
    for key, process in after.processes.items():
        known = earlier.get(key)
        if known is process:
            rates[key] = 0.0
        elif known is not None:
            rates[key] = max(0.0, (process.cpu_seconds - known.cpu_seconds) * 100.0 / elapsed)
    return rates
