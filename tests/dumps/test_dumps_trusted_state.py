"""The journal is believed only where nobody else can write it; what is recovered is bounded; parents are closed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dump_cores import Core
from dump_doubles import entry_of

from octotui.dumps.disk.directories import check_unchangeable, make_destination, make_private
from octotui.dumps.estimating.estimates import most_bytes
from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Entry, Journal
from octotui.dumps.staged.places import Place
from octotui.dumps.staged.staging import Staging
from octotui.dumps.survival.recovery import recover
from octotui.errors import StoreError

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to another user")
NAME = "Calamari-4242-20260930T101502Z.dmp"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "state" / "dumps")
    found.prepare()
    return found


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def entry_in(store: Store, content: bytes = b"") -> Entry:
    """A capture that its octotui left; its owner's pid is none that a process can have."""
    staging = Staging.make(Place(store.directory, str(store.directory), os.geteuid(), os.getegid()), "dump")
    Path(staging.inside_path).write_bytes(content)
    entry = entry_of(staging, store, (2**31 - 1, 1), NAME)
    staging.close()
    return entry


@AS_ROOT
@pytest.mark.parametrize("which", ["state", "jobs"])
def test_journal_that_another_user_owns_is_not_read(store: Store, which: str) -> None:
    Journal(store.jobs).add("x", entry_in(store, bytes(Core())))
    directory: Path = getattr(store, which)
    os.chown(directory, NOBODY, NOBODY)
    with pytest.raises(StoreError, match="belongs to uid 65534") as refused:
        recover(store)
    assert "chown" in refused.value.hint
    assert not (store.directory / NAME).exists()


@pytest.mark.parametrize("which", ["state", "jobs"])
def test_journal_that_others_can_write_is_not_read(store: Store, which: str) -> None:
    Journal(store.jobs).add("x", entry_in(store, bytes(Core())))
    directory: Path = getattr(store, which)
    directory.chmod(0o777)
    with pytest.raises(StoreError, match="others can change") as refused:
        recover(store)
    assert "chmod go-w" in refused.value.hint
    with pytest.raises(StoreError):
        store.prepare()


@pytest.mark.parametrize("which", ["state", "jobs"])
def test_journal_behind_a_link_is_not_read(store: Store, which: str, tmp_path: Path) -> None:
    directory: Path = getattr(store, which)
    directory.rename(tmp_path / "elsewhere")
    directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        recover(store)


def test_state_that_is_not_there_yet_has_no_captures(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none" / "jobs").entries() == {}


@pytest.mark.parametrize("plant", ["link", "second-name", "pipe", "directory", "other-user"])
def test_entry_that_is_no_plain_file_of_ours_is_left_alone(store: Store, tmp_path: Path, plant: str) -> None:
    journal = Journal(store.jobs)
    journal.add("x", entry_in(store))
    path = store.jobs / "x.json"
    match plant:
        case "link":
            path.rename(tmp_path / "away")
            path.symlink_to(tmp_path / "away")
        case "second-name":
            (tmp_path / "second").hardlink_to(path)
        case "pipe":
            path.unlink()
            os.mkfifo(path)
        case "directory":
            path.unlink()
            path.mkdir()
        case "other-user":
            if os.geteuid() != 0:
                pytest.skip("needs root to give files to another user")
            os.chown(path, NOBODY, NOBODY)
    assert journal.entries() == {}


@pytest.mark.parametrize(
    "name", ["dumps", ".octotui-", ".octotui-0123456789abcdeg", "..", ".octotui-0123456789abcdef0"]
)
def test_entry_cannot_name_another_directory_as_staging(store: Store, name: str) -> None:
    journal = Journal(store.jobs)
    journal.add("x", replace(entry_in(store), staging=str(store.directory / name)))
    assert journal.entries() == {}


def test_recovered_file_that_is_larger_than_can_be_is_lost_unread(store: Store) -> None:
    entry = entry_in(store, bytes(Core()))
    os.truncate(Path(entry.staging) / "dump", most_bytes(0) + 1)
    Journal(store.jobs).add("x", entry)
    (made,) = recover(store)
    assert (made.path, made.outcome) == (None, "lost")
    assert not Path(entry.staging).exists()


@pytest.mark.parametrize("size", [64 << 20, most_bytes(0) + 1])
def test_captured_dump_that_grew_or_has_holes_is_not_hashed(store: Store, size: int) -> None:
    entry = entry_in(store)
    (store.directory / NAME).write_bytes(bytes(Core()))
    os.truncate(store.directory / NAME, size)
    directory = store.open_destination(store.directory)
    store.write_record(directory, NAME, {**entry.record, "outcome": "finished", "verified": True, "sha256": ""})
    os.close(directory)
    Journal(store.jobs).add("x", replace(entry, is_captured=True))
    recover(store)
    (record,) = store.records()
    assert (record.outcome, record.is_verified, record.text("sha256")) == ("lost", False, "")
    assert Journal(store.jobs).entries() == {}


@AS_ROOT
@pytest.mark.parametrize("seconds", [0, 2**32])
def test_full_staging_that_no_journal_knows_is_swept_with_all_in_it(store: Store, seconds: int) -> None:
    forgotten = store.staging / f".octotui-{'a' * 16}"
    (forgotten / "below").mkdir(parents=True)
    (forgotten / "below" / "file").touch()
    for path in (forgotten, forgotten / "below"):
        os.chown(path, NOBODY, NOBODY)
    forgotten.chmod(0)
    os.utime(forgotten, (seconds, seconds))
    recover(store)
    assert not forgotten.exists()


@AS_ROOT
def test_dump_that_was_taken_over_before_octotui_ended_is_recovered(store: Store) -> None:
    place = Place(store.staging, str(store.staging), NOBODY, NOBODY, is_ours=True)
    staging = Staging.make(place, "dump")
    path = Path(staging.inside_path)
    path.write_bytes(bytes(Core()))
    os.chown(path, NOBODY, NOBODY)
    device, inode = staging.identity
    os.close(staging.take_over()[0])
    staging.close()
    entry = replace(entry_in(store), staging=str(staging.directory), device=device, inode=inode, writer_uid=NOBODY)
    Journal(store.jobs).add("x", entry)
    (made,) = recover(store)
    assert made.is_verified
    assert not staging.directory.exists()


@pytest.mark.usefixtures("open_umask")
def test_parents_are_closed_to_writers_whatever_the_umask(tmp_path: Path) -> None:
    os.close(make_private(tmp_path / "a" / "b" / "private"))
    os.close(make_destination(tmp_path / "c" / "d" / "destination"))
    Store(tmp_path / "e" / "f" / "dumps").prepare()
    for path in tmp_path.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o022, path
    assert stat.S_IMODE((tmp_path / "a" / "b" / "private").stat().st_mode) == 0o700


def test_strict_umask_does_not_close_the_common_staging(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        store = Store(tmp_path / "a" / "state" / "dumps")
        store.prepare()
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.staging.stat().st_mode) == 0o711
    if os.geteuid() == 0:
        assert stat.S_IMODE(store.state.stat().st_mode) == 0o711
        assert stat.S_IMODE(store.state.parent.stat().st_mode) == 0o755


def test_existing_directories_keep_their_mode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o750)
    (tmp_path / "a").chmod(0o750)
    os.close(make_private(tmp_path / "a" / "private"))
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o750
    shutil.rmtree(tmp_path / "a")


@AS_ROOT
def test_nobody_is_told_to_take_over_a_directory_of_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    with pytest.raises(StoreError, match="belongs to uid 0") as refused:
        check_unchangeable(tmp_path)
    assert refused.value.hint == "sudo octotui dumps"
