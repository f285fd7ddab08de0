"""Stand-ins for the host and the dump service: samples from a list, jobs that a test drives by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from ui_stacks import ScriptedObserver
from ui_watch import ScriptedWatch

from octotui.config import Settings
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Fullness
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.model import (
    DumpPlan,
    DumpRequest,
    DumpType,
    Estimate,
    LeftOut,
    PassedOver,
    Remark,
    Severity,
    Step,
    Target,
)
from octotui.dumps.plans.offers import with_offers
from octotui.dumps.results import DumpResult, Failure, Job, JobState
from octotui.errors import OctotuiError
from octotui.processes.model import Ghost, Meaning, ProcessInfo, ProcessKey, Sample, Snapshot

UPTIME = 1_100_000.0

OCTOPUS = {
    "tentacle-service": ("Tentacle", True),
    "task-bootstrap": ("bootstrap", False),
    "calamari": ("Calamari", True),
    "user-script": ("script", False),
    "tool": ("tool", False),
    "server": ("Server", True),
}


def process(
    pid: int,
    parent: int,
    argv: Sequence[str],
    *,
    age: float = 30.0,
    rss: int = 4 << 20,
    user: str = "root",
    name: str = "",
) -> ProcessInfo:
    started = UPTIME - age
    return ProcessInfo(
        ProcessKey(pid, int(started * 100)),
        parent,
        name or argv[0].rpartition("/")[2][:15],
        argv[0],
        tuple(argv),
        user,
        0,
        "S",
        7,
        12.0,
        rss,
        "/system.slice/tentacle.service",
        "/home/Octopus/Work/20261123",
        started,
    )


def meaning(role: str, **more: object) -> Meaning:
    label, dotnet = OCTOPUS[role]
    return replace(Meaning(role, label, f"{label} by its program name", dotnet=dotnet), **more)  # type: ignore[arg-type]


TENTACLE = process(
    812, 1, ["/opt/octopus/tentacle/Tentacle", "run", "--instance=web-blue"], age=1_036_800, rss=325_058_560
)
BOOTSTRAP = process(14207, 812, ["bash", "Bootstrap.sh"], age=31)
CALAMARI = process(
    14220, 14207, ["/home/Octopus/Tools/Calamari", "run-script", "--variables", "v.json"], age=31, rss=2_040_109_465
)
SCRIPT = process(14233, 14220, ["pwsh", "Bootstrap.Script.ps1"], age=8, rss=18_874_368)
GONE = process(14101, 14207, ["/home/Octopus/Tools/Calamari", "find-package", "--packageId", "web"], age=12)
INIT = process(1, 0, ["/sbin/init"], age=UPTIME - 1, rss=12 << 20, name="systemd")
SHELL = process(4100, 1, ["/usr/sbin/sshd", "-D"], age=90_000, rss=9 << 20)

MEANINGS = {
    TENTACLE.key: meaning("tentacle-service", instance="web-blue"),
    BOOTSTRAP.key: meaning("task-bootstrap", task="ServerTasks-826567", instance="web-blue"),
    CALAMARI.key: meaning("calamari", task="ServerTasks-826567", version="27.3.5", command="run-script"),
    SCRIPT.key: meaning("user-script", task="ServerTasks-826567"),
    GONE.key: meaning("calamari", task="ServerTasks-826567", version="27.3.5"),
}


def sample(
    processes: Sequence[ProcessInfo] = (INIT, TENTACLE, SHELL, BOOTSTRAP, CALAMARI, SCRIPT),
    *,
    ghosts: Sequence[ProcessInfo] = (),
    arrived: Collection[ProcessInfo] = (),
    cpu: dict[ProcessKey, float] | None = None,
    meanings: dict[ProcessKey, Meaning] | None = None,
    monotonic: float = 1000.0,
) -> Sample:
    snapshot = Snapshot(
        "web-07",
        datetime(2026, 9, 30, 10, 15, 2, tzinfo=UTC),
        monotonic,
        UPTIME,
        MappingProxyType({p.key: p for p in processes}),
        0.009,
    )
    known = MEANINGS if meanings is None else meanings
    return Sample(
        snapshot,
        MappingProxyType(cpu or {}),
        MappingProxyType({p.key: monotonic for p in arrived}),
        MappingProxyType({p.key: Ghost(p, known.get(p.key, Meaning()), monotonic - 4) for p in ghosts}),
        MappingProxyType({p.key: known[p.key] for p in processes if p.key in known}),
    )


def usual_sample(monotonic: float = 1000.0) -> Sample:
    """The tree of the sketch: a Tentacle, its bootstrap, Calamari, a new script and an ended Calamari."""
    cpu = {INIT.key: 0.0, TENTACLE.key: 0.4, BOOTSTRAP.key: 0.0, CALAMARI.key: 38.0, SCRIPT.key: 2.1, SHELL.key: 0.0}
    return sample(ghosts=(GONE,), arrived=(SCRIPT,), cpu=cpu, monotonic=monotonic)


def target(info: ProcessInfo, known: Meaning | None = None) -> Target:
    found = known or MEANINGS.get(info.key) or Meaning()
    return Target(
        info.key, info.name, info.command, info.user, info.uid, found.role, found.label, found.task, found.instance,
        found.version,
    )  # fmt: skip


def step(info: ProcessInfo, *, known: Meaning | None = None, size: int = 0) -> Step:
    size = size or info.rss_bytes * 9 // 10
    socket = DiagnosticsSocket("/tmp/dotnet-diagnostic-socket", info.pid, 0)
    facts = RuntimeFacts(info.key, RuntimeKind.CORECLR, "8.0.4", "/usr/share/dotnet", socket=socket)
    passed = (PassedOver("createdump", "the socket does it without a tool on the host"),)
    reason = "the runtime writes its own dump when asked over its diagnostics socket"
    return Step(target(info, known), "ipc", reason, DumpType.HEAP, Estimate(size, size / 600e6), facts, passed)


class ScriptedDumpService:
    """Plans every .NET process it is asked for; jobs move only when a test says so."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._listeners: list[asyncio.Queue[Job | None]] = []
        self.requests: list[DumpRequest] = []
        self.cancelled: list[int] = []
        self.remarks: tuple[Remark, ...] = (
            Remark(
                Severity.NOTICE,
                "sensitive",
                "A dump holds the whole memory of the process, secrets included; only root can read it",
            ),
        )
        self.refusal: OctotuiError | None = None
        self.submit_error: OctotuiError | None = None
        self.plan_gate: asyncio.Event | None = None
        self.is_closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(self._jobs.values())

    @property
    def has_running(self) -> bool:
        return any(not job.state.is_over for job in self.jobs)

    async def plan(self, request: DumpRequest, sample: Sample) -> DumpPlan:
        self.requests.append(request)
        if self.plan_gate is not None:
            await self.plan_gate.wait()
        if self.refusal is not None:
            raise self.refusal
        steps, left_out = [], []
        for key in reversed(request.keys):
            info = sample.process(key)
            if info is None:
                continue
            known = sample.meaning(key)
            if known.dotnet:
                steps.append(step(info, known=known))
            else:
                left_out.append(LeftOut(target(info, known), "it is not a .NET process"))
        remarks = self.remarks
        if any(s.target.role == "tentacle-service" for s in steps):
            words = "Tentacle may drop its connection to the server after 60 s of pause"
            remarks = (Remark(Severity.WARNING, "pause", words), *remarks)
        if not steps:
            remarks = (Remark(Severity.REFUSAL, "no-dotnet", "None of these processes is .NET", "octotui doctor"),)
        destination = Path("/var/lib/octotui/dumps")
        plan = DumpPlan(request, tuple(steps), tuple(left_out), remarks, destination, 41_000_000_000)
        return with_offers(plan, History(), cores=2)

    def submit(self, plan: DumpPlan) -> tuple[Job, ...]:
        if self.submit_error is not None:
            raise self.submit_error
        first = len(self._jobs) + 1
        new = tuple(Job(first + i, s) for i, s in enumerate(plan.steps))
        for job in new:
            self.put(job)
        return new

    def put(self, job: Job) -> None:
        self._jobs[job.id] = job
        for queue in self._listeners:
            queue.put_nowait(job)

    def run(self, job_id: int, *, written: int, seconds: float) -> None:
        job = self._jobs[job_id]
        self.put(
            replace(
                job,
                state=JobState.RUNNING,
                bytes_written=written,
                seconds=seconds,
                pause_seconds=seconds - 0.2,
                is_paused=True,
            )
        )

    def finish(self, job_id: int, *, outcome: JobState = JobState.FINISHED, failure: Failure | None = None) -> None:
        job = self._jobs[job_id]
        one = job.step.target
        path = Path(f"/var/lib/octotui/dumps/{one.name}-{one.key.pid}-20260930T101502Z.dmp")
        good = outcome is JobState.FINISHED
        result = DumpResult(
            one, outcome, job.step.backend, job.step.type, job.step.estimate, path if good else None,
            157_000_000 if good else 0, 6.3, 6.1 if good else None, good, "ab" * 32 if good else "", failure,
        )  # fmt: skip
        self.put(replace(job, state=outcome, result=result))

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)
        self.finish(job_id, outcome=JobState.CANCELLED)

    async def subscribe(self) -> AsyncIterator[Job]:
        queue: asyncio.Queue[Job | None] = asyncio.Queue()
        self._listeners.append(queue)
        while (job := await queue.get()) is not None:
            yield job

    async def aclose(self) -> None:
        self.is_closed = True
        for queue in self._listeners:
            queue.put_nowait(None)


