"""Staging: where a dump may be written, and what is taken from there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dump_doubles import facts_of

from octotui.dumps.rights import Rights, read_rights
from octotui.dumps.staged.places import Place, choose_place
from octotui.dumps.staged.staging import Staging
from octotui.errors import CaptureFailed, Refused
from octotui.processes.model import ProcessKey

KEY = ProcessKey(4242, 1)
NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to another user")


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    made = Staging.make(Place(tmp_path, str(tmp_path), os.geteuid(), os.getegid()), "dump")
    yield made
    made.remove()


def written(staging: Staging, content: bytes = b"a dump") -> Path:
    path = Path(staging.inside_path)
    path.write_bytes(content)
    return path


def test_staging_directory_is_private_and_new_each_time(staging: Staging, tmp_path: Path) -> None:
    found = staging.directory.stat()
    assert stat.S_IMODE(found.st_mode) == 0o700
    other = Staging.make(staging.place, "dump")
    assert other.directory != staging.directory
    other.remove()
    assert not other.directory.exists()


def test_written_file_is_taken_over_as_ours_alone(staging: Staging) -> None:
    path = written(staging)
    path.chmod(0o666)
    descriptor, is_sealed = staging.take_over()
    assert is_sealed
    assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
    os.close(descriptor)


def test_tool_that_left_nothing_is_a_failure(staging: Staging) -> None:
    with pytest.raises(CaptureFailed) as failed:
        staging.take_over()
    assert failed.value.code == "no-file"


@pytest.mark.parametrize("plant", ["link", "second-name", "pipe", "directory"])
def test_anything_but_a_plain_file_is_not_taken(staging: Staging, tmp_path: Path, plant: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's own")
    place = Path(staging.inside_path)
    match plant:
        case "link":
            place.symlink_to(secret)
        case "second-name":
            place.hardlink_to(secret)
        case "pipe":
            os.mkfifo(place)
        case "directory":
            place.mkdir()
    with pytest.raises(CaptureFailed) as failed:
        staging.take_over()
    assert failed.value.code == "tampered"
    assert secret.read_text() == "root's own"
    if plant == "directory":
        place.rmdir()


@AS_ROOT
def test_file_of_a_third_user_is_not_taken(staging: Staging) -> None:
    path = written(staging)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(CaptureFailed):
        staging.take_over()


@AS_ROOT
def test_writer_loses_its_hold_on_what_was_taken(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    staging = Staging.make(Place(tmp_path, str(tmp_path), NOBODY, NOBODY, is_ours=True), "dump")
    assert staging.directory.stat().st_uid == NOBODY
    path = written(staging)
    os.chown(path, NOBODY, NOBODY)
    with path.open("r+b"):
        descriptor, is_sealed = staging.take_over()
        os.close(descriptor)
        assert not is_sealed, "someone still has it open for writing"
    with pytest.raises(CaptureFailed):
        staging.take_over()
    os.chown(path, NOBODY, NOBODY)
    descriptor, is_sealed = staging.take_over()
    os.close(descriptor)
    assert is_sealed
    assert path.stat().st_uid == staging.directory.stat().st_uid == 0
    staging.remove()
    assert not staging.directory.exists()


def test_staging_knows_whether_it_is_still_written_to(staging: Staging) -> None:
    assert not staging.is_being_written()
    path = written(staging)
    assert not staging.is_being_written()
    with path.open("ab"):
        assert staging.is_being_written()


def test_staging_of_an_earlier_octotui_is_known_by_its_inode(staging: Staging) -> None:
    device, inode = staging.identity
    again = Staging.reopen(staging.directory, "dump", device, inode, os.geteuid())
    assert again is not None
    again.close()
    assert Staging.reopen(staging.directory, "dump", device, inode + 1, os.geteuid()) is None
    assert Staging.reopen(staging.directory / "no", "dump", device, inode, os.geteuid()) is None


def test_swapped_staging_directory_is_left_alone(staging: Staging, tmp_path: Path) -> None:
    written(staging)
    staging.directory.rename(tmp_path / "elsewhere")
    staging.directory.mkdir()
    (staging.directory / "innocent").write_text("keep")
    staging.remove()
    assert (staging.directory / "innocent").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_own_user_writes_inside_the_destination(tmp_path: Path) -> None:
    place = choose_place(facts_of(KEY), read_rights(), tmp_path, tmp_path / "staging")
    assert place.outside == tmp_path


@AS_ROOT
def test_other_user_writes_where_it_can_pass(tmp_path: Path) -> None:
    private, common = tmp_path / "private", tmp_path / "common"
    private.mkdir(mode=0o700)
    common.mkdir(mode=0o711)
    reachable = Path("/tmp")
    facts = facts_of(KEY, uid=NOBODY, gid=NOBODY, temp_directory=str(reachable))
    assert choose_place(facts, read_rights(), private, reachable).outside == reachable
    # pytest's own directories are closed to others, so the common one cannot be reached either.
    place = choose_place(facts, read_rights(), private, common)
    assert place == Place(reachable, "/tmp", NOBODY, NOBODY)


@AS_ROOT
def test_root_never_writes_below_a_directory_that_a_user_can_swap(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    ours = tmp_path / "ours"
    ours.mkdir(mode=0o711)
    assert choose_place(facts_of(KEY), read_rights(), theirs, ours).outside == ours
    with pytest.raises(Refused) as refused:
        choose_place(facts_of(KEY, temp_directory=str(theirs)), read_rights(), theirs, theirs)
    assert refused.value.code == "no-staging"


def test_target_in_another_mount_namespace_writes_into_its_own(tmp_path: Path) -> None:
    me = ProcessKey(os.getpid(), 1)
    facts = facts_of(me, same_mounts=False, temp_directory="/tmp")
    place = choose_place(facts, Rights(os.geteuid(), os.getegid()), tmp_path, tmp_path)
    assert place.outside == Path(f"/proc/{os.getpid()}/root/tmp")
    assert place.inside == "/tmp"
