"""Where a replay stands and how it runs: position, speed, pause. No clock of its own, no screen."""

from __future__ import annotations

from collections.abc import Sequence

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

LONGEST_GAP_SECONDS = 60.0
"""A longer time between two samples, while the machine slept for instance, is shown as one of this length."""

SHORTEST_WAIT_SECONDS = 0.02


class Playback:
    """Goes through samples that were taken at `moments` (monotonic seconds), of which there is at least one."""

    def __init__(self, moments: Sequence[float]) -> None:
        self._moments = moments
        self.index = 0
        self.speed = 1.0
        self.is_paused = False

    @property
    def count(self) -> int:
        return len(self._moments)

    @property
    def is_at_end(self) -> bool:
        return self.index == self.count - 1

    def wait_seconds(self) -> float | None:
        """How long the sample of now is to be shown; None until somebody acts."""
        if self.is_paused or self.is_at_end:
            return None
        gap = self._moments[self.index + 1] - self._moments[self.index]
        return max(SHORTEST_WAIT_SECONDS, min(gap, LONGEST_GAP_SECONDS) / self.speed)

    def step(self, count: int) -> bool:
        """Go `count` samples on, or back; whether there was anywhere to go."""
        before = self.index
        self.index = max(0, min(before + count, self.count - 1))
        return self.index != before

    def toggle(self) -> None:
        """Pause or play; playing at the end begins anew."""
        if self.is_at_end and self.count > 1:
            self.index, self.is_paused = 0, False
        else:
            self.is_paused = not self.is_paused

    def change_speed(self, step: int) -> None:
        """The next speed up or down; the last one stays."""
        place = SPEEDS.index(self.speed) + step
        self.speed = SPEEDS[max(0, min(place, len(SPEEDS) - 1))]
