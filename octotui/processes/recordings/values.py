"""Values of a recording's lines, read as if a stranger wrote them: of the right type and in range, or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from octotui.processes.model import ProcessKey
from octotui.processes.statfile import LONGEST_COMMAND
from octotui.text import LONGEST, printable

MOST_PID = 1 << 32
_MOST_COMMAND = 4 * LONGEST_COMMAND
_MOST_WHOLE = 1 << 62
_MOST_SECONDS = 1e12
_STATES = frozenset("RSDTtZXxKWPI")


class BadLine(ValueError):
    """A line that no octotui wrote; the message says what is wrong with it."""


def parse_line(raw: bytes) -> dict[str, Any]:
    """The JSON object of a line, its values as they are. Raises BadLine, as all functions here do."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadLine("it is not JSON") from None
    if not isinstance(found, dict):
        raise BadLine("it is not a JSON object")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def argv_from(values: object) -> tuple[str, ...]:
    """A command line; a recording holds it masked, so here it is only made printable."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadLine('"argv" is not a list of texts')
    if len(values) > LONGEST_COMMAND or sum(map(len, values)) > _MOST_COMMAND:
        raise BadLine('"argv" is longer than any command line')
    return tuple(printable(value) for value in values)


def list_of(found: Mapping[str, Any], name: str) -> list[Any]:
    """The list under `name`; empty where there is none."""
    values = found.get(name, [])
    if not isinstance(values, list):
        raise BadLine(f'"{name}" is not a list')
    return values


def key_of(value: object) -> ProcessKey:
    """A pair of pid and start."""
    if not isinstance(value, list) or len(value) != 2:
        raise BadLine("a process is named by something else than pid and start")
    return ProcessKey(whole(value[0], MOST_PID), whole(value[1]))


def text_of(found: Mapping[str, Any], name: str, longest: int = LONGEST) -> str:
    """The text under `name`, printable; "" where there is none."""
    value = found.get(name, "")
    if not isinstance(value, str):
        raise BadLine(f'"{name}" is not a text')
    return printable(value, longest)


def flag_of(found: Mapping[str, Any], name: str) -> bool:
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise BadLine(f'"{name}" is neither true nor false')
    return value


def state_from(value: object) -> str:
    if not isinstance(value, str) or value not in _STATES:
        raise BadLine("the state of a process is none that a kernel has")
    return value


def whole(value: object, most: int = _MOST_WHOLE) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadLine("a whole number is missing, of another type or out of range")
    return value


def seconds_of(found: Mapping[str, Any], name: str) -> float:
    try:
        return seconds(found.get(name))
    except BadLine:
        raise BadLine(f'"{name}" is not a number in range') from None


def seconds(value: object) -> float:
    """A number from zero on: seconds, or percent."""
    # NaN compares as false, and a whole number may be larger than any float.
    if type(value) not in (int, float) or not 0 <= value <= _MOST_SECONDS:  # type: ignore[operator]
        raise BadLine("a number is missing, of another type or out of range")
    return float(value)  # type: ignore[arg-type]


def moment_of(found: Mapping[str, Any], name: str) -> datetime:
    """The ISO 8601 time under `name`, in UTC."""
    value = found.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 3000:
        raise BadLine(f'"{name}" is not a time with its zone')
    return moment.astimezone(UTC)
