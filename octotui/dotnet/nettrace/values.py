"""What a nettrace stream holds, as values, and the one error that a broken stream is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from octotui.errors import DiagnosticsError


class BadStream(DiagnosticsError):
    """The bytes are no nettrace stream, or a broken one."""

    default_code = "diagnostics-garbled"

    def __init__(self, what: str) -> None:
        super().__init__(f"the process sent a broken event stream ({what})", hint="try again, or take a dump instead")


class Event(NamedTuple):
    """One event. `stack` holds code addresses, the innermost first; `time` is in ticks of the trace's clock; `name`
    is "" for the events of the runtime itself; `kind` is the number that the stream gave to its provider and id."""

    provider: str
    id: int
    name: str
    version: int
    thread: int
    time: int
    stack: tuple[int, ...]
    payload: bytes
    kind: int


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """The head of a stream. `ticks` is its start on the clock that events carry, `ticks_per_second` its rate."""

    ticks: int
    ticks_per_second: int
    pointer_bytes: int
    pid: int
    processors: int


def utf16(payload: bytes, offset: int) -> tuple[str, int]:
    """The string of UTF-16 units at `offset` up to its NUL, and where the next field begins. Raises BadStream.

    Broken UTF-16 becomes U+FFFD.
    """
    end = utf16_end(payload, offset)
    return payload[offset:end].decode("utf-16-le", "replace"), end + 2


def utf16_end(payload: bytes, offset: int) -> int:
    """Where the NUL of the string at `offset` lies. Raises BadStream."""
    end = payload.find(b"\0\0", offset)
    while end >= 0 and (end - offset) % 2:
        end = payload.find(b"\0\0", end + 1)
    if end < 0:
        raise BadStream("a string without an end")
    return end
