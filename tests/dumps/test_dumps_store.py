"""The store: private, never overwriting, and showing every dump whatever became of its record."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dump_cores import Core

from octotui.dumps.disk.files import read_json, safe_word
from octotui.dumps.keeping.store import Store, dump_name
from octotui.dumps.model import Target
from octotui.errors import StoreError
from octotui.processes.model import ProcessKey

MOMENT = datetime(2026, 9, 30, 10, 15, 2, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "state" / "dumps")
    found.prepare()
    return found


def admit(store: Store, name: str, source: Path, *, may_link: bool = True) -> str:
    descriptor, directory = os.open(source, os.O_RDONLY), store.open_destination(store.directory)
    try:
        admitted, copy = store.admit(descriptor, directory, name, may_link=may_link, is_cancelled=lambda: False)
        if copy is not None:
            os.close(copy)
        return admitted
    finally:
        os.close(descriptor)
        os.close(directory)


def record(store: Store, dump: str, **fields: object) -> None:
    directory = store.open_destination(store.directory)
    store.write_record(directory, dump, {"schema": 1, **fields})
    os.close(directory)


@pytest.fixture
def source(store: Store) -> Path:
    path = store.staging / "source"
    path.write_bytes(bytes(Core()))
    path.chmod(0o600)
    return path


def test_store_is_private_and_staging_can_only_be_passed(store: Store) -> None:
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.jobs.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.staging.stat().st_mode) == 0o711


def test_store_that_others_can_read_is_refused(store: Store) -> None:
    store.directory.chmod(0o755)
    with pytest.raises(StoreError, match="is open to others"):
        store.prepare()


def test_store_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "dumps").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="is a symbolic link"):
        Store(tmp_path / "dumps", state=tmp_path).prepare()


def test_store_of_another_user_is_refused(store: Store) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to give a directory away")
    os.chown(store.directory, 65534, 65534)
    with pytest.raises(StoreError, match="belongs to uid 65534"):
        store.prepare()


def test_destination_in_which_others_can_swap_files_is_refused(store: Store, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(StoreError, match="others can replace files"):
        store.prepare(shared)
    shared.chmod(0o1777)
    store.prepare(shared)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is not a directory"):
        store.prepare(tmp_path / "file")
    store.prepare(tmp_path / "new" / "deep")
    assert stat.S_IMODE((tmp_path / "new" / "deep").stat().st_mode) == 0o700


def test_names_tell_role_pid_and_time() -> None:
    target = Target(ProcessKey(14220, 1), "dotnet", label="Calamari")
    assert dump_name(target, MOMENT) == "Calamari-14220-20260930T101502Z.dmp"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".hidden", "\x1b[2J", "", "x" * 300, "-rf", "name\nline"])
def test_hostile_names_stay_in_the_directory(name: str) -> None:
    word = safe_word(name)
    assert "/" not in word
    assert 0 < len(word) <= 40
    assert word[0] not in ".-"
    assert word.isprintable()


@pytest.mark.parametrize("may_link", [True, False])
def test_existing_file_is_never_reused(store: Store, source: Path, may_link: bool) -> None:
    taken = store.directory / "a.dmp"
    taken.write_text("mine")
    assert admit(store, "a.dmp", source, may_link=may_link) == "a-2.dmp"
    assert taken.read_text() == "mine"
    assert (store.directory / "a-2.dmp").read_bytes() == source.read_bytes()
    assert stat.S_IMODE((store.directory / "a-2.dmp").stat().st_mode) == 0o600


def test_planted_link_is_not_followed(store: Store, source: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (store.directory / "a.dmp").symlink_to(victim)
    assert admit(store, "a.dmp", source) == "a-2.dmp"
    assert not victim.exists()


def test_records_come_newest_first_with_their_facts(store: Store, source: Path) -> None:
    for name, day in (("old.dmp", "2026-09-01"), ("new.dmp", "2026-09-03"), ("mid.dmp", "2026-09-02")):
        record(store, admit(store, name, source, may_link=False), captured_at=f"{day}T00:00:00Z", verified=True)
    found = store.records()
    assert [r.name for r in found] == ["new.dmp", "mid.dmp", "old.dmp"]
    assert found[0].is_verified
    assert found[0].size_bytes == source.stat().st_size


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"captured_at": 5}', "\x00" * 10])
def test_damaged_record_never_hides_its_dump(store: Store, source: Path, damage: str) -> None:
    admit(store, "a.dmp", source)
    (store.directory / "a.dmp.json").write_text(damage)
    (found,) = store.records()
    assert found.path == store.directory / "a.dmp"
    assert found.size_bytes == source.stat().st_size
    assert not found.is_verified


def test_dump_without_record_is_listed(store: Store, source: Path) -> None:
    admit(store, "a.dmp", source)
    (found,) = store.records()
    assert found.problem == "it has no record"


def test_lost_dump_leaves_its_trace(store: Store) -> None:
    record(store, "gone.dmp", captured_at="2026-09-01T00:00:00Z", outcome="lost")
    (found,) = store.records()
    assert (found.path, found.outcome, found.problem) == (None, "lost", "")
    store.remove(found)
    assert store.records() == ()


def test_record_of_a_dump_that_was_taken_away_says_so(store: Store) -> None:
    record(store, "gone.dmp", captured_at="2026-09-01T00:00:00Z", outcome="finished", verified=True)
    (found,) = store.records()
    assert found.problem == "its dump is gone"
    assert not found.is_verified


def test_removal_takes_dump_and_record(store: Store, source: Path) -> None:
    record(store, admit(store, "a.dmp", source), captured_at="2026-09-01T00:00:00Z")
    admit(store, "b.dmp", source, may_link=False)
    store.remove(store.records()[-1])
    assert sorted(path.name for path in store.directory.iterdir()) == ["b.dmp"]


def test_links_and_pipes_in_the_store_are_no_dumps(store: Store, tmp_path: Path) -> None:
    (store.directory / "link.dmp").symlink_to("/etc/passwd")
    os.mkfifo(store.directory / "pipe.dmp")
    os.mkfifo(store.directory / "x.dmp.json")
    (store.directory / "y.dmp.json").symlink_to("/etc/passwd")
    assert store.records() == ()
    assert read_json(store.directory / "y.dmp.json") is None


def test_store_that_was_never_used_is_empty(tmp_path: Path) -> None:
    assert Store(tmp_path / "never" / "dumps").records() == ()
    assert not (tmp_path / "never").exists()


def test_record_is_written_whole_and_private(store: Store, source: Path) -> None:
    record(store, admit(store, "a.dmp", source), captured_at="2026-09-01T00:00:00Z", name="naïve \u202e")
    path = store.directory / "a.dmp.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in store.directory.iterdir() if p.name.startswith(".")] == []
    assert "\u202e" not in store.records()[0].text("name")
