"""Filters: what a person types after `/` or gives on the command line, parsed once, asked of every process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from octotui.errors import UsageError
from octotui.processes.model import Meaning, ProcessInfo
from octotui.processes.quantities import ALIASES, QuantityError, comparison
from octotui.processes.terms import NO_FACTS, NO_ROLE, Comparison, Facts, Subject, Term, Word

__all__ = ["FIELDS", "NO_FILTER", "NO_ROLE", "Facts", "Filter", "FilterError", "Subject", "parse_filter"]

FIELDS = ("role", "user", "pid", "task")
"""Names that may stand before a colon; a word with any other colon in it is a plain word."""

_TERM = re.compile(
    r"""(?P<minus>-?)(?:(?P<field>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)(?P<close>"?)|(?P<word>[^\s"|][^\s|]*)|(?P<empty>))"""
    r"""(?=[\s|]|$)"""
)
_COMPARISON = re.compile(r"(?P<minus>-?)(?P<figure>[A-Za-z]*)(?P<sign>[<>]=?)(?P<value>[^\s|]*)(?=[\s|]|$)")
_EXAMPLES = {"role": "role:calamari", "user": "user:octopus", "pid": "pid:812 or pid:812,14220", "task": "task:826567"}


class FilterError(UsageError):
    """The text is no filter; `position` is the offset of the part that is wrong, `end` that of what follows it."""

    default_code = "filter"

    def __init__(self, message: str, *, position: int, end: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position
        self.end = position + 1 if end is None else end


@dataclass(frozen=True, slots=True)
class Filter:
    """Groups that must all hold; of the terms of a group one is enough. The empty filter matches every process."""

    text: str = ""
    groups: tuple[tuple[Term, ...], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.groups

    @property
    def has_figures(self) -> bool:
        """Whether a process can come to match, or cease to, although it stays what it is."""
        return any(isinstance(term, Comparison) for group in self.groups for term in group)

    def matches(self, process: ProcessInfo, meaning: Meaning, facts: Facts = NO_FACTS) -> bool:
        return self.accepts(Subject(process, meaning, facts))

    def accepts(self, subject: Subject) -> bool:
        for group in self.groups:
            for term in group:
                if term.holds(subject):
                    break
            else:
                return False
        return True

    @property
    def explanation(self) -> str:
        """The filter in words: `with "pwsh" and role "calamari", without "bash"`; "every process" when empty."""
        is_unwanted = [len(group) == 1 and group[0].is_excluded for group in self.groups]
        wanted = [_group_words(group) for group, is_out in zip(self.groups, is_unwanted, strict=True) if not is_out]
        unwanted = " or ".join(
            group[0].explanation for group, is_out in zip(self.groups, is_unwanted, strict=True) if is_out
        )
        parts = [" and ".join(wanted) and f"with {' and '.join(wanted)}", unwanted and f"without {unwanted}"]
        return ", ".join(part for part in parts if part) or "every process"


NO_FILTER = Filter()


def parse_filter(text: str) -> Filter:
    """The filter that `text` describes.

    Words are found in any case in the name, command line, executable, role, task, instance, version and work
    directory, or are the pid. All must hold; `|` between two makes one of them enough. `-word` excludes;
    `"two words"` is one word; `role:`, `user:`, `pid:` (several with commas) and `task:` ask one field; `cpu>5`,
    `mem>=500m`, `age<5m` and `threads>100` compare. Raises FilterError.
    """
    groups: list[tuple[Term, ...]] = []
    bar: int | None = None
    for term, at in _parts(text):
        if term is None:
            if not groups or bar is not None:
                raise FilterError('"|" needs a word on either side', position=at, hint="write bash|pwsh")
            bar = at
        elif bar is None:
            groups.append((term,))
        else:
            groups[-1] += (term,)
            bar = None
    if bar is not None:
        raise FilterError('"|" needs a word on either side', position=bar, hint="write bash|pwsh")
    return Filter(text.strip(), tuple(groups))


def _parts(text: str) -> Iterator[tuple[Term | None, int]]:
    """The terms with their offsets, None for a bar."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "|":
            yield None, at
            at += 1
        elif found := _COMPARISON.match(text, at):
            yield _comparison(found), at
            at = found.end()
        elif found := _TERM.match(text, at):
            yield _word(found), at
            at = found.end()
        else:
            raise FilterError(
                f"a quote stands inside a word at {at + 1}", position=at, end=_word_end(text, at),
                hint='write "two words"',
            )  # fmt: skip


def _word(found: re.Match[str]) -> Word:
    start, end = found.span()
    field = (found["field"] or "").lower()
    is_quoted = found["quoted"] is not None
    if is_quoted and not found["close"]:
        raise FilterError("a quote is not closed", position=start, end=end, hint='end the words with "')
    value = found["quoted"] if is_quoted else (found["word"] or "")
    if field and field not in FIELDS:
        value, field = f"{found['field']}:{value}", ""
    if not value:
        if field:
            raise FilterError(f"{field}: needs a value", position=start, end=end, hint=_EXAMPLES[field])
        raise FilterError(
            "an empty word matches nothing", position=start, end=end, hint="write -word to leave a word out"
        )
    if field == "pid" and not re.fullmatch(r"[0-9]+(,[0-9]+)*", value):
        raise FilterError(f"{value!r} is not a pid", position=start, end=end, hint=_EXAMPLES["pid"])
    return Word(value.lower(), field, bool(found["minus"]))


def _comparison(found: re.Match[str]) -> Term:
    """A comparison; text with a sign in it that follows no name and is followed by no number is a plain word."""
    figure, value = found["figure"].lower(), found["value"].lower()
    if figure not in ALIASES and not (value[:1].isdigit() and (figure or value[-1].isalpha() or value[-1] == "%")):
        return Word(found.group().removeprefix("-").lower(), "", bool(found["minus"]))
    try:
        return comparison(figure, found["sign"], value, is_excluded=bool(found["minus"]))
    except QuantityError as error:
        raise FilterError(error.args[0], position=found.start(), end=found.end(), hint=error.hint) from error


def _word_end(text: str, start: int) -> int:
    found = re.compile(r"\s|$").search(text, start + 1)
    return found.start() if found else len(text)


def _group_words(group: tuple[Term, ...]) -> str:
    words = " or ".join(("not " if term.is_excluded else "") + term.explanation for term in group)
    return f"({words})" if len(group) > 1 else words
