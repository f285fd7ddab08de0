"""What the screen needs of the host and of the dump service, so that tests can stand in for both."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from octotui.config import Settings
from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.state import HoldState, News, RuleState
from octotui.dumps.model import DumpPlan, DumpRequest, Remark
from octotui.dumps.results import DumpResult, Job
from octotui.processes.model import ProcessKey, Sample

if TYPE_CHECKING:
    from octotui.analysis.model import Analysis
    from octotui.dotnet.counters.model import CounterReading
    from octotui.dotnet.heap.model import HeapHistogram, HeapPlan
    from octotui.dotnet.stacks.model import Look
    from octotui.dumps.keeping.limits import Fullness
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.errors import OctotuiError
    from octotui.ui.replay import Replay


class DumpPort(Protocol):
    """The dump service as the screen uses it; `octotui.dumps.service.DumpService` is one."""

    @property
    def jobs(self) -> tuple[Job, ...]: ...

    @property
    def has_running(self) -> bool: ...

    async def plan(self, request: DumpRequest, sample: Sample) -> DumpPlan: ...

    def submit(self, plan: DumpPlan) -> tuple[Job, ...]: ...

    def cancel(self, job_id: int) -> None: ...

    def subscribe(self) -> AsyncIterator[Job]: ...

    async def aclose(self) -> None: ...


class WatchPort(Protocol):
    """Rules and holds as the screen uses them; `octotui.dumps.catching.watch.Watch` is one.

    `preflight`, `arm`, `disarm`, `hold` and `release` raise OctotuiError with a sentence that can be shown.
    """

    @property
    def reach(self) -> str:
        """What can be missed on this host, as a sentence; "" when nothing is."""
        ...

    @property
    def rules(self) -> tuple[RuleState, ...]:
        """Newest last, those that are over among them."""
        ...

    @property
    def holds(self) -> tuple[HoldState, ...]: ...

    @property
    def results(self) -> tuple[DumpResult, ...]:
        """All captures that rules made, oldest first."""
        ...

    @property
    def watched(self) -> frozenset[ProcessKey]:
        """The processes whose figures every sample should have."""
        ...

    @property
    def wants_samples(self) -> bool:
        """Whether a rule waits for figures, so that a sample should be taken every second."""
        ...

    async def preflight(self, rule: Rule, sample: Sample) -> tuple[Remark, ...]:
        """What speaks against arming the rule, and what should be known before."""
        ...

    async def arm(self, rule: Rule, sample: Sample) -> RuleState: ...

    async def disarm(self, rule_id: int) -> None: ...

    def dismiss(self, rule_id: int) -> None:
        """Take a rule that is over out of `rules`."""
        ...

    def cancel(self, key: ProcessKey) -> None:
        """Trace the process no longer; a dump of its end that is being written is given up."""
        ...

    async def hold(self, key: ProcessKey, seconds: float = ..., *, services: bool = ...) -> HoldState:
        """Raises Refused for a Tentacle or a Server without `services`."""
        ...

    async def release(self, key: ProcessKey) -> None: ...

    def see(self, sample: Sample) -> None:
        """Take in a newer sample, for conditions. Cheap."""
        ...

    def subscribe(self) -> AsyncIterator[News]: ...

    async def aclose(self) -> None:
        """End every rule, hold and trace; all processes run on."""
        ...


class ConversationsPort(Protocol):
    """Who talks to which process now; `octotui.dotnet.conversations.Conversations` is one."""

    def busy_with(self, key: ProcessKey) -> str:
        """ "" or what goes on: "a capture", "stacks", "counters", "a heap histogram"."""
        ...


class ObserverPort(Protocol):
    """What a live .NET process can be asked; `octotui.dotnet.observer.Observer` is one.

    All that ask raise OctotuiError with a sentence that can be shown. `on_wait` gets one that says what is waited for.
    """

    @property
    def conversations(self) -> ConversationsPort: ...

    async def look(
        self, key: ProcessKey, *, fresh_names: bool = ..., on_wait: Callable[[str], None] | None = ...,
        deadline: float = ...,
    ) -> Look:  # fmt: skip
        """Its managed stacks now."""
        ...

    def counters(self, key: ProcessKey, interval: float = ...) -> AsyncGenerator[CounterReading, None]:
        """What its runtime says of itself, every `interval` seconds, for as long as it is asked."""
        ...

    async def heap_plan(self, key: ProcessKey) -> HeapPlan:
        """What a histogram of its heap would cost it."""
        ...

    async def heap(self, plan: HeapPlan, on_progress: Callable[[int], None] | None = ...) -> HeapHistogram:
        """`on_progress` gets the bytes that have come so far."""
        ...

    async def why_not(self, key: ProcessKey) -> OctotuiError | None:
        """What speaks against asking it, None where nothing does."""
        ...

    async def aclose(self) -> None:
        """End all that is going on; nothing stays in any process."""
        ...


class AnalysisPort(Protocol):
    """Analyses as the screen uses them; `octotui.ui.analyses.Analyses` is one. Both raise OctotuiError."""

    async def take(
        self, sample: Sample, keys: Sequence[ProcessKey], on_step: Callable[[str], None] | None = ...
    ) -> Analysis:
        """The analysis of these processes; `on_step` gets a sentence for each thing that is done."""
        ...

    async def write(self, analysis: Analysis) -> tuple[Path, ...]:
        """Write its files and give their paths."""
        ...


class HostPort(Protocol):
    """The host as the screen uses it; `octotui.host.Host` is one. All but the properties block."""

    @property
    def settings(self) -> Settings: ...

    @property
    def dumps(self) -> DumpPort: ...

    @property
    def watch(self) -> WatchPort: ...

    @property
    def observer(self) -> ObserverPort: ...

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> Sample: ...

    def events_descriptor(self) -> int | None:
        """What becomes readable when the kernel tells of starts and ends; None where it does not."""
        ...

    def listen(self) -> bool:
        """Take in what the kernel told; whether a scan is worth it now. For the pauses between scans only."""
        ...

    def close(self) -> None: ...

    def settle_interrupted(self) -> tuple[DumpRecord, ...]: ...

    def has_interrupted(self) -> bool: ...

    @property
    def store(self) -> StorePort: ...

    @property
    def recording(self) -> RecorderPort | None:
        """What keeps the samples in a file, None where nothing does."""
        ...

    @property
    def replay(self) -> Replay | None:
        """What shows a recording in the place of this host, None on a live one."""
        ...

    def fullness(self) -> Fullness:
        """How full the store is. Blocks; raises OSError."""
        ...


class RecorderPort(Protocol):
    """The recording as the screen tells of it; `octotui.processes.recordings.recorder.Recorder` is one."""

    @property
    def is_over(self) -> bool: ...

    @property
    def problem(self) -> str: ...


class StorePort(Protocol):
    """The dump store as the list of dumps uses it; `octotui.dumps.keeping.store.Store` is one. Both methods block."""

    def records(self) -> tuple[DumpRecord, ...]: ...

    def remove(self, record: DumpRecord) -> None: ...
