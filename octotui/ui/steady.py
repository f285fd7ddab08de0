"""A measured figure for people: smoothed, and shown anew only when it has moved by as much as matters."""

from __future__ import annotations

WEIGHT = 0.2
"""How much the newest value counts in the mean."""

START = 8
"""So many values count by half: the first ones hold the start of the program, and are forgotten soon."""


class Steady:
    """What is shown moves when the mean of the last values is away from it by `share` of it, and by `least` at least.

    A figure that trembles in its last digit would have the screen repainted at every refresh and say nothing.
    """

    def __init__(self, *, least: float, share: float = 0.3) -> None:
        self._least = least
        self._share = share
        self._count = 0
        self._mean: float | None = None
        self._shown: float | None = None

    def take(self, value: float) -> float:
        """The figure to show after `value` was measured."""
        self._count += 1
        weight = WEIGHT if self._count > START else 0.5
        self._mean = value if self._mean is None else self._mean + weight * (value - self._mean)
        if self._shown is None or abs(self._mean - self._shown) >= max(self._least, self._share * self._shown):
            self._shown = self._mean
        return self._shown
