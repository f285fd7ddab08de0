"""The lines of a recording as they are written: a header, then one JSON object a sample that says what changed.

Every line stands for itself in `zcat FILE | jq`. A key frame is a line against nothing, so it holds everything; the
lines after it name only what differs from the sample before:

    number at monotonic uptime_seconds scan_seconds     when; `is_key` marks a key frame
    processes   processes that came, or of which more than figures changed, whole
    figures     [pid, started, state, threads, cpu_seconds, rss_bytes] of those of which only these changed
    gone        [pid, started] of those that are no more
    rates       [pid, started, percent of one core or null]
    meanings    [pid, started, {what differs from "nothing is known"} or null]
    arrived     [pid, started, monotonic or null]
    ghosts      processes that ended, whole, with `meaning` and `exited_monotonic`
    forgotten   [pid, started] of ghosts that are shown no more
    fresh       [[pid, started], ...] that this sample read anew, "same" for those of the line before; absent for all
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

from octotui.processes.model import Ghost, Meaning, ProcessInfo, ProcessKey, Sample

_PIECE = 100
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

_T = TypeVar("_T")

SCHEMA = 1
FORMAT = "octotui recording"
HOLDS = "processes of one host: names, command lines with secrets masked, users, paths, figures; no environment"

KEY_FRAME_EVERY = 60
"""Lines from one key frame to the next: what a cut-off file and a step backwards cost at most."""

LONGEST_LINE = 32 << 20
"""Bytes of one line, in a reader and in a writer."""

_FACTS = attrgetter(
    "parent_pid", "name", "executable", "argv", "user", "uid", "cgroup", "cwd", "started_seconds", "is_kernel"
)
_MEANING_FIELDS = tuple((field.name, field.default) for field in fields(Meaning))


def header_line(*, version: str, host: str, started_at: datetime) -> bytes:
    """The first line of a recording: what it is, who wrote it, where and when, and what it holds."""
    return _line(
        {
            "format": FORMAT,
            "schema": SCHEMA,
            "version": version,
            "host": host,
            "started_at": time_text(started_at),
            "holds": HOLDS,
        }
    )


def sample_line(sample: Sample, last: Sample | None, number: int) -> bytes:
    """What `sample`, the `number`th one, changes against `last`; a key frame where that is None."""
    snapshot = sample.snapshot
    found: dict[str, Any] = {
        "number": number,
        "at": time_text(snapshot.taken_at),
        "monotonic": snapshot.monotonic,
        "uptime_seconds": snapshot.uptime_seconds,
        "scan_seconds": round(snapshot.scan_seconds, 6),
    }
    if last is None:
        found["is_key"] = True
    alive = snapshot.processes
    changes = (
        _process_changes(sample, last),
        _mapping_changes("rates", sample.cpu_percent, last.cpu_percent if last else None, alive, float),
        _mapping_changes("meanings", sample.meanings, last.meanings if last else None, alive, meaning_object),
        _mapping_changes("arrived", sample.arrived, last.arrived if last else None, alive, float),
        _ghost_changes(sample, last),
    )
    for part in changes:
        found.update((name, values) for name, values in part.items() if values)
    if snapshot.fresh is not None:
        is_same = last is not None and last.snapshot.fresh == snapshot.fresh
        found["fresh"] = "same" if is_same else sorted(snapshot.fresh)
    return _line(found)


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def process_object(process: ProcessInfo) -> dict[str, Any]:
    """A process whole; what is empty is left out."""
    found: dict[str, Any] = {
        "pid": process.key.pid,
        "started": process.key.started,
        "parent_pid": process.parent_pid,
        "name": process.name,
        "executable": process.executable,
        "argv": process.argv,
        "user": process.user,
        "uid": process.uid,
        "state": process.state,
        "threads": process.threads,
        "cpu_seconds": process.cpu_seconds,
        "rss_bytes": process.rss_bytes,
        "cgroup": process.cgroup,
        "cwd": process.cwd,
        "started_seconds": process.started_seconds,
    }
    if process.is_kernel:
        found["is_kernel"] = True
    return {name: value for name, value in found.items() if value not in ("", ())}


def meaning_object(meaning: Meaning) -> dict[str, Any]:
    """What is known of a process; what is not known is left out."""
    values = ((name, getattr(meaning, name), default) for name, default in _MEANING_FIELDS)
    return {name: value for name, value, default in values if value != default}


def _process_changes(sample: Sample, last: Sample | None) -> dict[str, list[Any]]:
    now = sample.snapshot.processes
    if last is None:
        return {"processes": [process_object(process) for process in now.values()]}
    before = last.snapshot.processes
    whole: list[Any] = []
    figures: list[Any] = []
    for key, process in now.items():
        known = before.get(key)
        if known is process:
            continue
        if known is None or _FACTS(known) != _FACTS(process):
            whole.append(process_object(process))
        elif known != process:
            figures.append([*key, process.state, process.threads, process.cpu_seconds, process.rss_bytes])
    gone = [] if sample.structure == last.structure else _missing(now, before)
    return {"processes": whole, "figures": figures, "gone": gone}


def _mapping_changes(
    name: str,
    now: Mapping[ProcessKey, _T],
    before: Mapping[ProcessKey, _T] | None,
    alive: Mapping[ProcessKey, ProcessInfo],
    shown: Callable[[_T], object],
) -> dict[str, list[Any]]:
    """What `now` holds and `before` does not, each value as `shown` makes it; null for the living it holds no more."""
    if before is None:
        return {name: [[*key, shown(value)] for key, value in now.items()]}
    if now == before:
        return {}
    changed = [[*key, shown(value)] for key, value in now.items() if before.get(key) != value]
    return {name: changed + [[*key, None] for key in _missing(now, before) if key in alive]}


def _ghost_changes(sample: Sample, last: Sample | None) -> dict[str, list[Any]]:
    now, before = sample.ghosts, {} if last is None else last.ghosts
    came = [_ghost_object(ghost) for key, ghost in now.items() if before.get(key) != ghost]
    return {"ghosts": came, "forgotten": _missing(now, before)}


def _ghost_object(ghost: Ghost) -> dict[str, Any]:
    more = {"meaning": meaning_object(ghost.meaning), "exited_monotonic": ghost.exited_monotonic}
    return process_object(ghost.process) | more


def _missing(now: Mapping[ProcessKey, Any], before: Mapping[ProcessKey, Any]) -> list[ProcessKey]:
    return sorted(before.keys() - now.keys())


def _line(values: dict[str, Any]) -> bytes:
    parts = (
        f'"{name}":{_list(value) if isinstance(value, list) else _encode(value)}' for name, value in values.items()
    )
    return ("{" + ",".join(parts) + "}\n").encode("utf-8", "replace")


def _list(values: list[Any]) -> str:
    """A list in pieces: one call for thousands of processes would keep the interpreter, and the screen, to itself."""
    pieces = (values[at : at + _PIECE] for at in range(0, len(values), _PIECE))
    return "[" + ",".join(_encode(piece)[1:-1] for piece in pieces) + "]"
