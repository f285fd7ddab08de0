"""Where each row stands: its depth, its guide, what is folded. Made anew only when one of these changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from octotui.processes.forest import Forest
from octotui.processes.model import ProcessKey

DEEPEST_GUIDE = 12
"""Levels of indentation that are drawn; a deeper row starts its guide with an ellipsis instead."""

_BAR, _GAP, _BRANCH, _LAST, _CUT = "│ ", "  ", "├ ", "└ ", "… "

_make = tuple.__new__
"""Makes a `Place` from its fields in a third of the time that its own constructor takes."""

Siblings = Callable[[ProcessKey | None, Sequence[ProcessKey]], Sequence[ProcessKey]]
"""The given children of a process (None: the roots), in the order in which they are shown."""


class Place(NamedTuple):
    """Where one row stands. `above` is the index of the row of its parent, -1 for a root and in the list."""

    key: ProcessKey
    above: int = -1
    depth: int = 0
    guide: str = ""
    has_children: bool = False
    is_folded: bool = False


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The places of all rows, top to bottom, each process once.

    `orders` are the siblings that were put in order, by their parent; `indices` has the row of each process.
    """

    places: tuple[Place, ...] = ()
    orders: Mapping[ProcessKey | None, Sequence[ProcessKey]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = [place[0] for place in self.places]
        object.__setattr__(self, "indices", dict(zip(keys, range(len(keys)), strict=True)))
        object.__setattr__(self, "widest_pid", max(keys)[0] if keys else 0)

    indices: Mapping[ProcessKey, int] = field(init=False, repr=False)
    widest_pid: int = field(init=False, repr=False)


@dataclass(frozen=True, eq=False)
class Branches:
    """What is visible of a forest if nothing is folded: the roots in start order, and the children of each process."""

    tops: tuple[ProcessKey, ...]
    children: Mapping[ProcessKey, Sequence[ProcessKey]]

    @classmethod
    def of(cls, forest: Forest, shown: Iterable[ProcessKey], tops: Iterable[ProcessKey]) -> Branches:
        """The branches of `shown`, with what is above them up to `tops`."""
        visible: set[ProcessKey] = set()
        for key in shown:
            at: ProcessKey | None = key
            while at is not None and at not in visible:
                visible.add(at)
                at = forest.parent(at)
        return cls.among(forest, visible, tuple(top for top in tops if top in visible))

    @classmethod
    def among(cls, forest: Forest, visible: Collection[ProcessKey], tops: tuple[ProcessKey, ...]) -> Branches:
        """The branches of exactly the `visible` processes."""
        if len(visible) == len(forest):
            return cls(tops, forest.all_children())
        return cls(tops, {key: [below for below in forest.children(key) if below in visible] for key in visible})

    def below(self, key: ProcessKey) -> list[ProcessKey]:
        """`key` and everything below it, parents before their children."""
        found = [key]
        for at in found:
            found.extend(self.children[at])
        return found

    def totals(self, own: Mapping[ProcessKey, float]) -> dict[ProcessKey, float]:
        """What each process and all below it come to."""
        order: list[ProcessKey] = list(self.tops)
        parents: list[ProcessKey] = []
        for key in order:
            below = self.children[key]
            if below:
                parents.append(key)
                order.extend(below)
        totals = {key: own[key] for key in order}
        for key in reversed(parents):
            totals[key] += sum([totals[child] for child in self.children[key]])
        return totals

    def arrange(self, folded: Container[ProcessKey], siblings: Siblings) -> Arrangement:
        """The rows of the tree."""
        children = self.children
        orders: dict[ProcessKey | None, Sequence[ProcessKey]] = {None: siblings(None, self.tops)}
        places: list[Place] = []
        pending = [(key, -1, 0, "", "") for key in reversed(orders[None])]
        while pending:
            key, above, depth, bars, connector = pending.pop()
            below = children[key]
            guide = bars + connector if depth <= DEEPEST_GUIDE else _CUT + bars[2 * (2 - DEEPEST_GUIDE) :] + connector
            is_folded = bool(below) and key in folded
            places.append(_make(Place, (key, above, depth, guide, bool(below), is_folded)))
            if not below or is_folded:
                continue
            if connector:
                # Only the bars that can still be drawn are kept, so that a long chain costs no more than a short one.
                bars = (bars + (_GAP if connector == _LAST else _BAR))[-2 * DEEPEST_GUIDE :]
            if len(below) > 1:
                below = orders[key] = siblings(key, below)
            index = len(places) - 1
            pending.append((below[-1], index, depth + 1, bars, _LAST))
            pending += [(child, index, depth + 1, bars, _BRANCH) for child in below[-2::-1]]
        return Arrangement(tuple(places), orders)

    def is_still(self, arranged: Arrangement, siblings: Siblings) -> bool:
        """Whether the siblings that were put in order for `arranged` would be put in the same order now."""
        return all(
            siblings(parent, self.tops if parent is None else self.children[parent]) == order
            for parent, order in arranged.orders.items()
        )
