"""A watch rule: whom it waits for, when it captures, what it does then, and when it ends. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from octotui.dumps.model import DumpType
from octotui.processes.model import ProcessKey

HOLD_SECONDS = 60.0
MOST_PARALLEL = 2


class Take(StrEnum):
    """What is taken of a process: a dump, its managed stacks while it runs on, or the stacks and then the dump."""

    DUMP = "dump"
    STACKS = "stacks"
    BOTH = "stacks and dump"

    @property
    def has_stacks(self) -> bool:
        return self is not Take.DUMP

    @property
    def has_dump(self) -> bool:
        return self is not Take.STACKS


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a rule waits for: all that is given must hold.

    `role` is a slug of `octopus.roles` (`calamari` takes in `calamari-legacy`), `filter` the filter language of the
    view, `name` the name of the program, `under` an ancestor, `key` one process that runs already.
    """

    role: str = ""
    filter: str = ""
    name: str = ""
    under: ProcessKey | None = None
    key: ProcessKey | None = None


@dataclass(frozen=True, slots=True)
class When:
    """When a process that was caught is captured: as soon as its runtime is ready and everything given here holds.

    `at_exit`: at its end instead. `quiet_seconds`: no CPU and no new children for so long.
    """

    after_seconds: float = 0.0
    cpu_percent: float | None = None
    cpu_seconds: float = 0.0
    rss_bytes: int | None = None
    threads: int | None = None
    quiet_seconds: float | None = None
    at_exit: bool = False

    @property
    def has_trigger(self) -> bool:
        """Whether it waits for a figure, so that processes which run already count as well."""
        return any(v is not None for v in (self.cpu_percent, self.rss_bytes, self.threads, self.quiet_seconds))


@dataclass(frozen=True, slots=True)
class Rule:
    """What to wait for and what to do then.

    `count` dumps end it, or looks at stacks where no dump is taken; with `every_seconds` they are made of one process,
    one after the other. `destination` is for dumps and stacks; None: where each is kept. `hold`: the
    process is stopped the moment it is caught, for `hold_seconds` at most; `hold_services`: Tentacle and Server too.
    `any_status`: at exit, ends with status 0 are kept as well. `most_bytes` and `most_seconds` limit a capture at exit.
    """

    whom: Whom
    when: When = field(default_factory=When)
    take: Take = Take.DUMP
    hold: bool = False
    hold_seconds: float = HOLD_SECONDS
    hold_services: bool = False
    any_status: bool = False
    count: int = 1
    every_seconds: float | None = None
    timeout_seconds: float | None = None
    max_parallel: int = MOST_PARALLEL
    type: DumpType = DumpType.HEAP
    backend: str = "auto"
    destination: Path | None = None
    most_bytes: int | None = None
    most_seconds: float = 600.0
