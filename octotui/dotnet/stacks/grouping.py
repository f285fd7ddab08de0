"""Identical stacks together, and what many of them begin with folded away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from octotui.dotnet.stacks.model import Activity, Frame, Look, ThreadLook

FEWEST_FOLDED = 3
"""Outermost frames that are worth a line of their own instead."""


@dataclass(frozen=True, slots=True)
class StackGroup:
    """Threads of one activity that have the same frames. The last `folded` frames stand in other groups too."""

    frames: tuple[Frame, ...]
    threads: tuple[ThreadLook, ...]
    folded: int = 0

    @property
    def activity(self) -> Activity:
        return self.threads[0].activity

    @property
    def shown(self) -> tuple[Frame, ...]:
        """The frames that are this group's own."""
        return self.frames[: len(self.frames) - self.folded]


def grouped(look: Look) -> tuple[StackGroup, ...]:
    """Those that run first, then the largest groups; equal ones by their first thread."""
    found: dict[tuple[Activity, tuple[Frame, ...]], list[ThreadLook]] = defaultdict(list)
    for thread in look.threads:
        found[thread.activity, thread.frames].append(thread)
    groups = [StackGroup(frames, tuple(threads)) for (_, frames), threads in found.items()]
    order = list(Activity)
    return _folded(sorted(groups, key=lambda one: (order.index(one.activity), -len(one.threads), one.threads[0].id)))


def _folded(groups: Sequence[StackGroup]) -> tuple[StackGroup, ...]:
    tails: Counter[tuple[Frame, ...]] = Counter()
    for group in groups:
        tails.update(group.frames[start:] for start in range(1, len(group.frames) - FEWEST_FOLDED + 1))
    return tuple(StackGroup(one.frames, one.threads, _shared(one.frames, tails)) for one in groups)


def _shared(frames: tuple[Frame, ...], tails: Counter[tuple[Frame, ...]]) -> int:
    """How many of the outermost frames another group has too, if they are enough to fold them."""
    for start in range(1, len(frames) - FEWEST_FOLDED + 1):
        if tails[frames[start:]] > 1:
            return len(frames) - start
    return 0
