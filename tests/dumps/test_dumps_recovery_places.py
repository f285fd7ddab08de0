"""After octotui was killed, in places that are not its own: the target's directory, and the host's memory."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from dotnet_targets import NOBODY, needs_root
from dump_cores import Core
from dump_doubles import entry_of

from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Entry, Journal
from octotui.dumps.staged.places import Place
from octotui.dumps.staged.shared_memory import home_of
from octotui.dumps.staged.staging import Staging
from octotui.dumps.survival.recovery import recover

CORE = bytes(Core())
GONE = (999_999_999, 1)
NAME = "Calamari-4242-20260930T101502Z.dmp"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "dumps")
    found.prepare()
    return found


def taken_over(store: Store, theirs: Path) -> tuple[Entry, Path]:
    """A dump in a directory of its writer, whose octotui was ended right after it had made the file its own."""
    staging = Staging.make(Place(theirs, str(theirs), NOBODY, NOBODY), "dump")
    entry = replace(entry_of(staging, store, GONE, NAME), writer_uid=NOBODY)
    path = staging.directory / "dump"
    path.write_bytes(CORE)
    path.chmod(0o600)
    staging.close()
    return replace(entry, file_device=path.stat().st_dev, file_inode=path.stat().st_ino), path


@needs_root
@pytest.mark.parametrize("owner", [0, NOBODY])
def test_whole_dump_that_was_just_taken_from_its_writer_is_not_lost(store: Store, theirs: Path, owner: int) -> None:
    entry, path = taken_over(store, theirs)
    os.chown(path, owner, owner)
    Journal(store.jobs).add("x", entry)
    (made,) = recover(store)
    assert made.is_verified
    assert made.path is not None
    assert (made.path.stat().st_uid, made.path.read_bytes()) == (0, CORE)
    assert list(theirs.iterdir()) == []


@needs_root
@pytest.mark.parametrize("trick", ["another file", "a second name", "a link"])
def test_file_that_its_writer_put_in_the_place_of_the_taken_one_is_not_believed(
    store: Store, theirs: Path, trick: str
) -> None:
    entry, path = taken_over(store, theirs)
    Journal(store.jobs).add("x", entry)
    precious = theirs / "precious"
    if trick == "another file":
        path.rename(precious)
        path.write_bytes(CORE)
    elif trick == "a second name":
        precious.hardlink_to(path)
    else:
        path.rename(precious)
        path.symlink_to(precious)
    (made,) = recover(store)
    assert (made.path, made.outcome) == (None, "lost")
    assert precious.read_bytes() == CORE


def test_dump_in_memory_is_settled_and_nothing_of_it_stays_there(store: Store) -> None:
    home = home_of(store.state)
    home.mkdir(mode=0o711)
    staging = Staging.make(Place(home, str(home), os.geteuid(), os.getegid(), is_ours=True), "dump")
    (staging.directory / "dump").write_bytes(CORE)
    Journal(store.jobs).add("x", entry_of(staging, store, GONE, NAME))
    staging.close()
    (made,) = recover(store)
    assert made.is_verified
    assert not home.exists()


def test_lost_dump_of_another_destination_is_told_too(store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    staging = Staging.make(Place(store.directory, str(store.directory), os.geteuid(), os.getegid()), "dump")
    Journal(store.jobs).add("x", replace(entry_of(staging, store, GONE, NAME), destination=str(elsewhere)))
    staging.close()
    (made,) = recover(store)
    assert (made.outcome, made.record_path) == ("lost", elsewhere / f"{NAME}.json")
