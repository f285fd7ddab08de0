"""Whether the dumps of a plan have room: on the disk, above the floor that stays free, within the store's quota."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from octotui.dumps.disk.files import SPACE_FLOOR_BYTES
from octotui.dumps.estimating.estimates import needed_bytes
from octotui.dumps.keeping.limits import Fullness
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.usage import oldest_for
from octotui.dumps.model import DumpType, Remark, Severity, Step
from octotui.text import printable, shell_quoted_path
from octotui.units import bytes_text, short_age

MOST_NAMED = 4
"""Dumps that a refusal names; with more of them it names a command that chooses."""


@dataclass(frozen=True, slots=True)
class Room:
    """A directory for dumps. `shown` is its name as it can be pasted; a quota of 0 in `fullness` is none.

    `dumps` are those whose removal makes room there, read when they are needed: none for a directory on another disk
    than the store's.
    """

    shown: str
    fullness: Fullness
    dumps: Callable[[], Sequence[DumpRecord]]
    quota_name: str = ""
    keep_free_name: str = ""

    def refusals(self, steps: Sequence[Step], now: float | None = None) -> list[Remark]:
        """A refusal for each step that has to go, the largest first, until the others fit together."""
        kept = sorted(steps, key=lambda step: step.estimate.bytes)
        found: list[Remark] = []
        while kept:
            total = sum(step.estimate.bytes for step in kept)
            if not max(self._over_quota(total), self._below_floor(total)):
                break
            step = kept.pop()
            found.append(self._refusal(step, len(kept), total, time.time() if now is None else now))
        return found

    def _over_quota(self, total: int) -> int:
        """The estimate counts as it is: a dump that turns out larger harms nobody here."""
        state = self.fullness
        return max(0, state.used_bytes + total - state.quota_bytes) if state.quota_bytes else 0

    def _below_floor(self, total: int) -> int:
        """Estimates are not exact, and a full disk harms the host: more than the estimate has to be free."""
        needed = needed_bytes(total) - SPACE_FLOOR_BYTES
        return max(0, needed + max(self.fullness.keep_free_bytes, SPACE_FLOOR_BYTES) - self.fullness.free_bytes)

    def _refusal(self, step: Step, others: int, total: int, now: float) -> Remark:
        state, key = self.fullness, step.target.key
        beside = f" (for {others + 1} dumps)" if others else ""
        needs = f"its dump needs about {bytes_text(step.estimate.bytes)}{beside}"
        over, below = self._over_quota(total), self._below_floor(total)
        missing, needed = max(over, below), needed_bytes(total)
        if over >= below:
            code, limit = "quota", f"--quota {_larger(state.used_bytes + total)}"
            why = f"{bytes_text(state.used_bytes)} of the {bytes_text(state.quota_bytes)} that dumps may take are used"
            where = f"{why} in {self.shown}{_share(self.quota_name, 'quota')}"
        elif state.keep_free_bytes > SPACE_FLOOR_BYTES and state.free_bytes >= needed:
            code, limit = "keep-free", f"--keep-free {_smaller(state.free_bytes - needed)}"
            why = f"{self.shown} has {bytes_text(state.free_bytes)} free, of which {bytes_text(state.keep_free_bytes)}"
            where = f"{why} have to stay free{_share(self.keep_free_name, 'keep-free')}"
        else:
            code, limit = "no-space", ""
            where = f"{self.shown} has {bytes_text(state.free_bytes)} free{self._floor_words()}"
        oldest = oldest_for(self.dumps(), missing)
        hint = _removal(oldest, missing) or _otherwise(step, needed, limit)
        return Remark(Severity.REFUSAL, code, f"{needs}; {where}{_named(oldest, now)}", hint, key)

    def _floor_words(self) -> str:
        kept = self.fullness.keep_free_bytes
        return f", of which {bytes_text(kept)} have to stay free" if kept > SPACE_FLOOR_BYTES else ""


def _share(text: str, name: str) -> str:
    return f" ({name} {text})" if text else ""


def _named(oldest: Sequence[DumpRecord], now: float) -> str:
    if not oldest:
        return ""
    words = [
        f"{printable(record.name, 80)} ({short_age(now - record.taken_at.timestamp())} old, "
        f"{bytes_text(record.freed_bytes)})"
        for record in oldest[:MOST_NAMED]
    ]
    more = len(oldest) - MOST_NAMED
    rest = f" and {more} more ({bytes_text(sum(r.freed_bytes for r in oldest[MOST_NAMED:]))})" if more > 0 else ""
    return f"; the oldest dumps are {', '.join(words)}{rest}"


def _removal(oldest: Sequence[DumpRecord], missing: int) -> str:
    """The command that removes just these, "" where removing dumps does not help."""
    if not oldest:
        return ""
    if len(oldest) <= MOST_NAMED and all(record.name.isprintable() for record in oldest):
        return "octotui dumps remove --yes " + " ".join(_argument(record.name) for record in oldest)
    return f"octotui dumps prune --free {missing} --yes"


def _otherwise(step: Step, needed: int, limit: str) -> str:
    """What helps where no dump of the store can make the room."""
    ways = ["use --type mini"] if step.type is not DumpType.MINI and not step.facts.waits_at_start else []
    ways += [f"allow it with {limit}"] if limit else []
    ways.append(f"use --output with a directory on a disk that has {bytes_text(needed)} to spare: df -h shows them")
    return ", or ".join(ways)


def _argument(name: str) -> str:
    """A name of a file in the store that no option is taken for."""
    return shell_quoted_path(name if not name.startswith("-") else f"./{name}")


def _larger(count: int) -> str:
    return f"{-(-count // 10**9)}GB"


def _smaller(count: int) -> str:
    return f"{count // 10**9}GB" if count >= 10**9 else "0"
