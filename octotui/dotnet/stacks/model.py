"""One look at the managed stacks of a process, as values. All immutable; every text in them is printable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from octotui.dotnet.ipc import RuntimeInfo
from octotui.processes.model import ProcessKey

MOST_FRAMES = 100
"""Frames of a stack that a runtime gives, from the innermost on; what lies below is not told."""


class FrameKind(StrEnum):
    """What a C# person calls the method of a frame."""

    METHOD = "method"
    LAMBDA = "lambda"
    LOCAL_FUNCTION = "local function"
    ASYNC = "async"
    ITERATOR = "iterator"
    DYNAMIC = "dynamic"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Frame:
    """A managed method on a stack.

    `module` is its assembly without extension, "" when unknown; `method` is namespace, type and method with dots, as
    C# source has them, or the address as 0x… for code that no name was found for.
    """

    module: str
    method: str
    kind: FrameKind = FrameKind.METHOD

    def __str__(self) -> str:
        name = f"{self.module}!{self.method}" if self.module else self.method
        return name if self.kind in (FrameKind.METHOD, FrameKind.UNKNOWN) else f"{name} ({self.kind})"


class Activity(StrEnum):
    """What a thread was seen to do while it was looked at."""

    MANAGED = "running managed code"
    NATIVE = "running native code"
    WAITING = "waiting"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ThreadLook:
    """One thread that has managed frames.

    `id` is the kernel's thread id in octotui's pid namespace (0 when the thread ended before it was found), `own_id`
    the one that the process itself sees. `state` is the kernel's letter. `frames` are those of the last sample, the
    innermost first. Of `samples`, `managed_samples` found it in managed code; `stacks_seen` counts different stacks.
    `cpu_seconds` is the CPU time that it had used by then (None when the kernel did not tell).
    """

    id: int
    own_id: int
    name: str
    state: str
    activity: Activity
    frames: tuple[Frame, ...]
    samples: int = 1
    managed_samples: int = 0
    stacks_seen: int = 1
    cpu_seconds: float | None = None

    @property
    def is_cut(self) -> bool:
        return len(self.frames) >= MOST_FRAMES


@dataclass(frozen=True, slots=True)
class OtherThread:
    """A thread without managed frames: the runtime's own, or native code's."""

    id: int
    own_id: int
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Stops:
    """How often and for how long the process stood still for the samples, by its own events; seconds."""

    count: int = 0
    median_seconds: float = 0.0
    longest_seconds: float = 0.0
    total_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """The managed stacks of one process at one moment.

    `taken_at` is seconds since the epoch; `seconds` is how long the look took from the request to the last name.
    `threads` are ordered by thread id. `lost_events` counts what the runtime could not buffer, `unnamed_frames` those
    that no name was found for. `remarks` are sentences for the reader: what is missing and why.
    """

    key: ProcessKey
    taken_at: float
    seconds: float
    runtime: RuntimeInfo
    threads: tuple[ThreadLook, ...]
    others: tuple[OtherThread, ...] = ()
    stops: Stops = Stops()
    lost_events: int = 0
    unnamed_frames: int = 0
    remarks: tuple[str, ...] = ()
