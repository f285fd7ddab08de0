"""Dumps that would take for ever: refused when they are holes, given up when octotui is closed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dump_doubles import ScriptedBackend, Sleeper, facts_of, info, sample_of

from octotui.dumps.backends.base import Capture
from octotui.dumps.disk.hashing import FollowingHash
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpRequest
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.service import DumpService
from octotui.dumps.staged.journal import Journal
from octotui.dumps.survival.recovery import recover


class Stretching(ScriptedBackend):
    """Writes a whole core and stretches it by a hole."""

    async def run(self, capture: Capture) -> None:
        await super().run(capture)
        os.truncate(capture.path, 4 << 40)


class Desk:
    def __init__(self, directory: Path) -> None:
        self.store = Store(directory / "dumps")
        self.service = self.open(ScriptedBackend("createdump"))

    def open(self, backend: ScriptedBackend) -> DumpService:
        self.service = DumpService(
            self.store, backends=(backend,), history=History(), inspect=facts_of, limits=Limits.none()
        )
        return self.service

    async def begin(self, sleeper: Sleeper, destination: Path | None = None) -> int:
        request = DumpRequest((sleeper.key,), destination=destination)
        (job,) = self.service.submit(await self.service.plan(request, sample_of(info(sleeper.key))))
        return job.id

    async def until_finished(self, job_id: int) -> None:
        async for job in self.service.subscribe():
            if job.id == job_id and job.state.is_over:
                assert job.state is JobState.FINISHED
                return


def record_of(result: DumpResult) -> dict[str, Any]:
    found = json.loads(Path(f"{result.path}.json").read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    await made.service.aclose()


async def test_terabytes_of_nothing_are_refused_and_gone(desk: Desk, sleeper: Sleeper) -> None:
    service = desk.open(Stretching("ipc"))
    await desk.begin(sleeper)
    (result,) = await service.wait(service.jobs)
    assert result.outcome is JobState.FAILED
    assert result.failure is not None
    assert result.failure.code == "not-whole"
    assert "were expected" in result.failure.message
    assert list(desk.store.directory.iterdir()) == []


async def test_closing_does_not_wait_for_a_digest_and_recovery_adds_it(
    desk: Desk, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(self: FollowingHash, descriptor: int, is_cancelled: Callable[[], bool]) -> str:
        self.stop()
        while not is_cancelled():
            pass
        return ""

    monkeypatch.setattr(FollowingHash, "digest", endless)
    job_id = await desk.begin(sleeper)
    await desk.until_finished(job_id)
    await asyncio.wait_for(desk.service.aclose(), 30)
    (result,) = await desk.service.wait(desk.service.jobs)
    assert (result.outcome, result.verified, result.sha256) == (JobState.FINISHED, True, "")
    assert result.path is not None
    assert record_of(result)["sha256"] == ""
    journal = Journal(desk.store.jobs)
    ((token, entry),) = journal.entries().items()
    assert entry.is_captured
    journal.add(token, replace(entry, owner_started=entry.owner_started + 1))
    recover(desk.store)
    assert len(record_of(result)["sha256"]) == 64
    assert journal.entries() == {}


async def test_directory_whose_name_is_not_utf8_takes_a_dump(desk: Desk, sleeper: Sleeper, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"x\xff")
    await desk.begin(sleeper, place)
    (result,) = await desk.service.wait(desk.service.jobs)
    assert result.outcome is JobState.FINISHED, result.failure
    assert result.path is not None
    assert result.path.parent == place
    assert record_of(result)["path"] == str(result.path)
