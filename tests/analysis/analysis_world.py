"""A Tentacle with a Calamari and a script, and an observer that answers for them by hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

from octotui.analysis.model import HostFacts
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.ipc import RuntimeInfo
from octotui.dotnet.stacks.model import Activity, Frame, Look, OtherThread, Stops, ThreadLook
from octotui.errors import OctotuiError
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample, Snapshot

HOST = HostFacts("web-07", "Debian 12", "Linux 6.1", "x86_64", 2, 8 << 30, (0.5, 0.25, 0.1), "1.2.3", "root")
TENTACLE, CALAMARI, SCRIPT = ProcessKey(812, 1), ProcessKey(14220, 2), ProcessKey(14233, 3)
TREE = (TENTACLE, CALAMARI, SCRIPT)
SLEEP = Frame("System.Private.CoreLib", "System.Threading.Thread.Sleep")
WAIT = Frame("System.Diagnostics.Process", "System.Diagnostics.Process.WaitForExit")
MAIN = Frame("Calamari", "Calamari.Program.Main")
RUN = Frame("Calamari", "Calamari.Program.Run")


def _process(key: ProcessKey, parent: int, name: str, *argv: str) -> ProcessInfo:
    return ProcessInfo(key, parent, name, argv=argv, user="octopus", threads=7, rss_bytes=50_000_000)


def sample() -> Sample:
    found = (
        _process(TENTACLE, 1, "Tentacle", "Tentacle", "run"),
        _process(CALAMARI, 812, "Calamari", "Calamari", "run-script", "--argument-of-a-person"),
        _process(SCRIPT, 14220, "pwsh", "pwsh", "Script.ps1"),
    )
    snapshot = Snapshot("web-07", datetime(2026, 5, 1, tzinfo=UTC), 1.0, 1000.0, {one.key: one for one in found})
    meanings = {
        TENTACLE: Meaning("tentacle-service", "Tentacle", instance="web-blue", dotnet=True),
        CALAMARI: Meaning("calamari", "Calamari", task="ServerTasks-826567", dotnet=True),
        SCRIPT: Meaning("user-script", "script", task="ServerTasks-826567", dotnet=False),
    }
    return Sample(snapshot, {CALAMARI: 38.0}, meanings=meanings)


def thread(number: int, name: str, *frames: Frame, cpu_seconds: float = 0.0) -> ThreadLook:
    return ThreadLook(number, number, name, "S", Activity.WAITING, frames, 5, 0, 1, cpu_seconds)


def look(key: ProcessKey, *threads: ThreadLook, taken_at: float = 1_770_000_000.0) -> Look:
    others = (OtherThread(key.pid + 90, key.pid + 90, ".NET Finalizer", "S"),)
    stops = Stops(5, 0.00002, 0.0001, 0.0003)
    return Look(key, taken_at, 0.11, RuntimeInfo(key.pid, "8.0.4", "Calamari", "x64"), threads, others, stops)


class Answers:
    """`looks` are given one after the other, the last one again and again; an error is raised instead."""

    def __init__(
        self, looks: dict[ProcessKey, list[Look | OctotuiError]], counters: CounterReading | None = None
    ) -> None:
        self.looks = looks
        self.reading = counters
        self.asked: list[ProcessKey] = []
        self.closed = 0

    async def look(self, key: ProcessKey) -> Look:
        self.asked.append(key)
        answers = self.looks[key]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, OctotuiError):
            raise answer
        return answer

    async def counters(self, key: ProcessKey) -> AsyncGenerator[CounterReading, None]:
        try:
            if self.reading is not None:
                yield self.reading
        finally:
            self.closed += 1


def usual() -> Answers:
    waiting = look(CALAMARI, thread(14220, "Calamari", WAIT, RUN, MAIN), thread(14230, "worker", SLEEP, RUN))
    return Answers(
        {
            TENTACLE: [look(TENTACLE, thread(812, "Tentacle", SLEEP, replace(MAIN, module="Tentacle")))],
            CALAMARI: [waiting, replace(waiting, taken_at=waiting.taken_at + 5.0)],
        },
        CounterReading(1_770_000_001.0, 1.0, {"cpu-usage": 3.5, "gc-heap-size": 158.0, "alloc-rate": 8200.0}),
    )
