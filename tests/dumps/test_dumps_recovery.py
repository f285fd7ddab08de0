"""After octotui was killed: whole dumps are listed, partial ones are gone and said to be lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from dump_cores import Core
from dump_doubles import entry_of

from octotui.dumps.backends.registry import default_backends
from octotui.dumps.disk.files import write_json
from octotui.dumps.disk.hashing import whole_digest
from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Entry, Journal, own_identity
from octotui.dumps.staged.staging import Place, Staging
from octotui.dumps.survival.expected import writer_of_entry
from octotui.dumps.survival.recovery import recover, unsettled
from octotui.dumps.verifying.writers import Writer
from octotui.errors import CaptureFailed

CORE = bytes(Core())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "dumps")
    found.prepare()
    return found


def begin(store: Store, content: bytes = CORE, *, owner: tuple[int, int] | None = None) -> tuple[Entry, Staging]:
    """A capture as its octotui left it."""
    staging = Staging.make(Place(store.directory, str(store.directory), os.geteuid(), os.getegid()), "dump")
    if content:
        Path(staging.inside_path).write_bytes(content)
    entry = entry_of(staging, store, owner or dead_process(), "Calamari-4242-20260930T101502Z.dmp")
    Journal(store.jobs).add(staging.directory.name.lstrip("."), entry)
    staging.close()
    return entry, staging


def dead_process() -> tuple[int, int]:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid, 1


def test_whole_dump_is_finished_and_listed(store: Store) -> None:
    entry, staging = begin(store)
    (made,) = recover(store)
    assert made.path == store.directory / entry.name
    assert made.is_verified
    assert made.outcome == "finished"
    assert made.data["recovered"] is True
    descriptor = os.open(made.path, os.O_RDONLY)
    assert made.text("sha256") == whole_digest(descriptor)
    os.close(descriptor)
    assert not staging.directory.exists()
    assert list(store.jobs.iterdir()) == []
    assert recover(store) == ()


@pytest.mark.parametrize("content", [b"", CORE[:-1], CORE[:200]])
def test_partial_dump_is_removed_and_reported_as_lost(store: Store, content: bytes) -> None:
    _, staging = begin(store, content)
    (made,) = recover(store)
    assert (made.path, made.outcome) == (None, "lost")
    assert not staging.directory.exists()
    assert [path.suffix for path in store.directory.iterdir()] == [".json"]
    assert list(store.jobs.iterdir()) == []


def test_capture_of_a_living_octotui_is_left_alone(store: Store) -> None:
    _, staging = begin(store, owner=own_identity())
    assert recover(store) == ()
    assert staging.directory.exists()


def test_dump_that_createdump_still_writes_is_left_for_later(store: Store) -> None:
    _, staging = begin(store, CORE[:-1])
    with open(staging.inside_path, "ab") as stream:
        assert recover(store) == ()
        stream.write(CORE[-1:])
    (made,) = recover(store)
    assert made.is_verified


def test_octotui_killed_between_move_and_record_leaves_a_listed_dump(store: Store) -> None:
    entry, staging = begin(store)
    Path(staging.inside_path).rename(store.directory / entry.name)
    (made,) = recover(store)
    assert made.is_verified
    assert made.text("sha256")


def test_staging_that_vanished_is_reported_as_lost(store: Store) -> None:
    _, staging = begin(store, b"")
    staging.directory.rmdir()
    (made,) = recover(store)
    assert made.outcome == "lost"


def test_swapped_staging_directory_is_not_believed(store: Store) -> None:
    _, staging = begin(store, b"")
    # As long as it is open, its inode is not given to another.
    first = os.open(staging.directory, os.O_RDONLY)
    staging.directory.rmdir()
    staging.directory.mkdir()
    (staging.directory / "dump").write_bytes(CORE)
    (made,) = recover(store)
    os.close(first)
    assert made.outcome == "lost"
    assert (staging.directory / "dump").exists()


@pytest.mark.parametrize("damage", ["", "{}", '{"schema": 1}', "[]", '{"schema": 1, "file": "../../etc/passwd"}'])
def test_damaged_journal_harms_nothing(store: Store, damage: str) -> None:
    (store.jobs / "x.json").write_text(damage)
    assert recover(store) == ()


def test_journal_cannot_name_a_file_elsewhere(store: Store) -> None:
    entry, _ = begin(store)
    journal = Journal(store.jobs)
    for token in list(journal.entries()):
        journal.remove(token)
    journal.add("evil", replace(entry, name="../../evil"))
    assert journal.entries() == {}


def test_half_written_record_is_swept_when_old(store: Store) -> None:
    for directory in (store.directory, store.jobs):
        descriptor = os.open(directory, os.O_RDONLY)
        write_json(descriptor, "kept.dmp.json", {})
        os.close(descriptor)
        half = directory / ".x.dmp.json.0123abcd"
        half.touch()
        os.utime(half, (0, 0))
        (directory / ".y.dmp.json.0123abcd").touch()
    recover(store)
    for directory in (store.directory, store.jobs):
        assert sorted(path.name for path in directory.iterdir()) == [".y.dmp.json.0123abcd", "kept.dmp.json"]


def test_empty_staging_that_no_journal_knows_is_swept_when_old(store: Store) -> None:
    forgotten, fresh = store.staging / f".octotui-{'0' * 16}", store.directory / f".octotui-{'1' * 16}"
    forgotten.mkdir()
    fresh.mkdir()
    os.utime(forgotten, (0, 0))
    recover(store)
    assert not forgotten.exists()
    assert fresh.exists()


def test_digest_that_was_still_to_come_is_added(store: Store) -> None:
    entry, staging = begin(store, b"")
    (store.directory / "real-2.dmp").write_bytes(CORE)
    directory = store.open_destination(store.directory)
    store.write_record(directory, "real-2.dmp", {**entry.record, "outcome": "finished", "verified": True, "sha256": ""})
    os.close(directory)
    token = staging.directory.name.lstrip(".")
    Journal(store.jobs).add(token, replace(entry, is_captured=True, name="real-2.dmp"))
    (made,) = recover(store)
    assert made.text("sha256") == hashlib.sha256(CORE).hexdigest()
    assert made.outcome == "finished"
    assert not staging.directory.exists()
    assert list(store.jobs.iterdir()) == []


def captured(store: Store, content: bytes, **record: object) -> str:
    """A dump in its place with its record, whose octotui was ended before the digest was known."""
    entry, staging = begin(store, b"")
    (store.directory / entry.name).write_bytes(content)
    directory = store.open_destination(store.directory)
    facts = {"outcome": "finished", "verified": True, "bytes": len(CORE), "sha256": "", **record}
    store.write_record(directory, entry.name, {**entry.record, **facts})
    os.close(directory)
    Journal(store.jobs).add(staging.directory.name.lstrip("."), replace(entry, is_captured=True))
    return entry.name


def test_octotui_killed_between_record_and_digest_leaves_a_record_with_its_digest(store: Store) -> None:
    entry, _ = begin(store, b"")
    (store.directory / entry.name).write_bytes(CORE)
    directory = store.open_destination(store.directory)
    store.write_record(
        directory, entry.name, {**entry.record, "outcome": "finished", "verified": True, "pause_seconds": 3}
    )
    os.close(directory)
    (made,) = recover(store)
    assert made.text("sha256") == hashlib.sha256(CORE).hexdigest()
    assert made.number("pause_seconds") == 3


def test_what_was_half_written_beside_a_dump_goes_with_its_settling(store: Store) -> None:
    entry, _ = begin(store)
    (store.directory / f".{entry.name}.json.0123abcd").write_text("{")
    (store.jobs / ".octotui-0123456789abcdef-999999999-1.json.0123abcd").write_text("{")
    recover(store)
    assert sorted(path.name for path in store.directory.iterdir()) == [entry.name, f"{entry.name}.json"]
    assert list(store.jobs.iterdir()) == []


@pytest.mark.parametrize("content", [CORE[:-4096], b"", bytes(len(CORE))])
def test_captured_dump_that_a_power_loss_cut_off_is_never_called_finished(store: Store, content: bytes) -> None:
    name = captured(store, content)
    (made,) = recover(store)
    assert (made.path, made.outcome, made.is_verified) == (None, "lost", False)
    assert not (store.directory / name).exists()


def test_dump_that_has_no_room_in_its_place_now_waits_for_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    _, staging = begin(store)
    with monkeypatch.context() as full:

        def refuse(*_: object, **__: object) -> None:
            raise CaptureFailed("the disk is full", code="disk-full")

        full.setattr(Store, "admit", refuse)
        assert recover(store) == ()
        assert staging.directory.exists()
        assert len(unsettled(store)) == 1
    (made,) = recover(store)
    assert made.is_verified
    assert unsettled(store) == ()


def test_dump_of_another_backend_is_expected_from_its_own_tool(store: Store) -> None:
    entry, staging = begin(store)
    token = staging.directory.name.lstrip(".")
    assert Writer.GCORE not in {writer_of_entry(entry)}
    for backend in default_backends():
        assert writer_of_entry(replace(entry, record={"backend": backend.name})) is backend.writer
    assert token in Journal(store.jobs).entries()


def test_two_octotuis_do_not_settle_at_the_same_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(store)
    monkeypatch.setattr("octotui.dumps.staged.journal.LOCK_SECONDS", 0.1)
    with Journal(store.jobs).locked() as is_alone:
        assert is_alone
        assert recover(store) == ()
    (made,) = recover(store)
    assert made.is_verified


def test_target_whose_digest_is_still_to_come_can_be_captured_again(store: Store) -> None:
    entry, staging = begin(store, owner=own_identity())
    journal = Journal(store.jobs)
    assert entry.target in journal.under_way()
    journal.add(staging.directory.name.lstrip("."), replace(entry, is_captured=True))
    assert journal.under_way() == {}
