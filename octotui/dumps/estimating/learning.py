"""What the history of captures says of the next one: a line of pause over bytes, and how sizes came out.

Every capture counts, the more the more it is like the one to come: same type, medium, device, runtime, backend, about
the same size, not long ago. What is not known is taken from what is usual, which counts as much as one such capture:
so the first captures of a host move an estimate gently, and few or equal ones never make it senseless.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from octotui.dumps.estimating.history import Entry

MOST_USED = 60
LIKENESS = {"type": 0.15, "runtime": 0.15, "backend": 0.5}
"""How much a capture still counts that differs in one respect."""

ELSEWHERE = 0.005
UNKNOWN_PLACE = 0.3
FADING = 0.93
USUAL_COUNTS = 0.15
USUAL_SCALE_COUNTS = 0.05
OUTLIER = 0.25
ROUNDS = 4
LEAST_TRUST = 0.05
SLOWEST = 20.0
FASTEST = 0.05
SIZE_RANGE = (0.5, 2.0)
SIZE_RANGE_OF_GDB = (0.5, 20.0)
"""gdb also writes what a runtime has set aside and never touched: a small heap comes out many times as large."""

GDB = "gcore"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a capture to come is like. Fields as in the history's entries; `bytes` is the size expected of it."""

    backend: str
    type: str
    medium: str
    device: str
    runtime: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """A pause of `fixed_seconds` and `seconds_per_byte` for each byte."""

    fixed_seconds: float
    seconds_per_byte: float

    def at(self, count: int) -> float:
        return self.fixed_seconds + self.seconds_per_byte * count

    def share(self, count: int) -> float:
        """How much of the pause for that many bytes is due to the bytes, 0 to 1."""
        return self.seconds_per_byte * count / self.at(count)


def learned_pause(shape: Shape, usual: Line, entries: Sequence[Entry]) -> float:
    """Seconds that a capture of this shape is expected to pause its target."""
    timed = [entry for entry in entries if entry.pause_seconds > 0]
    told = [(entry, weight) for entry, weight in _weighted(shape, timed) if weight > 1e-4]
    usual = line = _scaled(usual, told)
    trust = [1.0] * len(told)
    for _ in range(ROUNDS):
        line = _fitted(usual, [(e, weight * t) for (e, weight), t in zip(told, trust, strict=True)])
        # A capture that met a busy machine is far off the line of the others: it counts less the farther it is.
        trust = [max(LEAST_TRUST, min(1.0, OUTLIER / max(_error(line, e), 1e-9))) for e, _ in told]
    return line.at(shape.bytes)


def learned_size(shape: Shape, foreseen: int, entries: Sequence[Entry]) -> int:
    """Bytes of the dump that `/proc` promises to have `foreseen` bytes: by how sizes of its type came out."""
    told = [
        (entry, weight)
        for entry, weight in _weighted(shape, entries, minds_place=False)
        if entry.foreseen_bytes > 0 and entry.type == shape.type
    ]
    if not told or foreseen <= 0:
        return foreseen
    least, most = (int(foreseen * bound) for bound in (SIZE_RANGE_OF_GDB if shape.backend == GDB else SIZE_RANGE))
    factor = _median([(entry.bytes / entry.foreseen_bytes, weight) for entry, weight in told] + [(1.0, USUAL_COUNTS)])
    summand = _median([(float(entry.bytes - entry.foreseen_bytes), w) for entry, w in told] + [(0.0, USUAL_COUNTS)])
    by_factor = sum(w * abs(e.foreseen_bytes * factor / e.bytes - 1) for e, w in told)
    by_summand = sum(w * abs((e.foreseen_bytes + summand) / e.bytes - 1) for e, w in told)
    learned = foreseen * factor if by_factor <= by_summand else foreseen + summand
    return min(most, max(least, int(learned)))


