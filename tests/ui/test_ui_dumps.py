"""The screen of the dumps: verify again, remove after a question, and how full the store is."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ui_fakes import FakeHost
from ui_screen import check_frame, frame, screen, until

from octotui.config import Settings
from octotui.dumps.keeping.limits import Fullness
from octotui.dumps.keeping.records import DumpRecord
from octotui.errors import StoreError

# The cores are made beside the tests of the dump room, which need not be collected in this run.
sys.path.append(str(Path(__file__).resolve().parents[1] / "dumps"))

from dump_cores import Core

NOW = datetime(2026, 9, 30, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moments are shown in the time of the place; frames are of one place."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def record(path: Path, days: int = 0, **fields: Any) -> DumpRecord:
    data = {"name": "Calamari", "pid": 14220 + days, "outcome": "finished", "verified": True, **fields}
    return DumpRecord(path, None, NOW - timedelta(days=days), 157_000_000, data)


def host_with(*records: DumpRecord, **settings: object) -> FakeHost:
    host = FakeHost(settings=replace(Settings(interval_seconds=60.0), **settings))  # type: ignore[arg-type]
    host.store.found = records
    return host


def stored(*days: int) -> tuple[DumpRecord, ...]:
    return tuple(record(Path(f"/var/lib/octotui/dumps/Calamari-{14220 + d}.dmp"), d) for d in days)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (40, 10)])
async def test_the_dumps_screen(width: int, height: int) -> None:
    newest, *others = stored(0, 1, 2)
    broken = replace(newest, problem="its size is not what was recorded")
    async with screen(host_with(broken, *others), width, height) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "Calamari 14222" in frame(app))
        check_frame(f"dumps_{width}x{height}", frame(app))


@pytest.mark.parametrize("key", ["R", "delete"])
async def test_a_dump_is_removed_after_a_question_whose_enter_keeps_it(key: str) -> None:
    host = host_with(*stored(0, 1))
    async with screen(host) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "2 from before" in frame(app))
        await pilot.press(key)
        await until(pilot, lambda: "Remove this dump?" in frame(app))
        if key == "R":
            check_frame("dumps_remove_80x24", frame(app))
        await pilot.press("enter")
        await pilot.pause()
        assert host.store.removed == []
        await pilot.press("j", key)
        await until(pilot, lambda: "Remove this dump?" in frame(app))
        await pilot.press("y")
        await until(pilot, lambda: "1 from before" in frame(app))
        assert [found.name for found in host.store.removed] == ["Calamari-14221.dmp"]
        assert "Removed Calamari 14221, 157 MB" in frame(app)


async def test_a_dump_of_this_session_that_was_removed_is_shown_and_copied_nowhere() -> None:
    host = host_with()
    async with screen(host) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "Capture 2 processes" in frame(app) and "Left out" in frame(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(host.dumps.jobs) == 2)
        host.dumps.finish(1)
        host.dumps.finish(2)
        host.store.found = tuple(record(job.result.path) for job in host.dumps.jobs if job.result and job.result.path)
        await pilot.press("2")
        await until(pilot, lambda: "2 of this session" in frame(app))
        await pilot.press("R")
        await until(pilot, lambda: "Remove this dump?" in frame(app))
        await pilot.press("y")
        await until(pilot, lambda: "1 of this session, 0 from before" in frame(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Dumps  " in frame(app) and "of this session" not in frame(app))
        await pilot.press("y")
        assert [Path(app.clipboard).name] != [found.name for found in host.store.removed]
        assert app.clipboard.endswith("Calamari-14220-20260930T101502Z.dmp")


async def test_nothing_is_removed_when_only_looking_is_allowed() -> None:
    host = host_with(*stored(0), read_only=True)
    async with screen(host) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "1 from before" in frame(app))
        await pilot.press("R")
        await until(pilot, lambda: "nothing is removed" in frame(app))
        assert "Remove this dump?" not in frame(app)


async def test_a_dump_that_cannot_be_removed_says_why() -> None:
    host = host_with(*stored(0))

    def refuse(_: DumpRecord) -> None:
        raise StoreError("it cannot be removed (Permission denied)", hint="run it with sudo")

    host.store.remove = refuse  # type: ignore[method-assign]
    async with screen(host) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "1 from before" in frame(app))
        await pilot.press("R")
        await until(pilot, lambda: "Remove this dump?" in frame(app))
        await pilot.press("y")
        await until(pilot, lambda: "Permission denied" in frame(app))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data, "is whole: as it was recorded"),
        (lambda data: data[:-1] + b"\x09", "is not what was recorded: its SHA-256"),
    ],
)
async def test_a_dump_is_verified_again(change: Callable[[bytes], bytes], words: str, tmp_path: Path) -> None:
    core = bytes(Core())
    path = tmp_path / "Calamari.dmp"
    path.write_bytes(change(core))
    found = record(path, sha256=hashlib.sha256(core).hexdigest(), bytes=len(core), pid=4242)
    async with screen(host_with(found), 120, 40) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "1 from before" in frame(app))
        await pilot.press("V")
        await until(pilot, lambda: words in frame(app))


async def test_keys_on_an_empty_list_say_that_there_is_nothing() -> None:
    async with screen(FakeHost()) as (app, pilot):
        await pilot.press("2")
        for key, words in (("V", "no file to verify"), ("R", "nothing to remove"), ("y", "has no file")):
            await pilot.press(key)
            await until(pilot, lambda words=words: words in frame(app))  # type: ignore[misc]


async def test_a_store_over_its_quota_stands_out() -> None:
    host = host_with(*stored(0))
    host.fullness = lambda: Fullness(30_000_000_000, 25_000_000_000, 81 * 10**9, 0)  # type: ignore[method-assign]
    async with screen(host) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "store 30 GB of 25 GB, 81 GB free" in frame(app))
