"""Admission to the store: what goes wrong on the way leaves nothing in the destination."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dump_cores import Core

from octotui.dumps.captures import admission as admission_module
from octotui.dumps.captures.admission import Admission, Admitted
from octotui.dumps.keeping.store import Store
from octotui.dumps.staged.places import Place
from octotui.dumps.staged.staging import Staging
from octotui.dumps.verifying.verify import Expectation, Writer
from octotui.errors import CaptureFailed

WANTED = Expectation(pids=frozenset({4242}), writer=Writer.CREATEDUMP)


class Room:
    """A store with one written dump in its staging."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory / "dumps")
        self.store.prepare()
        place = Place(self.store.staging, str(self.store.staging), os.geteuid(), os.getegid(), is_ours=True)
        self.staging = Staging.make(place, "dump")
        Path(self.staging.inside_path).write_bytes(bytes(Core()))
        self.descriptor = self.store.open_destination(self.store.directory)
        self.admission = Admission(self.store, self.descriptor, self.store.directory)

    def admit(self, document: Any = lambda admitted: {}) -> Admitted:
        return self.admission.admit(self.staging, "some.dmp", WANTED, document)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.store.directory.iterdir())

    def close(self) -> None:
        self.staging.remove()
        os.close(self.descriptor)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def test_dump_stands_in_its_place_with_a_record(room: Room) -> None:
    admitted = room.admit()
    assert os.fstat(admitted.descriptor).st_ino == admitted.path.stat().st_ino
    os.close(admitted.descriptor)
    assert room.names() == ["some.dmp", "some.dmp.json"]


def test_record_that_cannot_be_made_takes_the_dump_with_it(room: Room) -> None:
    def broken(admitted: Admitted) -> dict[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        room.admit(broken)
    assert room.names() == []


def test_staged_name_that_cannot_be_taken_away_takes_the_dump_with_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(admission_module, "_has_one_name", broken)
    with pytest.raises(PermissionError):
        room.admit()
    assert room.names() == []


def test_dump_with_a_second_name_is_replaced_by_a_copy(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission_module, "_has_one_name", lambda *_: False)
    inode = os.stat(room.staging.inside_path).st_ino
    admitted = room.admit()
    assert os.fstat(admitted.descriptor).st_ino == admitted.path.stat().st_ino != inode
    os.close(admitted.descriptor)


def test_full_disk_has_a_code_and_the_way_out(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> tuple[str, int | None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "admit", full)
    with pytest.raises(CaptureFailed) as failed:
        room.admit()
    assert failed.value.code == "disk-full"
    assert str(room.store.directory) in failed.value.message
    assert failed.value.hint


def test_file_of_another_that_took_the_name_is_left_alone(room: Room) -> None:
    def swapped(admitted: Admitted) -> dict[str, Any]:
        admitted.path.unlink()
        admitted.path.write_text("another dump")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        room.admit(swapped)
    assert (room.store.directory / "some.dmp").read_text() == "another dump"
