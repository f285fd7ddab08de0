"""A histogram of the managed heap, and what making it costs, as values. All immutable."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.processes.model import ProcessKey


@dataclass(frozen=True, slots=True)
class HeapPlan:
    """What a histogram will cost the process, said before it is made.

    `heap_bytes` is the live heap by the runtime's own counter; `stop_seconds` how long all of its threads will stand
    still; `memory_bytes` what the process may need on top meanwhile; `headroom_bytes` what its container has left
    (None without a limit). `objects` is how many there may be, were they all small: the count is known only afterwards,
    and the stop goes by it. `refusal` says why it will not be made ("" when it will), `hint` what to do about that.
    """

    key: ProcessKey
    heap_bytes: int
    stop_seconds: float
    memory_bytes: int
    headroom_bytes: int | None = None
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    hint: str = ""
    objects: int = 0


@dataclass(frozen=True, slots=True)
class TypeUse:
    """The objects of one type. `type` is as C# source has it, printable; `bytes` are shallow."""

    type: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class HeapHistogram:
    """The heap by type, most bytes first. `stop_seconds` is the longest stop that was measured, by the process's own
    events; `is_whole` is false when the stream was cut at its cap or lost events, and `remarks` say so in words."""

    key: ProcessKey
    taken_at: float
    seconds: float
    types: tuple[TypeUse, ...]
    objects: int
    bytes: int
    stop_seconds: float
    stream_bytes: int
    lost_events: int = 0
    is_whole: bool = True
    remarks: tuple[str, ...] = ()
