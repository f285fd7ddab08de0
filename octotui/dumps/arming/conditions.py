"""Whether one process fulfils the conditions of a rule, by what samples say of it and by the clock."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from octotui.dumps.arming.rule import When
from octotui.processes.model import ProcessKey
from octotui.units import bytes_text, seconds_text

QUIET_PERCENT = 2.0
"""Of one core. A runtime that waits for something still wakes up its timers now and then."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a process, `at` monotonic seconds; `cpu_percent` of one core since the look before, None: unknown."""

    at: float
    cpu_percent: float | None
    rss_bytes: int
    threads: int
    children: Set[ProcessKey] = frozenset()


class Conditions:
    """The conditions of `when` for one process, which was born at `born` (monotonic seconds).

    A rate holds for the time between two looks, so a condition that lasts counts from the first of the two.
    """

    def __init__(self, when: When, born: float) -> None:
        self._when = when
        self._born = born
        self._last: Reading | None = None
        self._busy_since: float | None = None
        self._quiet_since: float | None = None

    def read(self, reading: Reading) -> None:
        """Takes in a newer look; an older one, or the same again, says nothing new."""
        last = self._last
        if last is not None and reading.at <= last.at:
            return
        self._last = reading
        rate = reading.cpu_percent
        if rate is None or last is None:
            return
        wanted = self._when.cpu_percent
        if wanted is not None:
            self._busy_since = _since(rate >= wanted, self._busy_since, last.at)
        is_quiet = rate < QUIET_PERCENT and not reading.children - last.children
        self._quiet_since = _since(is_quiet, self._quiet_since, last.at)

    def are_met(self, now: float) -> bool:
        return not self.missing(now)

    @property
    def age_at(self) -> float:
        """When it is old enough, in monotonic seconds."""
        return self._born + self._when.after_seconds

    def missing(self, now: float) -> str:
        """What is not fulfilled yet, in words with the figures of now; "" when all is."""
        return ", ".join(part for part in self._missing(now) if part)

    def _missing(self, now: float) -> list[str]:
        when, last = self._when, self._last
        parts = []
        if when.after_seconds > 0 and now < self.age_at:
            parts.append(f"age {seconds_text(now - self._born)} of {seconds_text(when.after_seconds)}")
        if when.cpu_percent is not None and _lasted(self._busy_since, last) < _least(when.cpu_seconds):
            parts.append(_cpu_words(when, last, self._busy_since))
        if when.rss_bytes is not None and (last is None or last.rss_bytes < when.rss_bytes):
            parts.append(
                f"memory {_figure(bytes_text(last.rss_bytes) if last else None)} of {bytes_text(when.rss_bytes)}"
            )
        if when.threads is not None and (last is None or last.threads < when.threads):
            parts.append(f"threads {_figure(str(last.threads) if last else None)} of {when.threads}")
        if when.quiet_seconds is not None and _lasted(self._quiet_since, last) < _least(when.quiet_seconds):
            lasted = max(0.0, _lasted(self._quiet_since, last))
            parts.append(f"quiet {seconds_text(lasted)} of {seconds_text(when.quiet_seconds)}")
        return parts


def _since(holds: bool, since: float | None, began: float) -> float | None:
    if not holds:
        return None
    return began if since is None else since


def _lasted(since: float | None, last: Reading | None) -> float:
    """Seconds up to the last look; less than any condition asks for when it does not hold."""
    return -1.0 if since is None or last is None else last.at - since


def _least(seconds: float) -> float:
    return max(0.0, seconds)


def _cpu_words(when: When, last: Reading | None, since: float | None) -> str:
    shown = _figure(None if last is None or last.cpu_percent is None else f"{last.cpu_percent:.0f} %")
    words = f"cpu {shown} of {when.cpu_percent:.0f} %"
    if since is not None and when.cpu_seconds > 0:
        words += f" for {seconds_text(max(0.0, _lasted(since, last)))} of {seconds_text(when.cpu_seconds)}"
    return words


def _figure(text: str | None) -> str:
    return text or "not known yet"
