"""A stand-in for the observer: looks, counters and heaps that a test gives and lets go by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from pathlib import Path

from octotui.analysis.model import Analysis, HostFacts, ProcessAnalysis
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.heap.model import HeapHistogram, HeapPlan, TypeUse
from octotui.dotnet.ipc import RuntimeInfo
from octotui.dotnet.stacks.model import Activity, Frame, FrameKind, Look, OtherThread, Stops, ThreadLook
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample

CORE = "System.Private.CoreLib"
TAKEN_AT = 1_790_763_302.0

SLEEP = Frame(CORE, "System.Threading.Thread.Sleep")
MAIN = Frame("Calamari", "Calamari.Program.Main")
LOCK = Frame(CORE, "System.Threading.Monitor.Enter")
WAITER = Frame("Calamari", "Calamari.Deployment.Journal.WaitForLock")
START = tuple(
    Frame(CORE, name)
    for name in (
        "System.Threading.ExecutionContext.RunInternal",
        "System.Threading.Tasks.Task.ExecuteWithThreadLocal",
        "System.Threading.ThreadPoolWorkQueue.Dispatch",
        "System.Threading.PortableThreadPool.WorkerThread.WorkerThreadStart",
        "System.Threading.Thread.StartCallback",
    )
)
WORK = (
    Frame("Calamari", "Calamari.Packages.Extract.<Run>b__4", FrameKind.LAMBDA),
    Frame(CORE, "System.Threading.Tasks.Task<System.Collections.Generic.List<System.String>>.InnerInvoke"),
    *START,
)


def thread(
    number: int,
    name: str,
    frames: Sequence[Frame],
    *,
    activity: Activity = Activity.WAITING,
    state: str = "S",
) -> ThreadLook:
    return ThreadLook(number, number, name, state, activity, tuple(frames), 5)


def usual_threads() -> tuple[ThreadLook, ...]:
    """Main and a holder that sleep, a waiter for the lock, three pool workers of which two do the same."""
    return (
        thread(14220, "Calamari", (SLEEP, MAIN)),
        thread(14231, "holder", (SLEEP, Frame("Calamari", "Calamari.Deployment.Journal.Hold"))),
        thread(14232, "waiter", (LOCK, WAITER)),
        thread(14240, ".NET TP Worker", WORK, activity=Activity.MANAGED, state="R"),
        thread(14241, ".NET TP Worker", WORK, activity=Activity.MANAGED, state="R"),
        thread(14242, ".NET TP Worker", (SLEEP, *START)),
    )


def look(
    key: ProcessKey,
    threads: Sequence[ThreadLook] | None = None,
    *,
    at: float = TAKEN_AT,
    remarks: Sequence[str] = (),
    others: Sequence[OtherThread] | None = None,
) -> Look:
    own = (OtherThread(14221, 14221, ".NET SynchManag", "S"), OtherThread(14222, 14222, ".NET SigHandler", "S"))
    return Look(
        key,
        at,
        0.112,
        RuntimeInfo(key.pid, "8.0.4", "Calamari"),
        tuple(usual_threads() if threads is None else threads),
        own if others is None else tuple(others),
        Stops(5, 0.00003, 0.00011, 0.00021),
        remarks=tuple(remarks),
    )


def reading(**values: float) -> CounterReading:
    """`cpu_usage` stands for `cpu-usage`."""
    usual = {
        "cpu-usage": 12.5, "working-set": 325.0, "gc-heap-size": 48.0, "alloc-rate": 1_900_000.0, "time-in-gc": 3.0,
        "threadpool-thread-count": 12.0, "threadpool-queue-length": 3.0, "monitor-lock-contention-count": 2.0,
        "exception-count": 1.0, "gen-0-size": 6e6, "gen-1-size": 1e6, "gen-2-size": 30e6, "loh-size": 11e6,
        "gen-0-gc-count": 2.0, "gen-1-gc-count": 1.0, "gen-2-gc-count": 0.0,
    }  # fmt: skip
    return CounterReading(TAKEN_AT, 1.0, usual | {name.replace("_", "-"): value for name, value in values.items()})


def plan(key: ProcessKey, *, refusal: str = "", hint: str = "") -> HeapPlan:
    return HeapPlan(
        key, 458_000_000, 0.52, 480_000_000, 1_200_000_000, ("its collector runs in server mode",), refusal, hint
    )


def histogram(key: ProcessKey, types: Iterable[TypeUse] | None = None) -> HeapHistogram:
    found = tuple(
        types
        or (
            TypeUse("System.Byte[]", 1_200, 300_000_000),
            TypeUse("System.String", 1_204_000, 120_000_000),
            TypeUse(
                "System.Collections.Generic.Dictionary<System.String, Calamari.Deployment.Variable>", 12, 38_000_000
            ),
        )
    )
    return HeapHistogram(
        key, TAKEN_AT, 1.3, found, sum(one.objects for one in found), sum(one.bytes for one in found), 0.49, 55_000_000
    )


class ScriptedObserver:
    """Answers at once with what stands in its lists, or waits for `gate`. Says in `asked` what it was asked for, and
    counts the counter sessions that are open."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ProcessKey]] = []
        self.looks: list[Look | OctotuiError] = []
        self.gate: asyncio.Event | None = None
        self.waits = ""
        self.busy = ""
        self.error: OctotuiError | None = None
        self.refusal, self.hint = "", ""
        self.histogram: HeapHistogram | None = None
        self.progress = 0
        self.open_sessions: list[ProcessKey] = []
        self.cancelled: list[str] = []
        self.readings: asyncio.Queue[CounterReading | OctotuiError] = asyncio.Queue()
        self.is_closed = False

    @property
    def conversations(self) -> ScriptedObserver:
        return self

    def busy_with(self, key: ProcessKey) -> str:
        return self.busy or ("counters" if key in self.open_sessions else "")

    async def look(
        self, key: ProcessKey, *, fresh_names: bool = False, on_wait: Callable[[str], None] | None = None,
        deadline: float = 10.0,
    ) -> Look:  # fmt: skip
        self.asked.append(("look", key))
        if self.waits and on_wait is not None:
            on_wait(self.waits)
        await self._pass("look")
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0] if self.looks else look(key)
        if isinstance(found, OctotuiError):
            raise found
        return found

    async def counters(self, key: ProcessKey, interval: float = 1.0) -> AsyncGenerator[CounterReading, None]:
        self.asked.append(("counters", key))
        self.open_sessions.append(key)
        try:
            while True:
                found = await self.readings.get()
                if isinstance(found, OctotuiError):
                    raise found
                yield found
        finally:
            self.open_sessions.remove(key)

    async def heap_plan(self, key: ProcessKey) -> HeapPlan:
        self.asked.append(("heap_plan", key))
        await self._pass("heap_plan")
        return plan(key, refusal=self.refusal, hint=self.hint)

    async def heap(self, plan: HeapPlan, on_progress: Callable[[int], None] | None = None) -> HeapHistogram:
        self.asked.append(("heap", plan.key))
        if on_progress is not None:
            on_progress(self.progress)
        await self._pass("heap")
        return self.histogram or histogram(plan.key)

    async def why_not(self, key: ProcessKey) -> OctotuiError | None:
        return self.error

    async def aclose(self) -> None:
        self.is_closed = True

    async def _pass(self, what: str) -> None:
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(what)
            raise
        if self.error is not None:
            raise self.error


class FakeAnalyses:
    """Takes an analysis of nothing, and writes it nowhere."""

    def __init__(self) -> None:
        self.keys: tuple[ProcessKey, ...] = ()
        self.error: OctotuiError | None = None
        self.paths = tuple(
            Path(f"/var/lib/octotui/analyses/analysis-Calamari-14220-20260930T101502Z.{kind}")
            for kind in ("txt", "json")
        )

    async def take(
        self, sample: Sample, keys: Sequence[ProcessKey], on_step: Callable[[str], None] | None = None
    ) -> Analysis:
        self.keys = tuple(keys)
        if on_step is not None:
            on_step("Asking Calamari 14220")
        host = HostFacts("web-07", "Debian 12", "6.1", "x86_64", 2, 8 << 30, (0.1, 0.1, 0.1), "0", "root")
        one = [
            ProcessAnalysis(key, 0, "Calamari", "calamari", "", "", "", "root", "S", 1.0, 7, None, 1, True)
            for key in keys
        ]
        return Analysis(TAKEN_AT, 0.3, host, tuple(one))

    async def write(self, analysis: Analysis) -> tuple[Path, ...]:
        if self.error is not None:
            raise self.error
        return self.paths
