"""Is a dump of the store still what was recorded: its structure, its size, its bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from octotui.dumps.disk.files import open_regular
from octotui.dumps.keeping.records import DumpRecord, facts_json
from octotui.dumps.verifying.verify import DumpFacts, verify_open
from octotui.errors import CaptureFailed, NotADump, StoreError
from octotui.text import printable, shell_quoted_path

BLOCK_BYTES = 1 << 20

Told = Callable[[int], None]
"""Hears how many bytes are done."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a second look found. `differences` are sentences, () when the dump is what was recorded.

    `sha256` is that of the file now, "" where it could not be read; `notes` is what could not be compared.
    """

    record: DumpRecord
    facts: DumpFacts | None
    sha256: str
    differences: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        return {
            "name": printable(self.record.name),
            "path": str(self.record.path) if self.record.path else None,
            "good": self.is_good,
            "bytes": self.record.size_bytes,
            "sha256": self.sha256 or None,
            "differences": list(self.differences),
            "notes": list(self.notes),
            "verification": facts_json(self.facts) if self.facts else None,
        }


def recheck(
    record: DumpRecord, on_read: Told = lambda count: None, is_cancelled: Callable[[], bool] = lambda: False
) -> Recheck:
    """Looks at the dump again and reads all of it. Changes nothing; blocks for as long as the disk takes.

    Raises StoreError when it cannot be read, CaptureFailed (`cancelled`) when `is_cancelled` said so.
    """
    if record.path is None:
        return Recheck(record, None, "", ("its dump is gone",) if record.outcome != "lost" else ("it was lost",))
    descriptor = open_dump(record)
    try:
        differences: list[str] = []
        facts: DumpFacts | None = None
        try:
            facts = verify_open(descriptor)
        except NotADump as error:
            differences.append(f"it is not a whole dump: {error.message}")
        differences += _against(record, os.fstat(descriptor).st_size, facts)
        digest = hashlib.sha256()
        for block in blocks(descriptor, record, on_read):
            digest.update(block)
            if is_cancelled():
                raise CaptureFailed("it was cancelled", code="cancelled")
        difference, note = compare_digest(record, digest.hexdigest())
        differences += [difference] if difference else []
        notes = [note] if note else []
        return Recheck(record, facts, digest.hexdigest(), tuple(differences), (*notes, *_notes(record)))
    finally:
        os.close(descriptor)


def open_dump(record: DumpRecord) -> int:
    """A descriptor of the dump for reading. Raises StoreError when there is none, or when it may not be read."""
    name = shell_quoted_path(printable(record.name))
    if record.path is None:
        raise StoreError(f"the dump of {name} is gone", hint="octotui dumps")
    try:
        return open_regular(record.path, os.O_RDONLY)
    except OSError as error:
        raise StoreError(
            f"{name} cannot be read ({error.strerror})", hint="run it with sudo, or as its owner"
        ) from error


def blocks(descriptor: int, record: DumpRecord, on_read: Told) -> Iterator[memoryview]:
    """All bytes of an open dump, in order; each block is overwritten by the next. Raises StoreError.

    What was read does not stay in the page cache: the host needs that for its own work.
    """
    buffer = bytearray(BLOCK_BYTES)
    view = memoryview(buffer)
    position = 0
    try:
        while count := os.preadv(descriptor, [buffer], position):
            yield view[:count]
            os.posix_fadvise(descriptor, position, count, os.POSIX_FADV_DONTNEED)
            position += count
            on_read(position)
    except OSError as error:
        raise StoreError(
            f"{printable(record.name)} cannot be read at byte {position} ({error.strerror})", hint="dmesg | tail"
        ) from error


def compare_digest(record: DumpRecord, sha256: str) -> tuple[str, str]:
    """(what differs, what could not be compared), each "" for nothing."""
    recorded = record.text("sha256").lower()
    if not recorded:
        return "", "no SHA-256 was recorded to compare with"
    return ("" if recorded == sha256 else f"its SHA-256 is {sha256}, recorded was {recorded}"), ""


def _against(record: DumpRecord, size: int, facts: DumpFacts | None) -> list[str]:
    found: list[str] = []
    recorded = record.number("bytes")
    if recorded is not None and recorded != size:
        found.append(f"it has {size} bytes, recorded were {recorded:.0f}")
    verification = record.data.get("verification")
    pid = verification.get("pid") if isinstance(verification, dict) else None
    if facts is not None and type(pid) is int and pid != facts.pid:
        found.append(f"it holds process {facts.pid}, recorded was process {pid}")
    return found


def _notes(record: DumpRecord) -> tuple[str, ...]:
    return (record.problem,) if record.problem and record.problem != "its size is not what was recorded" else ()
