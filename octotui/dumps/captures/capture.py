"""One step of a plan, from the last check of its target to the record beside its dump."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends.base import Capture
from octotui.dumps.captures.admission import Admission, Admitted
from octotui.dumps.captures.expecting import expectation
from octotui.dumps.captures.workplace import Workplace, Workshop
from octotui.dumps.captures.writing import check_backend, write_dump
from octotui.dumps.disk.files import is_on_disk
from octotui.dumps.disk.hashing import FollowingHash, has_idle_cores
from octotui.dumps.estimating.estimates import deadline_seconds, lesson_of
from octotui.dumps.keeping.records import completed, result_of
from octotui.dumps.model import Step
from octotui.dumps.progress import Counter, Progress
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.targets.moment import Moment
from octotui.dumps.targets.pause import PauseMeter
from octotui.dumps.targets.target import HeldTarget
from octotui.dumps.targets.waiting import in_thread
from octotui.dumps.verifying.verify import Expectation
from octotui.errors import Refused

REPORT_SECONDS = 0.1


class StepCapture:
    """Captures one step. `run` once; `hurry` when it shall be cancelled, before its task is."""

    def __init__(
        self,
        step: Step,
        held: HeldTarget,
        destination: Path,
        workshop: Workshop,
        report: Callable[[Progress], None],
        fallbacks: Sequence[str] = (),
        moment: Moment | None = None,
        turn: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """`turn` is entered before the target is looked at, and left once its dump is written.

        Captures that share a moment stop nothing before each has its turn, and nobody else waits for one turn while
        he has another: so they wait for each other only as long as somebody else's question takes.
        """
        self._step = step
        self._held = held
        self._place = Workplace(workshop, destination)
        self._workshop = workshop
        self._report = report
        self._fallbacks = fallbacks
        self._together = moment
        self._turn = turn or contextlib.nullcontext()
        self._alone = contextlib.AsyncExitStack()
        self._began = workshop.clock()
        self._moment = datetime.now(UTC)
        self._cancelled = threading.Event()
        self._without_digest = threading.Event()
        self._hasher: FollowingHash | None = None
        self._admitted: Admitted | None = None
        self._finished: DumpResult | None = None
        self._copied = Counter()

    def hurry(self) -> None:
        """Tells work in threads that its result is not wanted any more."""
        self._cancelled.set()

    def skip_digest(self) -> None:
        """Ends a digest under way, or one to come, without result: the journal keeps it for the next recovery."""
        self._without_digest.set()

    async def run(self) -> DumpResult:
        """The finished result: verified, in its place, recorded; its digest follows with `digest`.

        Raises OctotuiError or OSError; the target runs and nothing is left behind then. A cancellation that comes
        when the dump stands in its place already gives the finished result.
        """
        try:
            async with self._alone:
                await self._alone.enter_async_context(self._turn)
                self._began, self._moment = self._workshop.clock(), datetime.now(UTC)
                return await self._capture(await in_thread(self._prepared))
        except asyncio.CancelledError:
            if self._finished is not None:
                return self._finished
            raise
        finally:
            await in_thread(self._place.leave, self._admitted.path.name if self._admitted else "")

    async def digest(self) -> DumpResult | None:
        """The finished result with its SHA-256, which then stands in the record too; None when there is none.

        Most of it was computed while the dump was written; what is left needs neither the target nor the queue.
        """
        is_skipped = False
        try:
            if self._admitted is None or self._finished is None or self._hasher is None:
                return None
            sha256 = await in_thread(self._digest, self._hasher, self._admitted.descriptor)
            is_skipped = not sha256
            if is_skipped:
                return None
            self._finished = replace(self._finished, sha256=sha256)
            return self._finished
        finally:
            if self._admitted is not None:
                os.close(self._admitted.descriptor)
                self._admitted = None
            self._place.close(is_settled=not is_skipped)

    def _prepared(self) -> RuntimeFacts:
        facts = self._checked_facts()
        is_held = self._together is not None and self._together.holds(facts.key)
        self._place.open(self._step, facts, self._moment, is_held=is_held)
        return facts

    def _checked_facts(self) -> RuntimeFacts:
        """The facts as they are now. Raises Refused when the process became another than the plan was made for."""
        self._held.check()
        facts = self._workshop.inspect(self._step.target.key)
        planned = self._step.facts
        if (facts.kind, facts.uid, facts.runtime_directory) != (planned.kind, planned.uid, planned.runtime_directory):
            raise Refused(
                f"process {facts.key.pid} is not what it was when the plan was made (another program or user)",
                hint="look at it and plan again",
                code="changed",
            )
        check_backend(self._workshop, self._step, self._step.backend, facts)
        return facts

    async def _capture(self, facts: RuntimeFacts) -> DumpResult:
        status = self._held.check()
        capture = Capture(
            facts=facts,
            type=self._step.type,
            target=self._held,
            path=self._place.staging.inside_path,
            deadline_seconds=deadline_seconds(self._step.estimate),
            was_stopped=status.state == "T",
        )
        threads = self._held.threads()
        staging = self._place.staging
        is_trusted = staging.place.writer_uid == os.geteuid()
        hasher = FollowingHash(staging.open_file, trusts_writer=is_trusted and has_idle_cores())
        self._hasher = hasher
        meter = PauseMeter(facts.key.pid, was_stopped=capture.was_stopped)
        ticker = asyncio.ensure_future(self._tick(hasher, meter))
        is_abnormal = True
        hasher.start()
        meter.start()
        self._tell(JobState.RUNNING, hasher, 0.0, False)
        try:
            async with self._together.begun(facts.key) if self._together else contextlib.nullcontext():
                backend = await write_dump(capture, self._step, self._fallbacks, self._workshop, self._place)
            threads &= self._held.threads() if facts.same_pids else frozenset()
            await self._alone.aclose()
            # Samples can miss a short hold on a busy host; octotui knows of its own.
            pause = meter.stop() or (self._together.held_seconds(facts.key) if self._together else 0.0) or None
            ticker.cancel()
            self._tell(JobState.VERIFYING, hasher, pause or 0.0, False)
            ticker = asyncio.ensure_future(self._tick_copy(pause or 0.0))
            result = replace(
                result_of(self._step, JobState.FINISHED),
                backend=backend,
                pause_seconds=pause,
                medium=self._place.medium,
            )
            expect = expectation(self._step, facts, threads, self._workshop.backends[backend].writer)
            await in_thread(self._finish, capture, expect, result, on_cancel=self.hurry)
            is_abnormal = False
            assert self._finished is not None
            return self._finished
        finally:
            ticker.cancel()
            hasher.stop()
            if is_abnormal:
                await in_thread(self._held.resume_if_left_stopped, capture.was_stopped)
            meter.stop()

    def _finish(self, capture: Capture, expect: Expectation, result: DumpResult) -> None:
        def document(admitted: Admitted) -> dict[str, Any]:
            self._finished = replace(
                result,
                path=admitted.path,
                bytes=admitted.facts.size_bytes,
                seconds=self._workshop.clock() - self._began,
                verified=True,
            )
            self._document = completed(self._place.entry.record, self._finished, admitted.facts, capture.said)
            return self._document

        self._place.note_written()
        self._admitted = self._admission().admit(self._place.staging, self._place.entry.name, expect, document)
        if self._finished is not None:
            device, was_alone = self._place.staging.identity[0], self._together is None
            self._workshop.history.add(lesson_of(self._finished, capture.facts, device, was_alone=was_alone))

    def _digest(self, hasher: FollowingHash, descriptor: int) -> str:
        assert self._admitted is not None
        sha256 = hasher.digest(descriptor, self._without_digest.is_set)
        if not sha256 or not is_on_disk(descriptor, self._place.descriptor):
            return ""
        self._admission().record(self._admitted.path.name, {**self._document, "sha256": sha256})
        return sha256

    def _admission(self) -> Admission:
        place = self._place
        is_cancelled, on_copied = self._cancelled.is_set, self._copied.put
        return Admission(self._workshop.store, place.descriptor, place.destination, is_cancelled, on_copied)

    async def _tick(self, hasher: FollowingHash, meter: PauseMeter) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self._tell(JobState.RUNNING, hasher, meter.seconds, meter.is_paused)

    async def _tick_copy(self, pause_seconds: float) -> None:
        """Tells of a copy to the destination, where there is one."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self._copied.value:
                seconds = self._workshop.clock() - self._began
                self._report(Progress(JobState.COPYING, self._copied.value, seconds, pause_seconds, False))

    def _tell(self, state: JobState, hasher: FollowingHash, pause_seconds: float, is_paused: bool) -> None:
        seconds = self._workshop.clock() - self._began
        self._report(Progress(state, hasher.bytes_written, seconds, pause_seconds, is_paused))
