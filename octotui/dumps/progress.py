"""How far one capture is, as it is told to everyone who follows."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.dumps.results import JobState


class Counter:
    """A number that one thread puts and another reads."""

    def __init__(self) -> None:
        self.value = 0

    def put(self, value: int) -> None:
        self.value = value


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a capture is. Seconds since it began, and of pause."""

    state: JobState
    bytes_written: int
    seconds: float
    pause_seconds: float
    is_paused: bool
