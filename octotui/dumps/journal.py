"""The journal of captures under way: one small file each, so that a later octotui can finish or clear what was left."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from octotui.dumps.directories import make_private
from octotui.dumps.files import read_json, write_json
from octotui.dumps.target import read_status
from octotui.errors import StoreError
from octotui.processes.model import ProcessKey

SCHEMA = 1
SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture as it was begun.

    `owner_pid` and `owner_started` name the octotui; `staging` is its directory with `device` and `inode`; `name` is
    what the dump shall be called in `destination`; `record` is its record as far as it was known. Once the dump
    stands there, `is_captured` is set, `name` is what it is called, and only its digest is still to come.
    """

    owner_pid: int
    owner_started: int
    target_pid: int
    target_started: int
    namespace_pid: int
    staging: str
    device: int
    inode: int
    file: str
    writer_uid: int
    destination: str
    name: str
    record: Mapping[str, Any]
    is_captured: bool = False

    @property
    def target(self) -> ProcessKey:
        return ProcessKey(self.target_pid, self.target_started)

    @property
    def is_owner_alive(self) -> bool:
        status = read_status(self.owner_pid)
        return status is not None and status.started == self.owner_started and status.state not in "ZX"


class Journal:
    """The journal in `directory`, which only its user can read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, token: str, entry: Entry) -> None:
        """Raises StoreError when it cannot be written."""
        descriptor = make_private(self._directory)
        try:
            write_json(descriptor, token + SUFFIX, {"schema": SCHEMA, **asdict(entry)}, is_durable=False)
        except OSError as error:
            raise StoreError(
                f"the journal in {self._directory} cannot be written ({error.strerror})", hint="free some space there"
            ) from error
        finally:
            os.close(descriptor)

    def remove(self, token: str) -> None:
        with contextlib.suppress(OSError):
            (self._directory / (token + SUFFIX)).unlink()

    def entries(self) -> dict[str, Entry]:
        """Every readable entry by its token. Others are left alone."""
        found: dict[str, Entry] = {}
        try:
            names = sorted(os.listdir(self._directory))
        except OSError:
            return found
        for name in names:
            if name.endswith(SUFFIX) and not name.startswith("."):
                entry = _parsed(read_json(self._directory / name))
                if entry is not None:
                    found[name.removesuffix(SUFFIX)] = entry
        return found

    def under_way(self) -> dict[ProcessKey, Entry]:
        """Captures of octotuis that still run, by target."""
        return {e.target: e for e in self.entries().values() if not e.is_captured and e.is_owner_alive}


def own_identity() -> tuple[int, int]:
    """Pid and start ticks of this octotui."""
    pid = os.getpid()
    status = read_status(pid)
    return pid, status.started if status else 0


def _parsed(document: Mapping[str, Any] | None) -> Entry | None:
    if document is None or document.get("schema") != SCHEMA:
        return None
    kinds = {"staging": str, "file": str, "destination": str, "name": str, "record": dict, "is_captured": bool}
    values: dict[str, Any] = {}
    for field in fields(Entry):
        value = document.get(field.name)
        kind = kinds.get(field.name, int)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return None
        values[field.name] = value
    if "/" in values["file"] or "/" in values["name"]:
        return None
    return Entry(**values)
