"""The doctor's lines about the store and the terminal."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from octotui.cli.doctor.check import Check, Status
from octotui.cli.doctor.storage import store
from octotui.cli.doctor.terminal import terminal
from octotui.dumps.disk.filesystems import FileSystem

PLENTY = 50_000_000_000


def lines(directory: Path, *, free: int = PLENTY, kind: str = "ext4", is_store: bool = True) -> dict[str, Check]:
    disk = FileSystem(device=1, kind=kind, free_bytes=free, total_bytes=2 * PLENTY)
    return {check.title: check for check in store(directory, is_store=is_store, look=lambda _: disk)}


def test_a_private_store_with_room_is_fine(tmp_path: Path) -> None:
    directory = tmp_path / "dumps"
    directory.mkdir(mode=0o700)
    assert [check.status for check in lines(directory).values()] == [Status.OK] * 3


def test_a_store_that_is_not_there_yet_is_fine_and_is_not_made_by_looking(tmp_path: Path) -> None:
    check = lines(tmp_path / "state" / "dumps")["store"]
    assert check.status is Status.OK
    assert "first dump" in check.detail
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_others_can_read_is_a_failure_with_the_chmod_that_mends_it(tmp_path: Path) -> None:
    directory = tmp_path / "my dumps"
    directory.mkdir()
    directory.chmod(0o755)
    check = lines(directory)["store"]
    assert check.status is Status.FAILURE
    assert check.fix == f"chmod 700 '{directory}'"
    assert lines(directory, is_store=False)["store"].status is Status.OK


def test_a_store_that_is_a_link_or_a_file_is_a_failure(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").touch()
    for name in ("link", "file", "file/dumps"):
        check = lines(tmp_path / name)["store"]
        assert (check.status, bool(check.fix)) == (Status.FAILURE, True)


def test_little_room_is_a_warning(tmp_path: Path) -> None:
    assert lines(tmp_path, free=1_000_000)["free space"].status is Status.WARNING


def test_room_that_cannot_be_asked_is_a_warning(tmp_path: Path) -> None:
    def refuse(_: Path) -> FileSystem:
        raise OSError(errno.EIO, "Input/output error")

    found = {check.title: check for check in store(tmp_path, look=refuse)}
    assert found["free space"].status is Status.WARNING


@pytest.mark.parametrize(
    ("kind", "status"),
    [("ext4", Status.OK), ("", Status.OK), ("tmpfs", Status.WARNING), ("nfs4", Status.WARNING)],
)
def test_the_kind_of_disk_is_held_against_what_a_dump_needs(kind: str, status: Status, tmp_path: Path) -> None:
    assert lines(tmp_path, kind=kind)["file system"].status is status


@pytest.mark.parametrize(
    ("environment", "status", "words"),
    [
        ({"TERM": "xterm-256color"}, Status.OK, "256 colours"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Status.OK, "16 million"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Status.OK, "without colour"),
        ({"TERM": "linux"}, Status.OK, "16 colours"),
        ({"TERM": "dumb"}, Status.WARNING, "cannot be drawn"),
        ({}, Status.WARNING, "cannot be drawn"),
    ],
)
def test_each_kind_of_terminal_is_told_apart(environment: dict[str, str], status: Status, words: str) -> None:
    check = terminal(environment, is_tty=True, is_utf8=True, size=(80, 24))[0]
    assert (check.status, words in check.detail) == (status, True)


@pytest.mark.parametrize(("size", "status"), [((80, 24), Status.OK), ((60, 15), Status.OK), ((59, 15), Status.WARNING)])
def test_the_size_is_held_against_the_design(size: tuple[int, int], status: Status) -> None:
    found = {check.title: check for check in terminal({"TERM": "xterm"}, is_tty=True, is_utf8=True, size=size)}
    assert found["size"].status is status


def test_a_locale_without_utf8_is_a_warning_with_the_export_that_mends_it() -> None:
    found = {check.title: check for check in terminal({"TERM": "xterm"}, is_tty=True, is_utf8=False, size=(80, 24))}
    assert found["characters"].status is Status.WARNING
    assert "export" in found["characters"].fix


def test_output_that_is_no_terminal_is_one_line_and_no_warning() -> None:
    (check,) = terminal({}, is_tty=False)
    assert check.status is Status.OK
