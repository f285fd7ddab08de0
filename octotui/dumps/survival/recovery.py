"""What a killed octotui left: whole dumps are finished and recorded, partial ones removed and recorded as lost."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from octotui.dumps.captures.admission import Admission, Admitted
from octotui.dumps.disk.files import read_json, write_json
from octotui.dumps.disk.hashing import whole_digest
from octotui.dumps.estimating.estimates import most_bytes
from octotui.dumps.keeping.records import DUMP_SUFFIX, RECORD_SUFFIX, DumpRecord, facts_json
from octotui.dumps.keeping.store import Store
from octotui.dumps.results import JobState
from octotui.dumps.staged.journal import Entry, Journal
from octotui.dumps.staged.staging import Staging
from octotui.dumps.survival.aftermath import continue_if_left_stopped, is_being_written
from octotui.dumps.survival.expected import expectation
from octotui.dumps.survival.sweeping import remove_half_written, sweep
from octotui.dumps.verifying.verify import DumpFacts, verify_open
from octotui.errors import CaptureFailed, NotADump, OctotuiError

LOST = "octotui was ended during the capture and the dump was not whole"
BROKEN = "the dump was whole when it was captured, but not when octotui looked again"
FAILURES_OF_THE_DUMP = frozenset({"no-file", "not-whole", "tampered"})
"""What is wrong with the file itself, so that no later try could finish it."""


def recover(store: Store) -> tuple[DumpRecord, ...]:
    """Settles every capture of an octotui that runs no more; one whose dump is still being written is left for later.

    Targets that such a capture left stopped are continued. May be ended at any moment and run again. Returns the
    records that were made, in the store or in another destination. Blocks: a dump is hashed, unless it is larger than
    it can be. Raises StoreError when someone else can change the journal.
    """
    journal = Journal(store.jobs)
    made: set[tuple[str, str]] = set()
    with journal.locked() as is_alone:
        if not is_alone:
            return ()
        for token, entry in journal.entries().items():
            if entry.is_owner_alive:
                continue
            try:
                name = _settled(store, entry)
            except OSError:
                continue
            if name is None:
                continue
            journal.remove(token)
            if name:
                made.add((entry.destination, name))
        sweep(store, journal)
    return _records(store, made)


def unsettled(store: Store) -> tuple[Entry, ...]:
    """Captures of octotuis that run no more and that are left for later: their dump is still being written, say.

    Raises StoreError when someone else can change the journal.
    """
    return tuple(entry for entry in Journal(store.jobs).entries().values() if not entry.is_owner_alive)


def _records(store: Store, made: set[tuple[str, str]]) -> tuple[DumpRecord, ...]:
    found: list[DumpRecord] = []
    for destination in sorted({destination for destination, _ in made}):
        there = store if destination == str(store.directory) else Store(Path(destination), state=store.state)
        with contextlib.suppress(OctotuiError):
            found += [record for record in there.records() if (destination, record.name) in made]
    return tuple(found)


def _settled(store: Store, entry: Entry) -> str | None:
    """The name of the dump that stands now, or of the record of its loss; "" when nothing had to be done.

    None while it is still being written. Raises OSError when it cannot be settled now.
    """
    staging = Staging.reopen(Path(entry.staging), entry.file, entry.device, entry.inode, entry.writer_uid)
    try:
        if entry.is_common:
            # The tracers that wrote there have ended with their octotui: what is left is half a file, if anything.
            if staging is not None:
                staging.remove()
            return ""
        if not entry.is_captured and is_being_written(entry, staging):
            return None
        directory = _opened_destination(store, entry)
        try:
            name = _finished(store, entry, directory, staging)
            is_whole = not name.endswith(RECORD_SUFFIX)
            if not entry.is_captured:
                continue_if_left_stopped(entry, is_whole=is_whole)
            remove_half_written(directory, name.removesuffix(RECORD_SUFFIX) or entry.name)
        finally:
            os.close(directory)
        if staging is not None:
            staging.remove()
        return name
    finally:
        if staging is not None:
            staging.close()


def _finished(store: Store, entry: Entry, directory: int, staging: Staging | None) -> str:
    """As `_settled`, for a capture that nothing writes to any more."""
    if not entry.is_captured and staging is not None:
        try:
            return _admitted(store, entry, directory, staging)
        except CaptureFailed as error:
            if error.code not in FAILURES_OF_THE_DUMP:
                raise OSError(error.message) from error
        except OctotuiError as error:
            raise OSError(error.message) from error
    for name in [entry.name] if entry.is_captured else _names(entry, directory):
        answer = _completed(store, entry, directory, name)
        if answer is not None:
            return answer
    if entry.is_captured and read_json(entry.name + RECORD_SUFFIX, directory) is None:
        # Both were removed since, by a person.
        return ""
    return _lost(entry, directory, entry.name, entry.record, LOST)


def _admitted(store: Store, entry: Entry, directory: int, staging: Staging) -> str:
    if entry.file_inode:
        staging.was_taken_over(entry.file_device, entry.file_inode)
    admission = Admission(store, directory, Path(entry.destination))
    admitted = admission.admit(staging, entry.name, expectation(entry), lambda found: _document(entry, found))
    os.close(admitted.descriptor)
    return admitted.path.name


def _names(entry: Entry, directory: int) -> list[str]:
    """What the dump can be called in its destination: its name, or that with a number."""
    stem = entry.name.removesuffix(DUMP_SUFFIX)
    found = [
        name
        for name in os.listdir(directory)
        if name.endswith(DUMP_SUFFIX)
        and name.startswith(f"{stem}-")
        and name[len(stem) + 1 : -len(DUMP_SUFFIX)].isdigit()
    ]
    return [entry.name, *sorted(found)]


def _completed(store: Store, entry: Entry, directory: int, name: str) -> str | None:
    """Completes what is known of the dump `name`: its record, or the digest in it. None when there is no such dump.

    A dump that is not whole any more (the power went before it was on the disk) is removed and recorded as lost.
    """
    descriptor = _opened_dump(entry, directory, name)
    if descriptor is None:
        return None
    try:
        document = read_json(name + RECORD_SUFFIX, directory)
        is_finished = document is not None and document.get("outcome") == JobState.FINISHED.value
        if is_finished and document is not None and document.get("sha256"):
            return "" if entry.is_captured else name
        try:
            facts = verify_open(descriptor, expectation(entry))
        except NotADump:
            return _removed(entry, directory, name, descriptor, document)
        if document is not None and is_finished and document.get("bytes") not in (None, facts.size_bytes):
            return _removed(entry, directory, name, descriptor, document)
        if document is None or not is_finished:
            document = _document(entry, Admitted(Path(entry.destination) / name, facts, descriptor))
        else:
            document = {**document, "sha256": _digest(descriptor)}
        store.write_record(directory, name, document)
        return name
    finally:
        os.close(descriptor)


def _removed(entry: Entry, directory: int, name: str, descriptor: int, document: dict[str, Any] | None) -> str | None:
    """Removes a dump that is not whole and says so in its record. None for a file that is none of this capture."""
    if document is None and not entry.is_captured:
        return None
    lost = _lost(entry, directory, name, document or entry.record, BROKEN)
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if os.path.samestat(found, os.fstat(descriptor)):
        os.unlink(name, dir_fd=directory)
    return lost


def _lost(entry: Entry, directory: int, name: str, document: Any, why: str) -> str:
    """Records the loss; the name of the record. Raises OSError."""
    error = {"code": "lost", "message": why, "hint": f"capture it again: octotui dump {entry.target_pid}"}
    lost = {"outcome": JobState.LOST.value, "verified": False, "path": None, "sha256": "", "error": error}
    write_json(directory, name + RECORD_SUFFIX, {**document, **lost, "recovered": True})
    return name + RECORD_SUFFIX


def _opened_destination(store: Store, entry: Entry) -> int:
    """Raises OSError when it cannot be used now."""
    try:
        return store.open_destination(Path(entry.destination))
    except OctotuiError as error:
        raise OSError(error.message) from error


def _opened_dump(entry: Entry, directory: int, name: str) -> int | None:
    """The dump in its destination: a plain file of ours, no larger than it may be; None when there is none such."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return None
    found = os.fstat(descriptor)
    is_plain = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    if is_plain and found.st_size <= most_bytes(entry.expected_bytes):
        return descriptor
    os.close(descriptor)
    return None


def _document(entry: Entry, found: Admitted) -> dict[str, Any]:
    facts: DumpFacts = found.facts
    return {
        **entry.record,
        "outcome": JobState.FINISHED.value,
        "path": str(found.path),
        "bytes": facts.size_bytes,
        "verified": True,
        "sha256": _digest(found.descriptor),
        "verification": facts_json(facts),
        "recovered": True,
    }


def _digest(descriptor: int) -> str:
    """Of what is on the disk for good: nothing comes back to a dump once its digest is recorded."""
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    return whole_digest(descriptor)
