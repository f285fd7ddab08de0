"""Taking a dump out of the store: whole and compared or not at all, private, never over another file."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from dump_cores import Core
from small_disks import small_disk_at
from store_world import keep_dump

from octotui.dumps.keeping import export as module
from octotui.dumps.keeping.export import export, stream
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.errors import NotADump, OctotuiError, StoreError, UsageError

NAME = "Calamari-4242.dmp"
CONTENT = bytes(Core()) + bytes(3 << 20) + os.urandom(2 << 20)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "dumps")


@pytest.fixture
def record(store: Store) -> DumpRecord:
    return keep_dump(store, NAME, content=CONTENT)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_copy_is_the_dump_private_and_has_its_record_beside_it(store: Store, record: DumpRecord, out: Path) -> None:
    told: list[int] = []
    done = export(store, record, out, on_read=told.append)
    assert done.path == out / NAME
    assert (out / NAME).read_bytes() == CONTENT
    assert names(out) == [NAME, f"{NAME}.json"]
    assert all(stat.S_IMODE((out / name).stat().st_mode) == 0o600 for name in names(out))
    beside = json.loads((out / f"{NAME}.json").read_text())
    assert (beside["path"], beside["sha256"]) == (str(out / NAME), hashlib.sha256(CONTENT).hexdigest())
    assert told == sorted(told) and told[-1] == len(CONTENT)
    assert names(store.directory) == [NAME, f"{NAME}.json"]


@pytest.mark.parametrize("level", [1, 3, 19])
def test_compressed_copy_gives_the_same_bytes_back(store: Store, record: DumpRecord, out: Path, level: int) -> None:
    done = export(store, record, out, level=level)
    assert done.path == out / f"{NAME}.zst"
    with (out / f"{NAME}.zst").open("rb") as stream_:
        assert zstandard.ZstdDecompressor().stream_reader(stream_).read() == CONTENT
    assert done.bytes == (out / f"{NAME}.zst").stat().st_size < len(CONTENT)
    assert json.loads((out / f"{NAME}.zst.json").read_text())["compression"]["format"] == "zstd"


def test_stream_carries_the_bytes_and_nothing_else(record: DumpRecord) -> None:
    pieces: list[bytes] = []
    done = stream(record, pieces.append, level=None, on_read=lambda count: None)
    assert b"".join(pieces) == CONTENT
    assert (done.path, done.bytes) == (None, len(CONTENT))


def test_holes_of_a_dump_cost_nothing_in_its_copy(store: Store, out: Path) -> None:
    content = bytes(Core()) + bytes(64 << 20)
    record = keep_dump(store, NAME, content=content)
    assert record.path is not None
    os.truncate(record.path, len(bytes(Core())))
    os.truncate(record.path, len(content))
    export(store, record, out)
    assert (out / NAME).stat().st_size == record.size_bytes
    assert (out / NAME).stat().st_blocks * 512 < 4 << 20


def test_zeros_that_were_written_are_written_in_the_copy_or_it_would_look_cut(store: Store, out: Path) -> None:
    record = keep_dump(store, NAME, content=bytes(Core()) + bytes(64 << 20))
    export(store, record, out)
    assert (out / NAME).stat().st_blocks * 512 >= record.size_bytes


@pytest.mark.parametrize("taken", [NAME, f"{NAME}.json"])
def test_nothing_is_overwritten(store: Store, record: DumpRecord, out: Path, taken: str) -> None:
    (out / taken).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        export(store, record, out)
    assert names(out) == [taken]
    assert (out / taken).read_text() == "mine"


def test_planted_link_is_not_written_through(store: Store, record: DumpRecord, out: Path, tmp_path: Path) -> None:
    (out / NAME).symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError, match="is there already"):
        export(store, record, out)
    assert not (tmp_path / "victim").exists()


def test_store_itself_and_absent_directories_are_no_destination(store: Store, record: DumpRecord, out: Path) -> None:
    with pytest.raises(UsageError, match="the store itself"):
        export(store, record, store.directory / "copy.dmp")
    with pytest.raises(UsageError, match="is not there"):
        export(store, record, out / "absent" / "copy.dmp")


def test_dump_that_changed_since_is_not_handed_out(store: Store, record: DumpRecord, out: Path) -> None:
    changed = bytearray(CONTENT)
    changed[-5] ^= 1
    (store.directory / NAME).write_bytes(changed)
    for level in (None, 3):
        with pytest.raises(NotADump, match="is not what was recorded: its SHA-256 is") as caught:
            export(store, record, out, level=level)
        assert caught.value.hint == f"octotui dumps verify {NAME}"
    assert names(out) == []


def test_dump_without_a_record_is_handed_out_with_a_word(store: Store, record: DumpRecord, out: Path) -> None:
    (store.directory / f"{NAME}.json").unlink()
    done = export(store, store.records()[0], out)
    assert "no SHA-256 was recorded" in done.note


def test_file_system_without_nameless_files_ends_the_same(
    store: Store, record: DumpRecord, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def without(path: object, flags: int, *more: object, **named: object) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return real(path, flags, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", without)
    export(store, record, out)
    assert names(out) == [NAME, f"{NAME}.json"]
    with pytest.raises(NotADump):
        export(store, replace(record, data={**record.data, "sha256": "00"}), out / "second.dmp")
    assert names(out) == [NAME, f"{NAME}.json"]


@pytest.mark.parametrize("level", [None, 1])
def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, level: int | None) -> None:
    with small_disk_at(tmp_path / "disk", "1m") as disk:
        store = Store(tmp_path / "state" / "dumps")
        record = keep_dump(store, NAME, size=4 << 20)
        with pytest.raises(StoreError, match=r"cannot be exported to .*(the disk is full|it needs)") as caught:
            export(store, record, disk, level=level)
        assert caught.value.code == "disk-full"
        assert names(disk) == []


def test_disk_that_fills_up_at_the_record_takes_the_copy_back(
    store: Store, record: DumpRecord, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write_record", full)
    with pytest.raises(StoreError, match="the disk is full"):
        export(store, record, out)
    assert names(out) == []


def test_interrupt_leaves_nothing(store: Store, record: DumpRecord, out: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(store, record, out, on_read=interrupt)
    assert names(out) == []


def test_copy_is_on_the_disk_before_it_has_its_name(
    store: Store, record: DumpRecord, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    for name in ("fsync", "link"):
        real = getattr(os, name)

        def spy(*given: object, name: str = name, real: object = real, **more: object) -> object:
            order.append(name)
            return real(*given, **more)  # type: ignore[operator]

        monkeypatch.setattr(os, name, spy)
    export(store, record, out)
    assert order == ["fsync", "link", "fsync", "link", "fsync"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from octotui.dumps.keeping.export import export
from octotui.dumps.keeping.store import Store
store = Store(Path(sys.argv[1]))
def told(done):
    if done > 2 << 20:
        os.kill(os.getpid(), signal.SIGKILL)
export(store, store.records()[0], Path(sys.argv[2]), level=int(sys.argv[3]) or None, on_read=told)
"""


@pytest.mark.parametrize("level", ["0", "3"])
def test_killed_export_leaves_no_file_that_counts_as_a_dump(
    store: Store, record: DumpRecord, out: Path, level: str
) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(store.directory), str(out), level], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [name for name in names(out) if not name.startswith(".")] == []
    assert Store(out, state=store.state).records() == ()
    assert export(store, record, out).path == out / NAME


def test_lost_dump_cannot_be_exported(store: Store, record: DumpRecord, out: Path) -> None:
    (store.directory / NAME).unlink()
    with pytest.raises(OctotuiError, match="is gone"):
        export(store, store.records()[0], out)
