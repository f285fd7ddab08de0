"""What a killed octotui left: whole dumps are finished and recorded, partial ones removed and recorded as lost."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import Any

from octotui.dumps.admission import Admission, Admitted
from octotui.dumps.estimates import most_bytes
from octotui.dumps.files import HALF_WRITTEN, read_json, write_json
from octotui.dumps.hashing import whole_digest
from octotui.dumps.journal import Entry, Journal
from octotui.dumps.records import RECORD_SUFFIX, DumpRecord, facts_json
from octotui.dumps.results import JobState
from octotui.dumps.staging import PREFIX, Staging
from octotui.dumps.store import Store
from octotui.dumps.target import read_status
from octotui.dumps.verify import Expectation, Writer, verify_open
from octotui.errors import NotADump, OctotuiError

ABANDONED_SECONDS = 3600.0
LOST = {"code": "lost", "message": "octotui was ended during the capture and the dump was not whole", "hint": ""}


def recover(store: Store) -> tuple[DumpRecord, ...]:
    """Settles every capture of an octotui that runs no more; one whose dump is still being written is left for later.

    Returns the records that were made. Blocks: a dump is hashed, unless it is larger than it can be. Raises StoreError
    when someone else can change the journal.
    """
    journal = Journal(store.jobs)
    made: set[tuple[str, str]] = set()
    for token, entry in journal.entries().items():
        if entry.is_owner_alive or _is_being_written(entry):
            continue
        try:
            name = _complete(store, entry) if entry.is_captured else _settle(store, entry)
        except OSError:
            continue
        journal.remove(token)
        if name:
            made.add((entry.destination, name))
    _sweep(store, journal)
    return tuple(r for r in store.records() if (str(store.directory), r.name) in made) if made else ()


def _sweep(store: Store, journal: Journal, now: float | None = None) -> None:
    """Removes old traces of an unlucky instant: staging that the journal does not know, half-written records."""
    known = {entry.staging for entry in journal.entries().values()}
    oldest = (time.time() if now is None else now) - ABANDONED_SECONDS
    for directory in (store.directory, store.staging):
        for path in directory.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                # A time in the future is none that a directory gets by itself.
                is_old = found.st_mtime < oldest or found.st_mtime > oldest + 2 * ABANDONED_SECONDS
                if str(path) not in known and is_old:
                    staging = Staging.reopen(path, "", found.st_dev, found.st_ino, found.st_uid)
                    if staging is not None:
                        staging.remove()
    for directory in (store.directory, store.jobs):
        for half in directory.glob(HALF_WRITTEN):
            with contextlib.suppress(OSError):
                if half.lstat().st_mtime < oldest:
                    half.unlink()


def _is_being_written(entry: Entry) -> bool:
    staging = _reopened(entry)
    if staging is None:
        return False
    try:
        if staging.is_being_written():
            return True
    finally:
        staging.close()
    status = read_status(entry.target_pid)
    return status is not None and status.started == entry.target_started and status.tracer_pid != 0


def _reopened(entry: Entry) -> Staging | None:
    return Staging.reopen(Path(entry.staging), entry.file, entry.device, entry.inode, entry.writer_uid)


def _settle(store: Store, entry: Entry) -> str:
    """The name of the dump, or of the record of its loss. Raises OSError when the destination cannot be used now."""
    destination = Path(entry.destination)
    descriptor = _opened(store, entry)
    staging = _reopened(entry)
    try:
        if staging is not None:
            with contextlib.suppress(OctotuiError):
                admission = Admission(store, descriptor, destination)
                admitted = admission.admit(
                    staging, entry.name, _expectation(entry), lambda found: _document(entry, found)
                )
                os.close(admitted.descriptor)
                return admitted.path.name
        if _record_standing(store, descriptor, entry):
            return entry.name
        write_json(descriptor, entry.name + RECORD_SUFFIX, {**entry.record, "outcome": "lost", "error": LOST})
        return entry.name + RECORD_SUFFIX
    finally:
        if staging is not None:
            staging.remove()
        os.close(descriptor)


def _complete(store: Store, entry: Entry) -> str:
    """Adds the digest that is missing in the record of a captured dump; "" when there is nothing to add it to."""
    descriptor = _opened(store, entry)
    try:
        document = read_json(entry.name + RECORD_SUFFIX, descriptor)
        if document is None or document.get("sha256"):
            return ""
        dump = _opened_dump(entry, descriptor)
        if dump is None:
            return ""
        try:
            verify_open(dump, _expectation(entry))
            store.write_record(descriptor, entry.name, {**document, "sha256": whole_digest(dump)})
        except NotADump:
            return ""
        finally:
            os.close(dump)
        return entry.name
    finally:
        staging = _reopened(entry)
        if staging is not None:
            staging.remove()
        os.close(descriptor)


def _opened(store: Store, entry: Entry) -> int:
    """The destination. Raises OSError when it cannot be used now."""
    try:
        return store.open_destination(Path(entry.destination))
    except OctotuiError as error:
        raise OSError(str(error)) from error


def _record_standing(store: Store, directory: int, entry: Entry) -> bool:
    """Records a dump whose octotui was ended between the move and the record. False when no whole one stands there."""
    descriptor = _opened_dump(entry, directory)
    if descriptor is None:
        return False
    try:
        facts = verify_open(descriptor, _expectation(entry))
        if read_json(entry.name + RECORD_SUFFIX, directory) is None:
            found = Admitted(Path(entry.destination) / entry.name, facts, descriptor)
            store.write_record(directory, entry.name, _document(entry, found))
    except NotADump:
        return False
    finally:
        os.close(descriptor)
    return True


def _opened_dump(entry: Entry, directory: int) -> int | None:
    """The dump in its destination: a plain file of ours, no larger than it may be; None when there is none such."""
    try:
        descriptor = os.open(entry.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return None
    found = os.fstat(descriptor)
    is_plain = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    if is_plain and found.st_size <= most_bytes(entry.expected_bytes):
        return descriptor
    os.close(descriptor)
    return None


def _expectation(entry: Entry) -> Expectation:
    pids = frozenset({entry.target_pid, entry.namespace_pid or entry.target_pid})
    return Expectation(pids=pids, runtime="", writer=Writer.CREATEDUMP, most_bytes=most_bytes(entry.expected_bytes))


def _document(entry: Entry, found: Admitted) -> dict[str, Any]:
    return {
        **entry.record,
        "outcome": JobState.FINISHED.value,
        "path": str(found.path),
        "bytes": found.facts.size_bytes,
        "verified": True,
        "sha256": whole_digest(found.descriptor),
        "verification": facts_json(found.facts),
        "recovered": True,
    }
