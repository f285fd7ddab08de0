"""The JSON record beside each dump: what was captured, how, when, and what the verification found."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import octotui
from octotui.dumps.model import Step
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.verifying.verify import DumpFacts
from octotui.text import printable

SCHEMA = 1
DUMP_SUFFIX = ".dmp"
RECORD_SUFFIX = ".json"
LARGEST_NUMBER = 10**18


@dataclass(frozen=True, slots=True)
class DumpRecord:
    """A dump of the store with what is known of it, or the trace of a lost one.

    `path` is None for a lost dump; `record_path` is None where there is no readable record, and `problem` says so.
    `size_bytes` is the file's now, `freed_bytes` what its removal gives back: less where it has holes, 0 where it has
    a second name. `data` is the record's JSON, {} without one; what it holds comes from outside.
    """

    path: Path | None
    record_path: Path | None
    taken_at: datetime
    size_bytes: int
    data: Mapping[str, Any]
    problem: str = ""
    freed_bytes: int = 0

    @property
    def name(self) -> str:
        found = self.path or self.record_path
        return found.name if found else ""

    def text(self, field: str) -> str:
        """A text field of the record, printable; "" when it is absent."""
        value = self.data.get(field)
        return printable(value, 400) if isinstance(value, str) else ""

    def number(self, field: str) -> float | None:
        """A number of the record, None when it is absent or beyond anything that a capture could give."""
        value = self.data.get(field)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return value if -LARGEST_NUMBER <= value <= LARGEST_NUMBER else None

    @property
    def outcome(self) -> str:
        return self.text("outcome") or ("lost" if self.path is None else "unknown")

    @property
    def is_verified(self) -> bool:
        """True when it was whole when it was captured, and nothing speaks against it since."""
        return self.data.get("verified") is True and self.path is not None and not self.problem


def new_record(step: Step, began: datetime) -> dict[str, Any]:
    """The part of a record that is known before the capture."""
    target = step.target
    return {
        "schema": SCHEMA,
        "octotui": octotui.__version__,
        "host": platform.node(),
        "captured_at": iso(began),
        "command": target.command,
        "user": target.user,
        "uid": target.uid,
        "instance": target.instance,
        "version": target.version,
        "runtime": step.facts.version,
        "captured_by_uid": os.geteuid(),
        **result_of(step, JobState.LOST).as_json(),
    }


def result_of(step: Step, outcome: JobState) -> DumpResult:
    """A result of `step` with nothing captured yet."""
    return DumpResult(
        step.target,
        outcome,
        step.backend,
        step.type,
        step.estimate,
        medium=step.medium,
        is_portable=step.is_portable,
    )


def completed(record: Mapping[str, Any], result: DumpResult, facts: DumpFacts, said: Sequence[str]) -> dict[str, Any]:
    """`record` with the outcome, the verification's facts and the tool's own lines."""
    return {**record, **result.as_json(), "verification": facts_json(facts), "tool_output": list(said)}


def facts_json(facts: DumpFacts) -> dict[str, Any]:
    """What a verification found, as it stands in records and in `octotui verify --json`."""
    return {
        "writer": facts.writer.value,
        "machine": facts.machine,
        "pid": facts.pid,
        "name": facts.name,
        "threads": len(facts.threads),
        "runtime_path": facts.runtime_path,
        "size_bytes": facts.size_bytes,
        "extent_bytes": facts.extent_bytes,
        "regions": facts.regions,
        "type_guess": facts.type_guess,
        "hole_bytes": facts.hole_bytes,
        **({"exit": facts.exit.as_json()} if facts.exit else {}),
    }


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parsed_time(text: object) -> datetime | None:
    """The moment that a record names, in UTC; None when it names none, or one that no capture was at."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None:
            return None
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year < 9000 else None


def problem_of(data: Mapping[str, Any], size_bytes: int) -> str:
    """What speaks against a record that was read, beside a dump of that size; "" for nothing."""
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        return "its record is damaged"
    if schema > SCHEMA:
        return f"its record is of a newer octotui (schema {min(schema, LARGEST_NUMBER)})"
    size = data.get("bytes")
    if data.get("verified") is True and type(size) is int and size > 0 and size != size_bytes:
        return "its size is not what was recorded"
    return ""
