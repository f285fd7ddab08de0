"""The journal of captures: entries of other versions and other boots, hostile ones, and targets left stopped."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from dump_doubles import Sleeper, entry_of

from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.journal import Entry, Journal, new_token, own_identity
from octotui.dumps.staged.staging import Place, Staging
from octotui.dumps.survival.aftermath import continue_if_left_stopped
from octotui.dumps.targets.target import read_status


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "dumps")
    found.prepare()
    return found


@pytest.fixture
def entry(store: Store) -> Iterator[Entry]:
    place = Place(store.directory, str(store.directory), os.geteuid(), os.getegid())
    staging = Staging.make(place, "dump")
    yield entry_of(staging, store, own_identity(), "Calamari-4242-20260930T101502Z.dmp")
    staging.remove()


def written(store: Store, entry: Entry, **changes: Any) -> dict[str, Entry]:
    """What the journal reads of an entry with some fields changed, or dropped where they are None."""
    document = {"schema": 1, **asdict(entry), **changes}
    path = store.jobs / "x.json"
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    return Journal(store.jobs).entries()


def test_entry_of_an_earlier_octotui_is_understood_and_its_target_not_continued(store: Store, entry: Entry) -> None:
    later = ("was_stopped", "is_held", "boot", "file_device", "file_inode", "expected_bytes")
    found = written(store, entry, **dict.fromkeys(later))["x"]
    assert found == replace(entry, was_stopped=True)
    assert found.is_owner_alive


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"target_pid": 1 << 40},
        {"owner_pid": -1},
        {"device": 1 << 70},
        {"file": ".."},
        {"name": ""},
        {"name": ".hidden.dmp"},
        {"name": "a" * 300},
        {"destination": "dumps"},
        {"destination": "/a/../b"},
        {"destination": "/a\0b"},
        {"staging": "/etc"},
        {"was_stopped": "no"},
        {"record": []},
        {"boot": 1},
    ],
)
def test_entry_that_no_octotui_wrote_is_not_believed(store: Store, entry: Entry, changes: dict[str, Any]) -> None:
    assert written(store, entry) == {"x": entry}
    assert written(store, entry, **changes) == {}
    assert (store.jobs / "x.json").exists()


def test_owner_of_an_earlier_boot_is_not_taken_for_a_process_of_this_one(entry: Entry) -> None:
    assert entry.is_owner_alive
    assert not replace(entry, boot="another").is_owner_alive


def test_note_that_was_being_written_goes_with_its_octotui_only(store: Store) -> None:
    pid, started = own_identity()
    living = f".{new_token('.octotui-' + '0' * 16)}.json.0123abcd"
    dead = living.replace(f"-{pid}-{started}", f"-{pid}-{started + 1}")
    for name in (living, dead):
        (store.jobs / name).touch()
    Journal(store.jobs).sweep()
    assert [path.name for path in store.jobs.iterdir()] == [living]


def stopped(sleeper: Sleeper) -> Sleeper:
    sleeper.process.send_signal(signal.SIGSTOP)
    while (status := read_status(sleeper.key.pid)) is not None and status.state != "T":
        time.sleep(0.001)
    return sleeper


def of(entry: Entry, sleeper: Sleeper, **changes: Any) -> Entry:
    return replace(entry, target_pid=sleeper.key.pid, target_started=sleeper.key.started, **changes)


@pytest.mark.parametrize(
    ("changes", "is_whole", "is_continued"),
    [
        ({}, False, True),
        ({"was_stopped": True}, False, False),
        ({}, True, False),
        ({"is_held": True}, True, True),
        ({"is_held": True, "was_stopped": True}, False, False),
        ({"boot": "another"}, False, False),
    ],
)
def test_only_a_target_that_the_capture_itself_can_have_stopped_is_continued(
    entry: Entry, sleeper: Sleeper, changes: dict[str, Any], is_whole: bool, is_continued: bool
) -> None:
    known = of(entry, stopped(sleeper), **changes)
    assert continue_if_left_stopped(known, is_whole=is_whole) is is_continued
    status = read_status(sleeper.key.pid)
    assert status is not None
    assert (status.state == "T") is not is_continued


def test_process_that_took_over_the_pid_is_never_continued(entry: Entry, sleeper: Sleeper) -> None:
    known = of(entry, stopped(sleeper))
    assert not continue_if_left_stopped(replace(known, target_started=known.target_started - 1), is_whole=False)
    status = read_status(sleeper.key.pid)
    assert status is not None
    assert status.state == "T"