def _weighted(shape: Shape, entries: Sequence[Entry], *, minds_place: bool = True) -> Iterable[tuple[Entry, float]]:
    # What gdb writes, and how, says nothing of a createdump, which all other backends have write the file.
    alike = [entry for entry in entries if (entry.backend == GDB) == (shape.backend == GDB)]
    for age, entry in enumerate(reversed(alike[-MOST_USED:])):
        weight = FADING**age
        for respect, share in LIKENESS.items():
            if getattr(entry, respect) != getattr(shape, respect):
                weight *= share
        if minds_place:
            weight *= _same_place(shape, entry)
            weight /= 1 + math.log2(max(1, shape.bytes) / max(1, entry.bytes)) ** 2
        yield entry, weight


def _same_place(shape: Shape, entry: Entry) -> float:
    if entry.medium != shape.medium:
        return ELSEWHERE
    # Memory is the same wherever it is mounted.
    if shape.medium == "memory" or entry.device == shape.device:
        return 1.0
    return UNKNOWN_PLACE if not (entry.device and shape.device) else ELSEWHERE


def _scaled(usual: Line, told: Sequence[tuple[Entry, float]]) -> Line:
    """The usual line with each of its two parts as much larger or smaller as the captures that it rules found it.

    Hosts differ by orders of magnitude in what a byte costs, and hardly in what a capture costs before the first.
    """
    per_byte = usual.seconds_per_byte * _factor(
        [
            (max(e.pause_seconds - usual.fixed_seconds, e.pause_seconds / 2) / (usual.seconds_per_byte * e.bytes), w)
            for e, w in ((e, w * usual.share(e.bytes)) for e, w in told)
        ]
    )
    line = Line(usual.fixed_seconds, per_byte)
    fixed = usual.fixed_seconds * _factor(
        [
            (max(e.pause_seconds - per_byte * e.bytes, e.pause_seconds / 4) / usual.fixed_seconds, w)
            for e, w in ((e, w * (1 - line.share(e.bytes))) for e, w in told)
        ]
    )
    return Line(fixed, per_byte)


def _factor(ratios: Sequence[tuple[float, float]]) -> float:
    """The weighted median of (ratio, weight), drawn towards 1 where little is known."""
    known = sum(weight for _, weight in ratios)
    if known <= 0:
        return 1.0
    return math.exp(
        _median([(math.log(ratio), weight) for ratio, weight in ratios]) * known / (known + USUAL_SCALE_COUNTS)
    )


def _fitted(usual: Line, told: Sequence[tuple[Entry, float]]) -> Line:
    """The line with the least sum of squared relative errors, `usual` counting as captures do."""
    a = b = c = p = q = 0.0
    for entry, weight in told:
        fixed, per_byte = 1 / entry.pause_seconds, entry.bytes / entry.pause_seconds
        a += weight * fixed * fixed
        b += weight * fixed * per_byte
        c += weight * per_byte * per_byte
        p += weight * fixed
        q += weight * per_byte
    for value, is_fixed in ((usual.fixed_seconds, True), (usual.seconds_per_byte, False)):
        if is_fixed:
            a += USUAL_COUNTS / value**2
            p += USUAL_COUNTS / value
        else:
            c += USUAL_COUNTS / value**2
            q += USUAL_COUNTS / value
    determinant = a * c - b * b
    fixed_seconds, per_byte = (p * c - q * b) / determinant, (a * q - b * p) / determinant
    return Line(_kept(fixed_seconds, usual.fixed_seconds), _kept(per_byte, usual.seconds_per_byte))


def _kept(value: float, usual: float) -> float:
    return min(usual * SLOWEST, max(usual * FASTEST, value)) if math.isfinite(value) else usual


def _error(line: Line, entry: Entry) -> float:
    return abs(line.at(entry.bytes) / entry.pause_seconds - 1)


def _median(values: Sequence[tuple[float, float]]) -> float:
    """The weighted median of (value, weight)."""
    ordered = sorted(values)
    half = sum(weight for _, weight in ordered) / 2
    reached = 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= half:
            return value
    return ordered[-1][0]
