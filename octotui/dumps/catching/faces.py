"""Who a caught process is, before any sample shows it: read once, as soon as it is caught."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from dataclasses import replace

from octotui.dumps.model import Target
from octotui.dumps.plans.planning import target_of
from octotui.octopus.roles import LABELS, Role, classify
from octotui.octopus.secrets import redact
from octotui.processes.entry import LONGEST_STAT, EntryReader, content
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.text import printable

MOST_KNOWN = 2000
_BECOME_OTHERS = frozenset({"", Role.NONE, Role.WRAPPER, Role.BOOTSTRAP})
"""Roles that a sample may have seen just before the exec: a shell or a setsid that becomes a Calamari keeps its key."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Faces:
    """The latest sample, and processes that it does not know yet. What a sample says counts for more."""

    def __init__(self) -> None:
        self._sample: Sample | None = None
        self._reader = EntryReader(redact)
        self._known: OrderedDict[ProcessKey, tuple[ProcessInfo, Meaning]] = OrderedDict()

    @property
    def sample(self) -> Sample | None:
        return self._sample

    def see(self, sample: Sample) -> None:
        """Takes in a newer sample, and what it says of those that are known already."""
        self._sample = sample
        for key in self._known:
            process = sample.snapshot.processes.get(key)
            if process is not None and process.state not in ("Z", "X"):
                self._known[key] = (process, sample.meaning(key))

    def meet(self, key: ProcessKey, name: str = "") -> tuple[ProcessInfo, Meaning]:
        """Remembers the process and says who it is; of one that is gone already only `name` is known."""
        sample, process = self._sample, self._read(key)
        seen = sample.snapshot.processes.get(key) if sample is not None else None
        meaning = sample.meaning(key) if sample is not None else Meaning()
        if seen is not None and not (process and meaning.role in _BECOME_OTHERS and _is_other_program(seen, process)):
            found = (seen, meaning)
        elif process is None:
            found = self._known.get(key) or (ProcessInfo(key, 0, printable(name, 60)), Meaning())
        else:
            role = classify(process)
            meaning = Meaning(role.role.value, LABELS.get(role.role, ""), role.reason, command=role.command)
            found = (process, meaning if role.role is not Role.NONE else Meaning())
        self._known[key] = found
        self._known.move_to_end(key)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return found

    def target(self, key: ProcessKey) -> Target:
        """Whom a dump is of."""
        process, meaning = self._known.get(key) or self.meet(key)
        return target_of(process, meaning)

    def sample_with(self, key: ProcessKey) -> Sample | None:
        """The latest sample with that process in it as it is now; None when it is gone."""
        sample, process = self._sample, self._read(key)
        if process is None or sample is None:
            return None
        _, meaning = self._known.get(key) or self.meet(key)
        snapshot = replace(
            sample.snapshot,
            processes={**sample.snapshot.processes, key: process},
            pids={**sample.snapshot.pids, key.pid: key},
        )
        return replace(sample, snapshot=snapshot, meanings={**sample.meanings, key: meaning})

    def _read(self, key: ProcessKey) -> ProcessInfo | None:
        try:
            directory = os.open("/proc", _DIRECTORY)
        except OSError:
            return None
        try:
            raw = content(directory, f"{key.pid}/stat", LONGEST_STAT)
            uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
            entry = self._reader.updated(directory, key.pid, raw, None, uptime)
        finally:
            os.close(directory)
        return entry.info if entry is not None and entry.info.key == key and entry.info.state not in "ZX" else None


def _is_other_program(seen: ProcessInfo, now: ProcessInfo) -> bool:
    return (seen.name, seen.argv, seen.executable) != (now.name, now.argv, now.executable)
