"""What outlives a power loss: the dump is on the disk before its record says so, and the journal knows until then."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from dump_doubles import ScriptedBackend, Sleeper, facts_of, info, sample_of

from octotui.dumps.disk.directories import open_directory
from octotui.dumps.disk.files import write_json
from octotui.dumps.estimating.history import History
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpRequest
from octotui.dumps.results import DumpResult
from octotui.dumps.service import DumpService
from octotui.dumps.staged.journal import Journal


def name_of(descriptor: int) -> str:
    """What the kernel calls it: a dump that was linked into the store keeps the name of its staging, `dump`."""
    return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")).partition(" (deleted)")[0]


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is flushed, renamed and unlinked, in order."""
    seen: list[str] = []
    fsync, rename, unlink = os.fsync, os.rename, os.unlink

    def spied_fsync(descriptor: int) -> None:
        seen.append(f"fsync {name_of(descriptor)}")
        fsync(descriptor)

    def spied_rename(source: str, target: str, **more: Any) -> None:
        seen.append(f"rename {target}")
        rename(source, target, **more)

    def spied_unlink(path: Any, **more: Any) -> None:
        seen.append(f"unlink {os.path.basename(path)}")
        unlink(path, **more)

    for name, spy in (("fsync", spied_fsync), ("rename", spied_rename), ("unlink", spied_unlink)):
        monkeypatch.setattr(os, name, spy)
    return seen


async def captured(store: Store, sleeper: Sleeper) -> DumpResult:
    service = DumpService(
        store, backends=(ScriptedBackend(),), history=History(), inspect=facts_of, limits=Limits.none()
    )
    try:
        plan = await service.plan(DumpRequest((sleeper.key,)), sample_of(info(sleeper.key)))
        (result,) = await service.wait(service.submit(plan))
        return result
    finally:
        await service.aclose()


def test_record_is_flushed_then_named_then_the_directory_is_flushed(tmp_path: Path, order: list[str]) -> None:
    directory = open_directory(tmp_path)
    write_json(directory, "a.json", {"schema": 1})
    os.close(directory)
    temporary = order[0].removeprefix("fsync ")
    assert temporary.startswith(".a.json.")
    assert order == [f"fsync {temporary}", "rename a.json", f"fsync {tmp_path.name}"]


async def test_dump_is_on_the_disk_before_the_journal_forgets_it(
    tmp_path: Path, sleeper: Sleeper, order: list[str]
) -> None:
    result = await captured(Store(tmp_path / "dumps"), sleeper)
    assert result.path is not None and result.sha256
    name = result.path.name
    flushed = order.index("fsync dump")
    records = [at for at, done in enumerate(order) if done == f"rename {name}.json"]
    forgotten = next(
        at for at, done in enumerate(order) if done.startswith("unlink octotui-") and done.endswith(".json")
    )
    assert records[0] < flushed < records[-1] < forgotten
    assert order[flushed + 1] == "fsync dumps"


async def test_dump_that_the_disk_did_not_take_stays_in_the_journal(
    tmp_path: Path, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if name_of(descriptor) == "dump":
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    store = Store(tmp_path / "dumps")
    result = await captured(store, sleeper)
    assert result.sha256 == ""
    assert result.path is not None
    assert json.loads((result.path.parent / f"{result.path.name}.json").read_text())["sha256"] == ""
    (entry,) = Journal(store.jobs).entries().values()
    assert (entry.is_captured, entry.name) == (True, result.path.name)
