"""The conditions that a filter is made of, each asked of one process at a time."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from octotui.processes.model import Meaning, ProcessInfo

NO_ROLE = "none"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter may ask of a process besides its fields: percent of one core (None where no rate is known), age."""

    cpu_percent: float | None = None
    age_seconds: float = 0.0


NO_FACTS = Facts()


class Figure(StrEnum):
    """A number of a process that a filter can compare; the value is its word in the filter."""

    CPU = "cpu"
    MEMORY = "mem"
    AGE = "age"
    THREADS = "threads"


@dataclass(frozen=True, slots=True)
class Word:
    """A text that is looked for; `value` is lower case, `field` is "" for one that may stand anywhere."""

    value: str
    field: str = ""
    is_excluded: bool = False

    def holds(self, process: ProcessInfo, meaning: Meaning, facts: Facts) -> bool:
        return self._is_found(process, meaning) is not self.is_excluded

    def _is_found(self, process: ProcessInfo, meaning: Meaning) -> bool:
        match self.field:
            case "role":
                if self.value == NO_ROLE:
                    return meaning.role in ("", NO_ROLE)
                return self.value in meaning.role or self.value in meaning.label.lower()
            case "user":
                return self.value in (process.user.lower(), str(process.uid))
            case "pid":
                return str(process.key.pid) in self.value.split(",")
            case "task":
                return self.value in meaning.task.lower()
        return self.value == str(process.key.pid) or self.value in _searched_text(process, meaning)

    @property
    def explanation(self) -> str:
        return f'{self.field} "{self.value}"' if self.field else f'"{self.value}"'


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure against a limit: percent of one core, bytes, seconds or a count. `words` is the limit as typed."""

    figure: Figure
    sign: str
    limit: float
    words: str
    is_excluded: bool = False

    def holds(self, process: ProcessInfo, meaning: Meaning, facts: Facts) -> bool:
        """A figure that is not known is neither above nor below anything."""
        value = self._value(process, facts)
        return (value is not None and SIGNS[self.sign](value, self.limit)) is not self.is_excluded

    def _value(self, process: ProcessInfo, facts: Facts) -> float | None:
        match self.figure:
            case Figure.CPU:
                return facts.cpu_percent
            case Figure.MEMORY:
                return process.rss_bytes
            case Figure.AGE:
                return facts.age_seconds
            case Figure.THREADS:
                return process.threads

    @property
    def explanation(self) -> str:
        return f"{_FIGURE_WORDS[self.figure]} {_SIGN_WORDS[self.sign]} {self.words}"


Term = Word | Comparison

SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

_SIGN_WORDS = {">": "over", ">=": "at least", "<": "under", "<=": "at most"}
_FIGURE_WORDS = {Figure.CPU: "CPU", Figure.MEMORY: "memory", Figure.AGE: "age", Figure.THREADS: "threads"}


def _searched_text(process: ProcessInfo, meaning: Meaning) -> str:
    parts = (
        process.name, process.command, process.executable, meaning.role, meaning.label, meaning.task,
        meaning.instance, meaning.version, meaning.command, meaning.work_directory,
    )  # fmt: skip
    return "\n".join(parts).lower()
