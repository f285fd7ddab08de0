"""What one capture has open: its destination, its staging directory, its entry in the journal."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends.base import Backend
from octotui.dumps.history import History
from octotui.dumps.journal import Entry, Journal, own_identity
from octotui.dumps.model import Step
from octotui.dumps.places import choose_place
from octotui.dumps.records import new_record
from octotui.dumps.rights import Rights
from octotui.dumps.staging import Staging
from octotui.dumps.store import Store, dump_name
from octotui.errors import StoreError
from octotui.processes.model import ProcessKey

STAGED_NAME = "dump"

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

    @property
    def staging(self) -> Staging:
        assert self._staging is not None, "open the workplace first"
        return self._staging

    @property
    def entry(self) -> Entry:
        assert self._entry is not None, "open the workplace first"
        return self._entry

    def open(self, step: Step, facts: RuntimeFacts, moment: datetime) -> None:
        """Makes all of it. Raises OctotuiError with what stands in the way; `leave` clears what was made by then."""
        store = self._workshop.store
        store.prepare(self.destination)
        self.descriptor = store.open_destination(self.destination)
        place = choose_place(facts, self._workshop.rights, self.destination, store.staging)
        self._staging = Staging.make(place, STAGED_NAME)
        owner, owner_started = own_identity()
        device, inode = self._staging.identity
        self._entry = Entry(
            owner_pid=owner,
            owner_started=owner_started,
            target_pid=facts.key.pid,
            target_started=facts.key.started,
            namespace_pid=facts.namespace_pid,
            staging=str(self._staging.directory),
            device=device,
            inode=inode,
            file=STAGED_NAME,
            writer_uid=place.writer_uid,
            destination=str(self.destination),
            name=dump_name(step.target, moment),
            record=new_record(step, moment),
            expected_bytes=step.estimate.bytes,
        )
        token = self._staging.directory.name.lstrip(".")
        self._journal.add(token, self._entry)
        self._token = token

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
