"""The lines of a recording as they are read: whatever a stranger wrote into them, a sample comes out or a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from octotui.processes.model import Ghost, Meaning, ProcessInfo, ProcessKey, Sample, Snapshot, new_number
from octotui.processes.recordings.format import FORMAT, SCHEMA
from octotui.processes.recordings.values import (
    MOST_PID,
    BadLine,
    argv_from,
    flag_of,
    key_of,
    list_of,
    moment_of,
    parse_line,
    seconds,
    seconds_of,
    state_from,
    text_of,
    whole,
)
from octotui.text import printable

_T = TypeVar("_T")

MOST_PROCESSES = 200_000
_STRUCTURE = ("processes", "gone", "ghosts", "forgotten", "meanings")
"""What changes more than figures when a line has it."""
_FLAGS = frozenset(("is_orphan", "is_own"))
_MEANING_TEXTS = tuple(field.name for field in fields(Meaning) if field.name not in (*_FLAGS, "dotnet"))


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line of a recording says; all of it printable."""

    host: str
    version: str
    started_at: datetime


def parse_header(raw: bytes) -> Header:
    """The first line. Raises BadLine."""
    found = parse_line(raw)
    if found.get("format") != FORMAT:
        raise BadLine("it does not say that it is an octotui recording")
    schema = found.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        shown = printable(str(schema), 20) if isinstance(schema, int | str) else "?"
        raise BadLine(f"it is of schema {shown}, and this octotui reads schema {SCHEMA}")
    return Header(text_of(found, "host", 255), text_of(found, "version", 40), moment_of(found, "started_at"))


def is_key_line(found: Mapping[str, Any]) -> bool:
    return found.get("is_key") is True


def next_sample(found: Mapping[str, Any], last: Sample | None, host: str) -> Sample:
    """The sample that a line tells, after `last`. Raises BadLine, also for a line that needs `last` without one."""
    if is_key_line(found):
        last = None
    elif last is None:
        raise BadLine("the first sample is no key frame")
    before = _Before(last)
    processes = _processes(found, before.processes)
    ghosts = _ghosts(found, before.ghosts)
    arrived = _marked(found, "arrived", before.arrived, processes, seconds)
    rates = _marked(found, "rates", before.rates, processes, seconds)
    meanings = _marked(found, "meanings", before.meanings, processes, _meaning)
    snapshot = Snapshot(
        host,
        moment_of(found, "at"),
        seconds_of(found, "monotonic"),
        seconds_of(found, "uptime_seconds"),
        MappingProxyType(processes),
        min(60.0, seconds_of(found, "scan_seconds")),
        _fresh(found, last),
    )
    return Sample(
        snapshot,
        MappingProxyType(rates),
        MappingProxyType(arrived),
        MappingProxyType(ghosts),
        MappingProxyType(meanings),
        new_number() if last is None or any(map(found.get, _STRUCTURE)) else last.structure,
    )


class _Before:
    """Copies of what a sample holds, for the next one to change."""

    def __init__(self, last: Sample | None) -> None:
        self.processes = {} if last is None else dict(last.snapshot.processes)
        self.rates = {} if last is None else dict(last.cpu_percent)
        self.arrived = {} if last is None else dict(last.arrived)
        self.ghosts = {} if last is None else dict(last.ghosts)
        self.meanings = {} if last is None else dict(last.meanings)


def _processes(found: Mapping[str, Any], processes: dict[ProcessKey, ProcessInfo]) -> dict[ProcessKey, ProcessInfo]:
    for value in list_of(found, "gone"):
        if processes.pop(key_of(value), None) is None:
            raise BadLine('"gone" names a process that was not there')
    for value in list_of(found, "processes"):
        process = _process(value)
        processes[process.key] = process
    for value in list_of(found, "figures"):
        if not isinstance(value, list) or len(value) != 6:
            raise BadLine('"figures" holds something else than six values')
        key = key_of(value[:2])
        known = processes.get(key)
        if known is None:
            raise BadLine('"figures" names a process that is not there')
        processes[key] = ProcessInfo(
            known.key, known.parent_pid, known.name, known.executable, known.argv, known.user, known.uid,
            state_from(value[2]), whole(value[3]), seconds(value[4]), whole(value[5]),
            known.cgroup, known.cwd, known.started_seconds, known.is_kernel,
        )  # fmt: skip
    if len(processes) > MOST_PROCESSES:
        raise BadLine(f"it has more than {MOST_PROCESSES} processes")
    return processes


def _process(found: object) -> ProcessInfo:
    if not isinstance(found, dict):
        raise BadLine("a process is not an object")
    return ProcessInfo(
        ProcessKey(whole(found.get("pid"), MOST_PID), whole(found.get("started"))),
        whole(found.get("parent_pid"), MOST_PID),
        text_of(found, "name"),
        text_of(found, "executable"),
        argv_from(found.get("argv", [])),
        text_of(found, "user"),
        -1 if found.get("uid") == -1 else whole(found.get("uid"), MOST_PID),
        state_from(found.get("state")),
        whole(found.get("threads")),
        seconds_of(found, "cpu_seconds"),
        whole(found.get("rss_bytes")),
        text_of(found, "cgroup"),
        text_of(found, "cwd"),
        seconds_of(found, "started_seconds"),
        flag_of(found, "is_kernel"),
    )


def _meaning(found: object) -> Meaning:
    if not isinstance(found, dict):
        raise BadLine("a meaning is not an object")
    dotnet = found.get("dotnet")
    if dotnet is not None and not isinstance(dotnet, bool):
        raise BadLine('"dotnet" is neither true nor false')
    texts = {name: text_of(found, name) for name in _MEANING_TEXTS}
    return Meaning(**texts, is_orphan=flag_of(found, "is_orphan"), is_own=flag_of(found, "is_own"), dotnet=dotnet)


def _ghosts(found: Mapping[str, Any], ghosts: dict[ProcessKey, Ghost]) -> dict[ProcessKey, Ghost]:
    for value in list_of(found, "forgotten"):
        if ghosts.pop(key_of(value), None) is None:
            raise BadLine('"forgotten" names a ghost that was not there')
    for value in list_of(found, "ghosts"):
        process = _process(value)
        ghosts[process.key] = Ghost(process, _meaning(value.get("meaning", {})), seconds_of(value, "exited_monotonic"))
    if len(ghosts) > MOST_PROCESSES:
        raise BadLine(f"it has more than {MOST_PROCESSES} ghosts")
    return ghosts


def _marked(
    found: Mapping[str, Any],
    name: str,
    marks: dict[ProcessKey, _T],
    processes: Mapping[ProcessKey, ProcessInfo],
    read: Callable[[Any], _T],
) -> dict[ProcessKey, _T]:
    """`marks` of living processes, as the pairs of key and value under `name` change them."""
    if found.get("gone"):
        marks = {key: value for key, value in marks.items() if key in processes}
    for value in list_of(found, name):
        if not isinstance(value, list) or len(value) != 3:
            raise BadLine(f'"{name}" holds something else than three values')
        key = key_of(value[:2])
        if value[2] is None:
            marks.pop(key, None)
        elif key in processes:
            marks[key] = read(value[2])
    return marks


def _fresh(found: Mapping[str, Any], last: Sample | None) -> Set[ProcessKey] | None:
    if "fresh" not in found:
        return None
    if found["fresh"] == "same":
        if last is None or last.snapshot.fresh is None:
            raise BadLine('"fresh" refers to a line before that has none')
        return last.snapshot.fresh
    return frozenset(key_of(value) for value in list_of(found, "fresh"))