class FakeStore:
    def __init__(self) -> None:
        self.found: tuple[DumpRecord, ...] = ()
        self.removed: list[DumpRecord] = []

    def records(self) -> tuple[DumpRecord, ...]:
        return self.found

    def remove(self, record: DumpRecord) -> None:
        self.removed.append(record)
        self.found = tuple(one for one in self.found if one is not record)


class FakeHost:
    """Gives its samples one after the other, then the last one again and again."""

    def __init__(self, *samples: Sample, settings: Settings | None = None) -> None:
        self.settings = settings or Settings(interval_seconds=60.0)
        self.samples = list(samples) or [usual_sample()]
        self.dumps = ScriptedDumpService()
        self.watch = ScriptedWatch()
        self.observer = ScriptedObserver()
        self.store = FakeStore()
        self.kept: Collection[ProcessKey] = ()
        self.watched: Set[ProcessKey] | None = None
        self.interrupted: tuple[DumpRecord, ...] = ()
        self.looks_until_settled = 0
        self.recording = None
        self.replay = None

    def fullness(self) -> Fullness:
        return Fullness(4_200_000_000, 25_000_000_000, 81_000_000_000, 38_000_000_000)

    def settle_interrupted(self) -> tuple[DumpRecord, ...]:
        self.looks_until_settled -= 1
        return () if self.looks_until_settled > 0 else self.interrupted

    def has_interrupted(self) -> bool:
        return self.looks_until_settled > 0

    def read_sample(self, keep: Collection[ProcessKey] = (), watched: Set[ProcessKey] | None = None) -> Sample:
        self.kept, self.watched = keep, watched
        return self.samples.pop(0) if len(self.samples) > 1 else self.samples[0]

    def events_descriptor(self) -> int | None:
        return None

    def listen(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""
