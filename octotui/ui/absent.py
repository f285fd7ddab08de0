"""What a replay has in the place of the services of a live host: they say that nothing of it runs here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, NoReturn

from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.heap.model import HeapPlan
from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.state import HoldState, News, RuleState
from octotui.dumps.model import DumpPlan, DumpRequest, Severity
from octotui.dumps.results import DumpResult, Job
from octotui.errors import OctotuiError, Refused
from octotui.processes.model import ProcessKey, Sample

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord

NO_WATCH = "A replay: nothing that is shown runs here, so nothing can be caught or held"
NO_CAPTURE = "A replay: nothing that is shown runs here, so nothing can be captured"
NO_ASKING = "A replay: nothing that is shown runs here, so no runtime can be asked"


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
