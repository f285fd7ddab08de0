"""The values of the process view: keys, processes, snapshots, samples. All immutable."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol


class ProcessKey(NamedTuple):
    """Identity of a process over time: a pid alone is reused, a pid with its start is not.

    `started` is the kernel's start time in clock ticks since boot (field 22 of `/proc/PID/stat`);
    elsewhere hundredths of a second since the epoch.
    """

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process at one instant. All text is redacted and printable; unreadable fields are empty.

    `state` is the kernel's letter (R S D T t Z I); `started_seconds` counts from boot.
    """

    key: ProcessKey
    parent_pid: int
    name: str
    executable: str = ""
    argv: tuple[str, ...] = ()
    user: str = ""
    uid: int = -1
    state: str = "S"
    threads: int = 1
    cpu_seconds: float = 0.0
    rss_bytes: int = 0
    cgroup: str = ""
    cwd: str = ""
    started_seconds: float = 0.0
    is_kernel: bool = False

    @property
    def pid(self) -> int:
        return self.key.pid

    @property
    def command(self) -> str:
        """The redacted command line, or the name in brackets where there is none."""
        return " ".join(self.argv) if self.argv else f"[{self.name}]"

    def is_alike(self, other: ProcessInfo) -> bool:
        """Whether two looks at one process agree in all that exec, chdir and adoption change; figures do not count."""
        return (
            self.argv == other.argv
            and self.parent_pid == other.parent_pid
            and self.executable == other.executable
            and self.cwd == other.cwd
            and self.name == other.name
            and self.cgroup == other.cgroup
        )


new_number = itertools.count(1).__next__
"""A number that no other snapshot, or no other sample's structure, has."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is other than in the snapshot before, which had the number `since`.

    `changed` are processes whose facts or parent are not what they were; figures do not count.
    """

    since: int
    arrived: Set[ProcessKey] = frozenset()
    exited: Set[ProcessKey] = frozenset()
    changed: Set[ProcessKey] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.arrived or self.exited or self.changed)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All processes at one moment.

    `processes` is keyed by identity; `monotonic` (seconds) is what rates are computed from;
    `uptime_seconds` is the host's, on the clock of `ProcessInfo.started_seconds`. `fresh` are the keys that were read
    for this snapshot, None when all were: the others stand as they were read last. `pids` has the key of each pid.
    `passed` are processes that came and went since the snapshot before. `changes` is None where the source does not
    keep count of them. `events` says in a word how the source hears of starts and ends: "on", "off", "" for neither.
    """

    host: str
    taken_at: datetime
    monotonic: float
    uptime_seconds: float
    processes: Mapping[ProcessKey, ProcessInfo]
    scan_seconds: float = 0.0
    fresh: Set[ProcessKey] | None = None
    pids: Mapping[int, ProcessKey] = field(default_factory=dict, repr=False)
    passed: tuple[ProcessInfo, ...] = ()
    changes: Changes | None = None
    number: int = field(default_factory=new_number)
    events: str = ""

    def __post_init__(self) -> None:
        if not self.pids:
            object.__setattr__(self, "pids", {key.pid: key for key in self.processes})

    def age_seconds(self, process: ProcessInfo) -> float:
        return max(0.0, self.uptime_seconds - process.started_seconds)

    def find(self, pid: int) -> ProcessInfo | None:
        """The process that has `pid` now, or None."""
        key = self.pids.get(pid)
        return None if key is None else self.processes.get(key)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a process means to Octopus, and whether it is .NET. Empty strings: not known, or does not apply.

    `role` is a stable slug (`octopus.roles.Role`), `label` its badge of at most nine cells, `reason` the words that
    explain the role; `is_own` marks octotui itself and its ancestors; `dotnet` is None until it is known.
    """

    role: str = ""
    label: str = ""
    reason: str = ""
    task: str = ""
    instance: str = ""
    version: str = ""
    command: str = ""
    work_directory: str = ""
    is_orphan: bool = False
    is_own: bool = False
    dotnet: bool | None = None


NO_MEANING = Meaning()


@dataclass(frozen=True, slots=True)
class Ghost:
    """A process that ended and is still shown; `exited_monotonic` is when it was first missed."""

    process: ProcessInfo
    meaning: Meaning
    exited_monotonic: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A snapshot with rates and changes against the one before it.

    `cpu_percent` is of one core and empty in the first sample; `arrived` maps a process first seen in the last
    seconds to the monotonic time of that; `ghosts` are the processes that ended in the last seconds.
    """

    snapshot: Snapshot
    cpu_percent: Mapping[ProcessKey, float] = field(default_factory=lambda: MappingProxyType({}))
    arrived: Mapping[ProcessKey, float] = field(default_factory=lambda: MappingProxyType({}))
    ghosts: Mapping[ProcessKey, Ghost] = field(default_factory=lambda: MappingProxyType({}))
    meanings: Mapping[ProcessKey, Meaning] = field(default_factory=lambda: MappingProxyType({}))
    structure: int = field(default_factory=new_number)

    def meaning(self, key: ProcessKey) -> Meaning:
        found = self.meanings.get(key)
        if found is None and key in self.ghosts:
            return self.ghosts[key].meaning
        return found or NO_MEANING

    def process(self, key: ProcessKey) -> ProcessInfo | None:
        """The process, alive or ghost."""
        found = self.snapshot.processes.get(key)
        if found is None and key in self.ghosts:
            return self.ghosts[key].process
        return found


class ProcessSource(Protocol):
    """Where snapshots come from. `read` blocks: call it in a thread, one at a time.

    `watched` are the processes whose figures are wanted; None wants those of all. A source may read more than that.
    """

    def read(self, watched: Set[ProcessKey] | None = None) -> Snapshot: ...

    def events_descriptor(self) -> int | None:
        """What becomes readable when there is something to `listen` to; None where nothing is heard."""
        ...

    def listen(self) -> tuple[ProcessInfo, ...]:
        """Processes of which it was heard since the last look; never while `read` runs."""
        ...

    def close(self) -> None: ...


Redactor = Callable[[Sequence[str]], tuple[str, ...]]
"""Masks the secrets of one argv; handed to the reader by the composition root."""

Interpreter = Callable[[Snapshot], Mapping[ProcessKey, Meaning]]
"""Says what the processes of a snapshot mean; handed to the sampler by the composition root."""
