"""Figures and their units as a person types them in a filter: `cpu>5`, `mem>=500m`, `age<5m`, `threads>100`."""

from __future__ import annotations

import re

from octotui.processes.terms import Comparison, Figure

ALIASES = {
    "cpu": Figure.CPU,
    "mem": Figure.MEMORY,
    "memory": Figure.MEMORY,
    "rss": Figure.MEMORY,
    "age": Figure.AGE,
    "threads": Figure.THREADS,
    "thr": Figure.THREADS,
}
"""Every word that names a figure."""

_BYTES = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_UNITS: dict[Figure, dict[str, float]] = {
    Figure.CPU: {"": 1, "%": 1},
    Figure.MEMORY: {**_BYTES, **{f"{unit}b": factor for unit, factor in _BYTES.items() if unit != "b"}},
    Figure.AGE: {"s": 1, "m": 60, "h": 3600, "d": 86400},
    Figure.THREADS: {"": 1},
}
_EXAMPLES = {
    Figure.CPU: "cpu>5 (percent of one core)",
    Figure.MEMORY: "mem>500m (units: b k m g)",
    Figure.AGE: "age<5m (units: s m h d)",
    Figure.THREADS: "threads>100",
}
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-z%]*)")


class QuantityError(ValueError):
    """The text compares nothing; `hint` shows how it is written."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def comparison(name: str, sign: str, value: str, *, is_excluded: bool = False) -> Comparison:
    """The comparison `name sign value`, all in lower case; without a name the unit tells what is meant.

    Raises QuantityError.
    """
    figure = ALIASES.get(name)
    if name and figure is None:
        raise QuantityError(
            f'there is no figure "{name}" to compare',
            f'it is cpu, mem, age or threads; "{name}{sign}{value}" in quotes looks for the text',
        )
    found = _NUMBER.fullmatch(value)
    if figure is None:
        figure = _by_unit(found[2] if found else "", sign, value)
    if found is None:
        raise QuantityError(f"{name}{sign} needs a number", _EXAMPLES[figure])
    units = _UNITS[figure]
    number, unit = float(found[1]), found[2]
    if not unit and number == 0:
        return Comparison(figure, sign, 0.0, value, is_excluded)
    if unit not in units:
        problem = f'"{unit}" is no unit of {figure}' if unit else f"{name}{sign}{value} needs a unit"
        raise QuantityError(problem, _EXAMPLES[figure])
    words = value if unit or figure is not Figure.CPU else f"{value}%"
    return Comparison(figure, sign, number * units[unit], words, is_excluded)


def _by_unit(unit: str, sign: str, value: str) -> Figure:
    fitting = [figure for figure, units in _UNITS.items() if unit and unit in units]
    if len(fitting) == 1:
        return fitting[0]
    raise QuantityError(f"{sign}{value} does not say of what", f"write mem{sign}{value} or age{sign}{value}")
