"""A writer who owns the place that its dump is written to gains nothing by what it does there."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import facts_of

from octotui.dumps.disk.acting import Actor, open_way_below
from octotui.dumps.disk.clearing import MOST_DEPTH
from octotui.dumps.rights import Rights
from octotui.dumps.staged.places import Place, choose_place, is_ours
from octotui.dumps.staged.staging import Staging
from octotui.errors import CaptureFailed, Refused
from octotui.processes.model import ProcessKey

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root and a second user")


@pytest.fixture
def passable() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def run_as_nobody(script: str, *words: str) -> None:
    subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "bash", "-ec", script, "-", *words],
        check=True,
    )


def place_in(directory: Path) -> Place:
    facts = facts_of(ProcessKey(4242, 1), uid=NOBODY, gid=NOBODY)
    return choose_place(facts, Rights(0, 0), directory, directory)


def test_acting_as_a_user_takes_roots_rights_in_that_thread_only(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's own")
    with pytest.raises(PermissionError):
        Actor(NOBODY, NOBODY).do(secret.read_text)
    assert secret.read_text() == "root's own"


def test_acting_drops_roots_groups_and_takes_those_of_the_user(passable: Path) -> None:
    shared = passable / "shared"
    shared.mkdir()
    os.chown(shared, 0, 4321)
    shared.chmod(0o770)
    with pytest.raises(PermissionError):
        Actor(NOBODY, NOBODY).do(lambda: os.listdir(shared))
    assert Actor(NOBODY, NOBODY, (4321,)).do(lambda: os.listdir(shared)) == []


def test_directory_in_a_place_of_the_writer_is_its_own_from_birth(theirs: Path) -> None:
    place = place_in(theirs)
    assert not place.is_ours
    staging = Staging.make(place, "dump")
    found = staging.directory.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (NOBODY, NOBODY, 0o700)
    staging.remove()
    assert list(theirs.iterdir()) == []


def test_directory_of_root_in_its_place_is_neither_entered_nor_cleared(theirs: Path) -> None:
    staging = Staging.make(place_in(theirs), "dump")
    staging.directory.rename(theirs / "moved")
    staging.directory.mkdir(mode=0o700)
    (staging.directory / "dump").write_text("root's own")
    staging.remove()
    assert (staging.directory / "dump").read_text() == "root's own"
    assert staging.directory.stat().st_uid == 0


@pytest.mark.parametrize("owner", [0, 12345])
def test_file_of_another_user_in_a_place_of_the_writer_is_not_taken(theirs: Path, owner: int) -> None:
    staging = Staging.make(place_in(theirs), "dump")
    path = Path(staging.inside_path)
    path.write_text("not the writer's")
    path.chmod(0o644)
    os.chown(path, owner, owner)
    with pytest.raises(CaptureFailed) as failed:
        staging.take_over()
    assert failed.value.code == "tampered"
    assert path.stat().st_uid == owner
    staging.remove()


def test_written_file_is_taken_and_the_directory_stays_the_writers(theirs: Path) -> None:
    staging = Staging.make(place_in(theirs), "dump")
    run_as_nobody('echo dump > "$1"', staging.inside_path)
    descriptor, is_sealed = staging.take_over()
    found = os.fstat(descriptor)
    os.close(descriptor)
    assert is_sealed
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)
    assert staging.directory.stat().st_uid == NOBODY
    staging.forget_file()
    staging.remove()
    assert list(theirs.iterdir()) == []


@pytest.mark.parametrize("place", ["theirs", "passable"])
def test_nothing_of_a_hostile_writer_stays(request: pytest.FixtureRequest, place: str) -> None:
    directory: Path = request.getfixturevalue(place)
    chosen = place_in(directory)
    assert chosen.is_ours == (place == "passable")
    staging = Staging.make(chosen, "dump")
    outside = directory / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    run_as_nobody(
        'cd "$1"; mkdir -p a/b/c; touch a/f a/b/g; mkfifo pipe; ln -s "$2" link; ln -s "$2" a/link; '
        "chmod 0500 a/b; chmod 0 .",
        str(staging.directory),
        str(outside),
    )
    staging.remove()
    assert not staging.directory.exists()
    assert (outside / "kept").exists()


def test_bottomless_directory_is_not_followed_for_ever(passable: Path) -> None:
    staging = Staging.make(place_in(passable), "dump")
    run_as_nobody('cd "$1"; mkdir -p "$2"', str(staging.directory), "/".join("." + "d" for _ in range(MOST_DEPTH + 5)))
    staging.remove()
    assert staging.directory.exists()


def test_only_directories_that_nobody_else_can_change_are_ours(theirs: Path, passable: Path) -> None:
    assert is_ours(passable)
    assert not is_ours(theirs)
    assert not is_ours(Path("/tmp"))
    below = theirs / "below"
    below.mkdir()
    assert not is_ours(below)
    assert not is_ours(Path(f"/proc/{os.getpid()}/root{passable}"))
    passable.chmod(0o777)
    assert not is_ours(passable)


def test_temp_directory_that_a_third_user_can_swap_is_refused(theirs: Path) -> None:
    facts = facts_of(ProcessKey(4242, 1), uid=12345, gid=12345, temp_directory=str(theirs))
    theirs.chmod(0o777)
    with pytest.raises(Refused):
        choose_place(facts, Rights(0, 0), theirs, theirs)


@pytest.mark.parametrize("way", ["/link", "/link/below", "/../escape", "relative"])
def test_link_in_the_targets_own_root_is_not_followed(passable: Path, way: str) -> None:
    (passable / "link").symlink_to("/etc")
    root = os.open(passable, os.O_PATH | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError, match=r"."):
            open_way_below(root, way)
    finally:
        os.close(root)


def test_temp_directory_that_is_a_link_in_another_mount_namespace_is_refused_in_words(passable: Path) -> None:
    (passable / "link").symlink_to("/etc")
    me = ProcessKey(os.getpid(), 1)
    facts = facts_of(me, uid=NOBODY, gid=NOBODY, same_mounts=False, temp_directory=str(passable / "link"))
    with pytest.raises(Refused, match="symbolic link"):
        choose_place(facts, Rights(0, 0), passable, passable)
    plain = choose_place(replace(facts, temp_directory="/var/tmp"), Rights(0, 0), passable, passable)
    staging = Staging.make(plain, "dump")
    assert staging.directory.stat().st_uid == NOBODY
    device, inode = staging.identity
    again = Staging.reopen(staging.directory, "dump", device, inode, NOBODY)
    assert again is not None
    again.close()
    staging.remove()
    assert not staging.directory.exists()
