"""A recording in the place of a host: the same screen, shown in the recorded time or step by step, nothing live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Set
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from octotui.config import Settings
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.heap.model import HeapPlan
from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.state import HoldState, News, RuleState
from octotui.dumps.model import DumpPlan, DumpRequest, Severity
from octotui.dumps.results import DumpResult, Job
from octotui.errors import OctotuiError, Refused
from octotui.processes.model import Ghost, ProcessKey, Sample, new_number
from octotui.processes.recordings.playback import Playback
from octotui.processes.recordings.recording import Recording
from octotui.text import printable
from octotui.ui.background import in_daemon_thread

if TYPE_CHECKING:
    from octotui.dumps.keeping.limits import Fullness
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.ui.screens.processes import ProcessesScreen

NOT_LIVE = "replay: live facts are not read"
NO_WATCH = "A replay: nothing that is shown runs here, so nothing can be caught or held"
NO_CAPTURE = "A replay: nothing that is shown runs here, so nothing can be captured"
NO_ASKING = "A replay: nothing that is shown runs here, so no runtime can be asked"


class Replay:
    """Shows the samples of a recording on the process screen, as its playback says. Belongs to the event loop."""

    def __init__(self, recording: Recording) -> None:
        self.playback = Playback(recording.moments)
        self._recording = recording
        self._changed = asyncio.Event()
        self._shown: tuple[int, Sample] | None = None

    def words(self) -> tuple[str, ...]:
        """For the status line: speed, the recorded time, which sample of how many, and whether it stands."""
        playback = self.playback
        taken_at = "" if self._shown is None else f"{self._shown[1].snapshot.taken_at:%H:%M:%SZ}"
        state = "end" if playback.is_at_end else "paused" if playback.is_paused else ""
        parts = (
            f"replay {playback.speed:g}x",
            taken_at,
            f"{playback.index + 1:>{len(str(playback.count))}}/{playback.count}",
            state,
        )
        return tuple(part for part in parts if part)

    def changed(self) -> None:
        """The playback was changed by hand: show what it says now."""
        self._changed.set()

    async def follow(self, screen: ProcessesScreen) -> NoReturn:
        """Show one sample after the other; what cannot be read is said, and the sample before stays."""
        if self._recording.cut:
            screen.say(self._recording.cut, is_error=True)
        while True:
            self._changed.clear()
            await self._show(screen)
            try:
                async with asyncio.timeout(self.playback.wait_seconds()):
                    await self._changed.wait()
            except TimeoutError:
                self.playback.step(1)

    async def _show(self, screen: ProcessesScreen) -> None:
        index = self.playback.index
        if self._shown is not None and self._shown[0] == index:
            if screen.app.screen is screen:
                screen.redraw()
            return
        try:
            sample = await in_daemon_thread(partial(self._recording.sample, index))
        except (OctotuiError, ValueError) as error:
            screen.report_problem(printable(str(error)))
            return
        before = self._shown
        if before is not None:
            sample = with_ghosts(sample, before[1], screen.model.kept())
        self._shown = (index, sample)
        screen.take(sample)
        if self.playback.is_at_end and before is not None:
            screen.say(f"{self._recording.cut or 'The replay ends here'}; P plays it again, comma steps back")


def with_ghosts(sample: Sample, before: Sample, keep: Collection[ProcessKey]) -> Sample:
    """`sample` with those of `keep` that `before` showed and that have ended since, so that a cursor keeps its row."""
    now = sample.snapshot.monotonic
    is_later = before.snapshot.monotonic <= now
    missing: dict[ProcessKey, Ghost] = {}
    for key in keep:
        if key in sample.snapshot.processes or key in sample.ghosts:
            continue
        ghost = before.ghosts.get(key)
        process = before.process(key)
        if ghost is None and process is not None and is_later:
            ghost = Ghost(process, before.meaning(key), now)
        if ghost is not None and ghost.exited_monotonic <= now:
            missing[key] = ghost
    if not missing:
        return sample
    return replace(sample, ghosts={**sample.ghosts, **missing}, structure=new_number())


class NoDumps:
    """The dump service of a replay: there is nothing to capture."""

    jobs: tuple[Job, ...] = ()
    has_running = False

    async def plan(self, request: DumpRequest, sample: Sample) -> DumpPlan:
        raise Refused(NO_CAPTURE, hint="octotui without --replay")

    def submit(self, plan: DumpPlan) -> tuple[Job, ...]:
        raise Refused(NO_CAPTURE, hint="octotui without --replay")

    def cancel(self, job_id: int) -> None:
        return

    async def subscribe(self) -> AsyncIterator[Job]:
        for job in self.jobs:
            yield job

    async def aclose(self) -> None:
        return


class NoWatch:
    """The watch of a replay: there is nothing to catch and nothing to hold."""

    reach = ""
    rules: tuple[RuleState, ...] = ()
    holds: tuple[HoldState, ...] = ()
    results: tuple[DumpResult, ...] = ()

    watched: frozenset[ProcessKey] = frozenset()
    wants_samples = False

    async def preflight(self, rule: Rule, sample: Sample) -> NoReturn:
        raise Refused(NO_WATCH, hint="octotui without --replay")

    async def arm(self, rule: Rule, sample: Sample) -> NoReturn:
        raise Refused(NO_WATCH, hint="octotui without --replay")

    async def disarm(self, rule_id: int) -> None:
        return

    async def hold(self, key: ProcessKey, seconds: float = 0.0, *, services: bool = False) -> NoReturn:
        raise Refused(NO_WATCH, hint="octotui without --replay")

    async def release(self, key: ProcessKey) -> None:
        return

    def dismiss(self, rule_id: int) -> None:
        return

    def cancel(self, key: ProcessKey) -> None:
        return

    def see(self, sample: Sample) -> None:
        return

    async def subscribe(self) -> AsyncIterator[News]:
        for state in self.rules:
            yield News(Severity.NOTICE, state.sentence)

    async def aclose(self) -> None:
        return


class NoObserver:
    """The observer of a replay: there is no runtime to ask."""

    @property
    def conversations(self) -> NoObserver:
        return self

    def busy_with(self, key: ProcessKey) -> str:
        return ""

    async def look(
        self, key: ProcessKey, *, fresh_names: bool = False, on_wait: Callable[[str], None] | None = None,
        deadline: float = 0.0,
    ) -> NoReturn:  # fmt: skip
        raise await self.why_not(key)

    async def counters(self, key: ProcessKey, interval: float = 1.0) -> AsyncGenerator[CounterReading, None]:
        raise await self.why_not(key)
        yield

    async def heap_plan(self, key: ProcessKey) -> NoReturn:
        raise await self.why_not(key)

    async def heap(self, plan: HeapPlan, on_progress: Callable[[int], None] | None = None) -> NoReturn:
        raise await self.why_not(plan.key)

    async def why_not(self, key: ProcessKey) -> OctotuiError:
        return Refused(NO_ASKING, hint="octotui without --replay")

    async def aclose(self) -> None:
        return


class NoStore:
    """The store of a replay: what this machine holds is not shown beside another one's processes."""

    def records(self) -> tuple[DumpRecord, ...]:
        return ()

    def remove(self, record: DumpRecord) -> None:
        return


class ReplayHost:
    """A recording as the screen's host. It reads nothing of this machine."""

    recording = None

    def __init__(self, settings: Settings, recording: Recording) -> None:
        self.settings = settings
        self.dumps = NoDumps()
        self.watch = NoWatch()
        self.observer = NoObserver()
        self.store = NoStore()
        self.replay = Replay(recording)

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> NoReturn:
        raise Refused("a replay scans no process", hint="octotui without --replay")

    def events_descriptor(self) -> int | None:
        return None

    def listen(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is kept open."""

    def settle_interrupted(self) -> tuple[DumpRecord, ...]:
        return ()

    def has_interrupted(self) -> bool:
        return False

    def fullness(self) -> Fullness:
        raise FileNotFoundError("a replay has no store")
