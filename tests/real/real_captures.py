"""Real captures of real .NET processes, in the few steps that every such test takes."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dotnet_targets import DotnetTarget

from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.service import DumpService
from octotui.dumps.targets.target import Status, read_status
from octotui.dumps.verifying.verify import Writer, verify
from octotui.processes.model import Meaning, ProcessInfo, Sample, Snapshot


def sample_of(*targets: DotnetTarget) -> Sample:
    """A sample that holds just these processes, as Calamaris."""
    processes = {}
    for target in targets:
        status = read_status(target.pid)
        assert status is not None
        processes[target.key] = ProcessInfo(target.key, 1, status.name, state=status.state, uid=status.uid)
    meaning = Meaning(role="calamari", label="Calamari", dotnet=True)
    return Sample(Snapshot("host", datetime.now(UTC), 0, 0, processes), meanings=dict.fromkeys(processes, meaning))


class Bench:
    """A dump service with a store of its own."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory / "dumps")
        self.service = DumpService(self.store, limits=Limits.none())

    async def plan(
        self,
        target: DotnetTarget,
        backend: str = "auto",
        type: DumpType = DumpType.HEAP,
        destination: Path | None = None,
    ) -> DumpPlan:
        request = DumpRequest(
            (target.key,), frozenset({target.key}), type=type, backend=backend, destination=destination
        )
        return await self.service.plan(request, sample_of(target))

    async def run(self, plan: DumpPlan) -> DumpResult:
        (result,) = await self.service.wait(self.service.submit(plan))
        return result

    async def capture(self, target: DotnetTarget, backend: str = "auto", type: DumpType = DumpType.HEAP) -> DumpResult:
        return await self.run(await self.plan(target, backend, type))

    def leftovers(self) -> list[str]:
        """Staging directories, journal entries and partial files."""
        found = [str(path) for path in self.store.state.rglob(".octotui-*")]
        return found + [str(path) for path in self.store.jobs.iterdir()]


def status_of(target: DotnetTarget) -> Status:
    status = read_status(target.pid)
    assert status is not None, "the target is gone"
    return status


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    for _ in range(6000):
        if is_so():
            return
        time.sleep(0.005)
    raise AssertionError(f"it never came about: {what}")


async def until(is_so: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_until, is_so, what)


def is_running(target: DotnetTarget) -> bool:
    status = status_of(target)
    return status.state not in "tT" and status.tracer_pid == 0


def is_traced(target: DotnetTarget) -> bool:
    return status_of(target).tracer_pid != 0


def tracer_of(target: DotnetTarget) -> int:
    tracer = status_of(target).tracer_pid
    assert tracer > 0, "the capture was over too soon"
    return tracer


def check_finished(result: DumpResult, target: DotnetTarget) -> Path:
    """Everything that a finished capture promises. Returns the dump's path."""
    assert result.outcome is JobState.FINISHED, result.failure
    assert result.verified
    assert result.path is not None
    facts = verify(result.path)
    assert facts.writer is Writer.CREATEDUMP
    assert facts.pid == target.pid
    assert facts.size_bytes == facts.extent_bytes == result.bytes
    found = result.path.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (found.st_uid, found.st_nlink) == (os.geteuid(), 1)
    assert stat.S_IMODE(result.path.parent.stat().st_mode) == 0o700
    assert (result.path.parent / f"{result.path.name}.json").is_file()
    assert target.alive()
    return result.path
