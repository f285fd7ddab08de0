"""An analysis of a tree of processes, as values. No command line, no environment, no value of any kind."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.stacks.model import Look
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The host as support needs to know it: names and sizes, no addresses."""

    name: str
    system: str
    kernel: str
    architecture: str
    processors: int
    memory_bytes: int
    load: tuple[float, float, float]
    octotui_version: str
    user: str


@dataclass(frozen=True, slots=True)
class ProcessAnalysis:
    """One process of the tree. `depth` is its level below the first one; `looks` is empty for one that is no .NET
    process or could not be asked; `failure` says why it was asked in vain, or not any further."""

    key: ProcessKey
    depth: int
    name: str
    role: str
    task: str
    instance: str
    version: str
    user: str
    state: str
    age_seconds: float
    threads: int
    cpu_percent: float | None
    rss_bytes: int
    is_dotnet: bool
    looks: tuple[Look, ...] = ()
    counters: CounterReading | None = None
    failure: OctotuiError | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """`taken_at` is seconds since the epoch."""

    taken_at: float
    seconds: float
    host: HostFacts
    processes: tuple[ProcessAnalysis, ...]
