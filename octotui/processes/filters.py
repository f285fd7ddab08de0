"""Plain-word filters: what a person types after `/`, parsed once, asked for every process."""

from __future__ import annotations

import re
from dataclasses import dataclass

from octotui.errors import UsageError
from octotui.processes.model import Meaning, ProcessInfo

FIELDS = ("role", "user", "pid", "task")
"""Names that may stand before a colon; a word with any other colon in it is a plain word."""

NO_ROLE = "none"

_TERM = re.compile(
    r"""(?P<minus>-?)(?:(?P<field>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)(?P<close>"?)|(?P<word>[^\s"]\S*)|(?P<empty>))(?=\s|$)"""
)


class FilterError(UsageError):
    """The text is no filter; `position` is the offset of the part that is wrong."""

    default_code = "filter"

    def __init__(self, message: str, *, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` is "" for a plain word; `value` is lower case."""

    value: str
    field: str = ""
    is_excluded: bool = False

    def holds(self, process: ProcessInfo, meaning: Meaning) -> bool:
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


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold. The empty filter matches every process."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.terms

    def matches(self, process: ProcessInfo, meaning: Meaning) -> bool:
        return all(term.holds(process, meaning) for term in self.terms)

    @property
    def explanation(self) -> str:
        """The filter in words: `with "pwsh" and role "calamari", without "bash"`; "every process" when empty."""
        wanted = " and ".join(_words(term) for term in self.terms if not term.is_excluded)
        unwanted = " or ".join(_words(term) for term in self.terms if term.is_excluded)
        parts = [part for part in (wanted and f"with {wanted}", unwanted and f"without {unwanted}") if part]
        return ", ".join(parts) or "every process"


NO_FILTER = Filter()


def parse_filter(text: str) -> Filter:
    """The filter that `text` describes.

    Words are found in any case in the name, command line, executable, role, task, instance, version and work
    directory, or are the pid; all must hold. `-word` excludes; `"two words"` is one word; `role:`, `user:`, `pid:`
    (several with commas) and `task:` ask one field. Raises FilterError.
    """
    terms: list[Term] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TERM.match(text, at)
        if found is None:
            raise FilterError(f"a quote stands inside a word at {at + 1}", position=at, hint='write "two words"')
        terms.append(_term(found, at))
        at = found.end()
    return Filter(text.strip(), tuple(terms))


def _term(found: re.Match[str], position: int) -> Term:
    field = (found["field"] or "").lower()
    is_quoted = found["quoted"] is not None
    if is_quoted and not found["close"]:
        raise FilterError("a quote is not closed", position=position, hint='end the words with "')
    value = found["quoted"] if is_quoted else (found["word"] or "")
    if field and field not in FIELDS:
        value, field = f"{found['field']}:{value}", ""
    if not value:
        if field:
            raise FilterError(f"{field}: needs a value", position=position, hint=_EXAMPLES[field])
        raise FilterError("an empty word matches nothing", position=position, hint="write -word to leave a word out")
    if field == "pid" and not re.fullmatch(r"[0-9]+(,[0-9]+)*", value):
        raise FilterError(f"{value!r} is not a pid", position=position, hint=_EXAMPLES["pid"])
    return Term(value.lower(), field, bool(found["minus"]))


_EXAMPLES = {"role": "role:calamari", "user": "user:octopus", "pid": "pid:812 or pid:812,14220", "task": "task:826567"}


def _searched_text(process: ProcessInfo, meaning: Meaning) -> str:
    parts = (
        process.name, process.command, process.executable, meaning.role, meaning.label, meaning.task,
        meaning.instance, meaning.version, meaning.command, meaning.work_directory,
    )  # fmt: skip
    return "\n".join(parts).lower()


def _words(term: Term) -> str:
    return f'{term.field} "{term.value}"' if term.field else f'"{term.value}"'
