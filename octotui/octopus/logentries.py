"""Entries of a task's `Output.log`, with what must not be seen taken out of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from octotui.octopus.secret_values import MASK
from octotui.octopus.secrets import redact_text
from octotui.text import printable

LONGEST_MESSAGE = 2000
"""Characters kept of one message."""

_TAIL = 256

_START = re.compile(r'\["(?:stdout|stderr|debug)"\s{0,4},\s{0,4}"')
_ENTRY = re.compile(
    r'\["(?P<source>stdout|stderr|debug)"\s{0,4},\s{0,4}(?P<message>"(?:[^"\\]|\\.)*+")\s{0,4},\s{0,4}'
    r'(?P<at>"(?:[^"\\]|\\.)*+")\s{0,4}\]',
    re.DOTALL,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_SERVICE = re.compile(r"##(octopus|teamcity)\[(?:[A-Za-z-]{1,60}\]|\s{0,8}(?P<verb>[A-Za-z-]{0,60}).*+)", re.DOTALL)
_BLOCK_BEGIN, _BLOCK_END = re.compile(r"-----BEGIN\b"), re.compile(r"-----END\b")
_ENCODED = re.compile(r"\s*[A-Za-z0-9+/=_-]{8,}\s*")
_HEADER = re.compile(r"\s*[A-Z][A-Za-z-]{2,30}: \S.*")


class LogEntry(NamedTuple):
    """`source` is stdout, stderr or debug; `text` is redacted and printable; `at` is `HH:MM:SS` as logged, or ""."""

    source: str
    text: str
    at: str


class RawEntry(NamedTuple):
    """An entry as the log has it."""

    source: str
    message: str
    at: str


def raw_entries(text: str) -> tuple[tuple[RawEntry, ...], int]:
    """The entries in a piece of a log, and how many characters are part of none.

    A piece may begin and end in the middle of an entry: a start cannot stand inside of a message, for quotes are
    escaped there. What is no entry is never shown: the file may be something else than a log.
    """
    found: list[RawEntry] = []
    position = strange = 0
    while (start := _START.search(text, position)) is not None:
        strange += len(text[position : start.start()].strip())
        entry = _ENTRY.match(text, start.start())
        if entry is None:
            strange += start.end() - start.start()
            position = start.end()
            continue
        position = entry.end()
        message, at = _string(entry["message"]), _string(entry["at"])
        if message is None or at is None:
            strange += entry.end() - entry.start()
        else:
            found.append(RawEntry(entry["source"], message, at))
    return tuple(found), strange + len(text[position:].strip())


def shown_entries(entries: Iterable[RawEntry]) -> tuple[LogEntry, ...]:
    """The entries as they may be shown: secrets masked, service messages by their name alone, everything printable.

    A service message (`##octopus[setVariable …]`) carries its values in base64, sensitive ones too. A key or
    certificate runs over many entries, one for each line of it.
    """
    return tuple(
        LogEntry(entry.source, printable(text, LONGEST_MESSAGE), _time(entry.at))
        for entry, text in _without_blocks(list(entries))
    )


def shown_message(message: str) -> str:
    """One message with its secrets masked; control characters stay."""
    clipped = message[: LONGEST_MESSAGE * 2]
    text = redact_text(_SERVICE.sub(_service, clipped))
    # What was cut before it was searched may end in half of a secret that no pattern knows.
    return text if clipped == message else text[:-_TAIL]


def _without_blocks(entries: list[RawEntry]) -> Iterator[tuple[RawEntry, str]]:
    hidden = _hidden(entries)
    for index, entry in enumerate(entries):
        yield entry, MASK if index in hidden else shown_message(entry.message)


def _hidden(entries: list[RawEntry]) -> frozenset[int]:
    """The entries within a block of `-----BEGIN …` to `-----END …`; of one whose begin is not in the piece too."""
    hidden: set[int] = set()
    begun: dict[str, int] = {}
    for index, entry in enumerate(entries):
        source = entry.source
        ends = _BLOCK_END.search(entry.message)
        if ends is not None:
            first = begun.pop(source, None)
            first = _encoded_before(entries, index) if first is None else first + 1
            hidden.update(i for i in range(first, index) if entries[i].source == source)
        begins = list(_BLOCK_BEGIN.finditer(entry.message))
        if begins and (ends is None or begins[-1].start() > ends.start()):
            begun[source] = index
    for source, first in begun.items():
        # A block that has not ended yet: everything that could belong to it.
        for index in range(first + 1, len(entries)):
            if entries[index].source != source:
                continue
            if not _is_of_block(entries[index].message):
                break
            hidden.add(index)
    return frozenset(hidden)


def _encoded_before(entries: list[RawEntry], end: int) -> int:
    source, first = entries[end].source, end
    for index in range(end - 1, -1, -1):
        if entries[index].source != source:
            continue
        if not _is_of_block(entries[index].message):
            break
        first = index
    return first


def _is_of_block(message: str) -> bool:
    return not message.strip() or _ENCODED.fullmatch(message) is not None or _HEADER.fullmatch(message) is not None


def _service(match: re.Match[str]) -> str:
    verb = match["verb"]
    return match[0] if verb is None else f"##{match[1]}[{verb} {MASK}]"


def _string(text: str) -> str | None:
    try:
        value = json.loads(text, strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _time(at: str) -> str:
    found = _DATE.fullmatch(at[:64])
    return found[1] if found else ""
