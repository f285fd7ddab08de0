"""The figures that a plan is checked against: free space as `df` tells it, and what captures side by side teach."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from dump_doubles import ScriptedBackend, Sleepers, facts_of, info, sample_of

from octotui.dotnet import maps
from octotui.dumps.disk import files
from octotui.dumps.disk.filesystems import file_system_of
from octotui.dumps.estimating.history import Entry, History
from octotui.dumps.estimating.learning import Line, Shape, learned_pause, learned_size
from octotui.dumps.keeping import export
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpRequest, Order
from octotui.dumps.service import DumpService
from octotui.errors import CaptureFailed, StoreError

GB = 10**9
SPACE = SimpleNamespace(f_bfree=231_000, f_bavail=65_000, f_frsize=1_000_000, f_blocks=400_000)
"""A disk of 400 GB, a good part of whose free blocks is reserved for root."""

SMAPS = b"""\
7f0000000000-7f0004000000 ---p 00000000 00:00 0
Anonymous:             0 kB
VmFlags: mr mw me nr sd
7f0010000000-7f0050000000 ---p 00000000 00:00 0
Anonymous:             0 kB
VmFlags: mr mw me nr dd sd
7f0060000000-7f0060100000 rw-p 00000000 00:00 0
Anonymous:          1024 kB
VmFlags: rd wr mr mw me ac sd
7f0070000000-7f0070100000 r--p 00001000 08:01 77 /usr/lib/lib.so
Anonymous:             0 kB
VmFlags: rd mr mw me sd
7f0080000000-7f0080001000 rw-p 00001000 08:01 77 /usr/lib/lib.so
Anonymous:             4 kB
VmFlags: rd wr mr mw me sd
"""


def test_blocks_that_are_reserved_for_root_are_no_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: SPACE)
    monkeypatch.setattr(os, "fstatvfs", lambda descriptor: SPACE)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert file_system_of(tmp_path).free_bytes == 65 * GB
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(CaptureFailed, match="65 GB free"):
            files._require_room(directory, 100 * GB)
        with pytest.raises(StoreError, match="65 GB free"):
            export._require_room(directory, tmp_path, 100 * GB)
    finally:
        os.close(directory)


def test_gdb_writes_what_was_set_aside_but_not_what_the_owner_left_out() -> None:
    assert maps.gcore_bytes(SMAPS.splitlines(keepends=True)) == 0x4000000 + 0x100000 + 0x1000
    assert maps.gcore_bytes([b"", b"\n", b"rubbish\n", b"VmFlags: rd\n"]) == 0


async def test_captures_side_by_side_teach_the_size_and_no_pause(tmp_path: Path, start_sleeper: Sleepers) -> None:
    history = History(tmp_path / "history")
    service = DumpService(
        Store(tmp_path / "dumps"),
        backends=(ScriptedBackend("ipc"), ScriptedBackend("createdump")),
        history=history,
        inspect=facts_of,
        limits=Limits.none(),
    )
    keys = tuple(start_sleeper().key for _ in range(2))
    request = DumpRequest(keys, frozenset(keys), order=Order.TOGETHER)
    plan = await service.plan(request, sample_of(*(info(key) for key in keys)))
    results = await service.wait(service.submit(plan))
    await service.aclose()
    told = History(tmp_path / "history").entries()
    assert sorted(entry.bytes for entry in told) == sorted(result.bytes for result in results)
    assert [entry.pause_seconds for entry in told] == [0.0, 0.0]


def test_lesson_without_a_pause_moves_the_size_alone(tmp_path: Path) -> None:
    path = tmp_path / "history"
    old = {"backend": "ipc", "type": "heap", "bytes": GB, "seconds": 2.0, "pause_seconds": 1.5}
    silent = Entry("ipc", "heap", 3 * GB, 60.0, 0.0, device="8:1", foreseen_bytes=2 * GB, runtime="8")
    path.write_text(json.dumps(old) + "\n" + json.dumps(asdict(silent)) + "\n")
    path.chmod(0o600)
    entries = History(path).entries()
    assert [entry.pause_seconds for entry in entries] == [1.5, 0.0]
    shape, usual = Shape("ipc", "heap", "disk", "8:1", "8", 2 * GB), Line(0.15, 1 / 700e6)
    assert learned_size(shape, 2 * GB, entries) == pytest.approx(3 * GB, rel=0.01)
    assert learned_pause(shape, usual, entries) == learned_pause(shape, usual, entries[:1])
