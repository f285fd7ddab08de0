"""The journal of captures under way: one small file each, so that a later octotui can finish or clear what was left."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from octotui.dumps.directories import check_unchangeable, make_private, open_directory
from octotui.dumps.files import read_json, write_json
from octotui.dumps.target import read_status
from octotui.errors import StoreError
from octotui.processes.model import ProcessKey

SCHEMA = 1
SUFFIX = ".json"
STAGING_NAME = re.compile(r"\.octotui-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture as it was begun.

    `owner_pid` and `owner_started` name the octotui; `staging` is its directory with `device` and `inode`; `name` is
    what the dump shall be called in `destination`; `record` is its record as far as it was known. Once the dump
    stands there, `is_captured` is set, `name` is what it is called, and only its digest is still to come.
    `expected_bytes` is the estimate of its size, 0 for none.
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
    expected_bytes: int = 0

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
        """Every readable entry by its token. Others are left alone.

        Raises StoreError when someone else can change the journal or the directory that it lies in: what an entry
        says is done with our rights.
        """
        found: dict[str, Entry] = {}
        check_unchangeable(self._directory.parent)
        check_unchangeable(self._directory)
        try:
            directory = open_directory(self._directory)
        except OSError:
            return found
        try:
            for name in sorted(os.listdir(directory)):
                if name.endswith(SUFFIX) and not name.startswith(".") and _is_own_file(name, directory):
                    entry = _parsed(read_json(name, directory))
                    if entry is not None:
                        found[name.removesuffix(SUFFIX)] = entry
        finally:
            os.close(directory)
        return found

    def under_way(self) -> dict[ProcessKey, Entry]:
        """Captures of octotuis that still run, by target."""
        return {e.target: e for e in self.entries().values() if not e.is_captured and e.is_owner_alive}


def own_identity() -> tuple[int, int]:
    """Pid and start ticks of this octotui."""
    pid = os.getpid()
    status = read_status(pid)
    return pid, status.started if status else 0


def _is_own_file(name: str, directory: int) -> bool:
    """Nobody else can change `directory`, so it stays the file that was looked at."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1


def _parsed(document: Mapping[str, Any] | None) -> Entry | None:
    if document is None or document.get("schema") != SCHEMA:
        return None
    kinds = {"staging": str, "file": str, "destination": str, "name": str, "record": dict, "is_captured": bool}
    values: dict[str, Any] = {}
    for field in fields(Entry):
        value = document.get(field.name, 0 if field.name == "expected_bytes" else None)
        kind = kinds.get(field.name, int)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return None
        values[field.name] = value
    if "/" in values["file"] or "/" in values["name"]:
        return None
    if not STAGING_NAME.fullmatch(values["staging"].rpartition("/")[2]):
        return None
    return Entry(**values)
