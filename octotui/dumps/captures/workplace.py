"""What one capture has open: its destination, its staging directory, its entry in the journal."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends.base import Backend
from octotui.dumps.estimating.estimates import estimated_bytes
from octotui.dumps.estimating.history import History
from octotui.dumps.estimating.media import ROOM_FACTOR
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.records import new_record
from octotui.dumps.keeping.store import Store, dump_name
from octotui.dumps.model import Medium, Step
from octotui.dumps.rights import Rights
from octotui.dumps.staged.journal import Entry, Journal, boot_id, new_token, own_identity
from octotui.dumps.staged.places import choose_place, own_place
from octotui.dumps.staged.shared_memory import home_of, make_place
from octotui.dumps.staged.staging import Staging
from octotui.errors import CaptureFailed, OctotuiError, StoreError
from octotui.processes.model import ProcessKey

STAGED_NAME = "dump"
MOST_TRIES = 3

Inspect = Callable[[ProcessKey], RuntimeFacts]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all captures of a service work with."""

    store: Store
    backends: Mapping[str, Backend]
    history: History
    rights: Rights
    inspect: Inspect
    clock: Callable[[], float] = time.monotonic
    surroundings: Surroundings = field(default_factory=Surroundings)


class Workplace:
    """Opened before the target is touched. Every method blocks for a short time and may be called twice."""

    def __init__(self, workshop: Workshop, destination: Path) -> None:
        self._journal = Journal(workshop.store.jobs)
        self._workshop = workshop
        self._token = ""
        self._staging: Staging | None = None
        self._entry: Entry | None = None
        self.destination = destination
        self.descriptor = -1
        self.medium = Medium.DISK

    @property
    def staging(self) -> Staging:
        assert self._staging is not None, "open the workplace first"
        return self._staging

    @property
    def entry(self) -> Entry:
        assert self._entry is not None, "open the workplace first"
        return self._entry

    def open(self, step: Step, facts: RuntimeFacts, moment: datetime, *, is_held: bool = False) -> None:
        """Makes all of it. Raises OctotuiError with what stands in the way; `leave` clears what was made by then.

        A step that is to be written to memory is written to disk when there is no place for it in memory any more:
        `medium` says what it came to. `is_held`: octotui will stop the target itself while it is captured.
        """
        self._prepare()
        if step.medium is Medium.MEMORY:
            self._staging = self._staged_in_memory(step, facts)
        if self._staging is None:
            place = choose_place(facts, self._workshop.rights, self.destination, self._workshop.store.staging)
            self._staging = Staging.make(place, STAGED_NAME)
        else:
            self.medium = Medium.MEMORY
        self._note(step, facts, moment, is_held=is_held)

    def open_ours(
        self, step: Step, facts: RuntimeFacts, moment: datetime, *, size_bytes: int, more: Mapping[str, Any]
    ) -> None:
        """As `open`, for a file of that size that octotui itself has written: nobody else reaches it.

        `more` is what the record says beyond what that of every dump does.
        """
        self._prepare()
        self._staging = Staging.make(own_place(self.destination, self._workshop.store.staging), STAGED_NAME)
        self._note(step, facts, moment, least_bytes=size_bytes, more=more)

    def _prepare(self) -> None:
        store = self._workshop.store
        store.prepare(self.destination)
        self.descriptor = store.open_destination(self.destination)

    def _note(
        self,
        step: Step,
        facts: RuntimeFacts,
        moment: datetime,
        *,
        is_held: bool = False,
        least_bytes: int = 0,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds the capture to the journal, so that a later octotui knows what was begun here."""
        owner, owner_started = own_identity()
        device, inode = self.staging.identity
        self._entry = Entry(
            owner_pid=owner,
            owner_started=owner_started,
            target_pid=facts.key.pid,
            target_started=facts.key.started,
            namespace_pid=facts.namespace_pid,
            staging=str(self.staging.directory),
            device=device,
            inode=inode,
            file=STAGED_NAME,
            writer_uid=self.staging.place.writer_uid,
            destination=str(self.destination),
            name=dump_name(step.target, moment),
            record={**new_record(replace(step, medium=self.medium), moment), **(more or {})},
            expected_bytes=max(step.estimate.bytes, estimated_bytes(facts, step.type), least_bytes),
            was_stopped=facts.state == "T",
            is_held=is_held,
            boot=boot_id(),
        )
        token = new_token(self.staging.directory.name)
        self._journal.add(token, self._entry)
        self._token = token

    def _staged_in_memory(self, step: Step, facts: RuntimeFacts) -> Staging | None:
        """A staging directory in memory, or None when somebody else is in the way or the memory has gone meanwhile."""
        surroundings, workshop = self._workshop.surroundings, self._workshop
        home = home_of(workshop.store.state, surroundings.memory)
        host = surroundings.host_memory(0)
        promised = sum(e.expected_bytes for e in self._others() if Path(e.staging).parent == home)
        if min(host.available_bytes - promised, host.shared_bytes) < ROOM_FACTOR * step.estimate.bytes:
            return None
        # Another capture that ends removes the home when it is the last one there: it is made anew then.
        for _ in range(MOST_TRIES):
            with contextlib.suppress(OSError, CaptureFailed):
                return Staging.make(make_place(facts, workshop.rights, home), STAGED_NAME)
        return None

    def _others(self) -> list[Entry]:
        """Captures under way besides this one."""
        try:
            return list(self._journal.under_way().values())
        except OctotuiError:
            return []

    def note_written(self) -> None:
        """Notes which file was written, where its writer can change the directory and so could put another there.

        Should octotui be ended once the file is its own, the next one knows it again by this.
        """
        place = self.staging.place
        if place.is_ours or place.writer.is_us:
            return
        with contextlib.suppress(OSError, StoreError):
            descriptor = self.staging.open_file()
            try:
                found = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            self._entry = replace(self.entry, file_device=found.st_dev, file_inode=found.st_ino)
            self._journal.add(self._token, self._entry)

    def leave(self, name: str = "") -> None:
        """Removes the staging directory with what is in it, and the journal's entry.

        With a `name`, which is what the finished dump is called, the entry stays until `close`: its digest is to come.
        """
        if name and self._token and self._entry is not None:
            with contextlib.suppress(StoreError):
                self._journal.add(self._token, replace(self._entry, is_captured=True, name=name))
        if self._staging is not None:
            self._staging.remove()
        if not name:
            self._forget()

    def close(self, *, is_settled: bool = True) -> None:
        """Closes the destination; the journal forgets the capture, unless recovery shall add its digest later."""
        if is_settled:
            self._forget()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _forget(self) -> None:
        if self._token:
            self._journal.remove(self._token)
            self._token = ""
