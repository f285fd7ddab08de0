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


class Subject:
    """One process as filters ask it; the text that words are looked for in is put together once."""

    __slots__ = ("_text", "facts", "meaning", "process")

    def __init__(self, process: ProcessInfo, meaning: Meaning, facts: Facts = NO_FACTS) -> None:
        self.process = process
        self.meaning = meaning
        self.facts = facts
        self._text = ""

    @property
    def text(self) -> str:
        """All that a plain word is looked for in, lower case, a line for each part."""
        if not self._text:
            self._text = _searched_text(self.process, self.meaning)
        return self._text

    def reads_alike(self, process: ProcessInfo, meaning: Meaning) -> bool:
        """Whether words find the same in a newer look at the process."""
        known = self.process
        if known is not process and (
            known.argv != process.argv or known.name != process.name or known.executable != process.executable
            or known.user != process.user
        ):  # fmt: skip
            return False
        return self.meaning is meaning or self.meaning == meaning


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

    def holds(self, subject: Subject) -> bool:
        if self.field:
            return self._is_in_field(subject.process, subject.meaning) is not self.is_excluded
        value = self.value
        is_found = value in subject.text or (value.isdecimal() and value == str(subject.process.key.pid))
        return is_found is not self.is_excluded

    def _is_in_field(self, process: ProcessInfo, meaning: Meaning) -> bool:
        match self.field:
            case "role":
                if self.value == NO_ROLE:
                    return meaning.role in ("", NO_ROLE)
                return self.value in meaning.role or self.value in meaning.label.lower()
            case "user":
                return self.value in (process.user.lower(), str(process.uid))
            case "pid":
                return str(process.key.pid) in self.value.split(",")
        return self.value in meaning.task.lower()

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

    def holds(self, subject: Subject) -> bool:
        """A figure that is not known is neither above nor below anything."""
        value = self._value(subject.process, subject.facts)
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
