"""The dump of an end on its way into the store: taken from the tracer's directory, verified, recorded."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.captures.admission import Admission, Admitted
from octotui.dumps.captures.outcomes import failed
from octotui.dumps.captures.workplace import Workplace, Workshop
from octotui.dumps.catching.traced import ProcessEnd, TraceDirectory
from octotui.dumps.disk.files import is_on_disk
from octotui.dumps.disk.hashing import whole_digest
from octotui.dumps.estimating.estimates import estimate, lesson_of
from octotui.dumps.keeping.records import completed, result_of
from octotui.dumps.model import DumpType, Estimate, Step, Target
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.verifying.verify import RUNTIME_LIBRARY, Expectation
from octotui.dumps.verifying.writers import Writer
from octotui.errors import OctotuiError

BACKEND = Writer.OCTOTUI.value
"""What stands as backend in the record of a dump that a tracer wrote."""

WRITER: Writer | None = Writer.OCTOTUI
"""Whose habits the file has to show."""


class Landing:
    """One dump on its way from the tracer's directory into the store. Methods block; call them in a thread."""

    def __init__(
        self, workshop: Workshop, target: Target, facts: RuntimeFacts | None, destination: Path, most_bytes: int | None
    ) -> None:
        self._workshop = workshop
        self._facts = facts or RuntimeFacts(key=target.key, kind=RuntimeKind.UNKNOWN)
        self._place = Workplace(workshop, destination)
        self._most_bytes = most_bytes or 0
        self._admitted: Admitted | None = None
        self._document: dict[str, Any] = {}
        self._result: DumpResult | None = None
        self.step = Step(
            target=target,
            backend=BACKEND,
            reason="it was traced to its end",
            type=DumpType.FULL,
            estimate=estimate(facts, DumpType.FULL, BACKEND, workshop.history) if facts else Estimate(0, 0.0),
            facts=self._facts,
            is_portable=False,
        )

    def land(self, directory: TraceDirectory, ending: ProcessEnd) -> DumpResult:
        """The result: finished and recorded, or failed with nothing left behind. Its digest follows with `digest`."""
        began = datetime.now(UTC)
        try:
            size, more = directory.size_of(ending.path), {"exit": ending.as_json()}
            self._place.open_ours(self.step, self._facts, began, size_bytes=size, more=more)
            directory.move_out(ending.path, self._place.staging)
            return self._admit(ending)
        except (OctotuiError, OSError) as error:
            directory.drop(ending.path)
            return failed(self.step, error)
        finally:
            self._place.leave(self._admitted.path.name if self._admitted else "")
            if self._admitted is None:
                self._place.close()

    def _admit(self, ending: ProcessEnd) -> DumpResult:
        workshop, place, key = self._workshop, self._place, self.step.target.key

        def document(admitted: Admitted) -> dict[str, Any]:
            self._result = replace(
                result_of(self.step, JobState.FINISHED),
                path=admitted.path,
                bytes=admitted.facts.size_bytes,
                seconds=ending.pause_seconds or 0.0,
                pause_seconds=ending.pause_seconds,
                verified=True,
                is_portable=admitted.facts.is_portable,
            )
            self._document = completed(place.entry.record, self._result, admitted.facts, ())
            return self._document

        expect = Expectation(
            pids=frozenset({key.pid, self._facts.namespace_pid or key.pid}),
            runtime=RUNTIME_LIBRARY if self._facts.kind is RuntimeKind.CORECLR else "",
            writer=WRITER,
            most_bytes=self._most_bytes,
        )
        admission = Admission(workshop.store, place.descriptor, place.destination)
        self._admitted = admission.admit(place.staging, place.entry.name, expect, document)
        assert self._result is not None
        if self._facts.kind is not RuntimeKind.UNKNOWN:
            workshop.history.add(lesson_of(self._result, self._facts, place.staging.identity[0], was_alone=False))
        return self._result

    def digest(self) -> DumpResult | None:
        """The finished result with its SHA-256, which then stands in the record too; None when it failed before."""
        if self._admitted is None or self._result is None:
            return None
        is_settled = False
        try:
            descriptor = self._admitted.descriptor
            sha256 = whole_digest(descriptor)
            if is_on_disk(descriptor, self._place.descriptor):
                admission = Admission(self._workshop.store, self._place.descriptor, self._place.destination)
                admission.record(self._admitted.path.name, {**self._document, "sha256": sha256})
                is_settled = True
            self._result = replace(self._result, sha256=sha256)
            return self._result
        finally:
            os.close(self._admitted.descriptor)
            self._admitted = None
            self._place.close(is_settled=is_settled)
