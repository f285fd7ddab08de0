"""Files of the store: read within bounds, written whole or not at all, copied only where there is room."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_disks import small_disk_at

from octotui.dumps.disk import files
from octotui.dumps.disk.directories import open_directory
from octotui.dumps.disk.files import copy_exclusively, read_json, write_json
from octotui.errors import CaptureFailed, is_disk_full

DISK_BYTES = 2 << 20


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    descriptor = open_directory(tmp_path)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "small disk", str(DISK_BYTES)) as place:
        yield place


def source_of(path: Path, content: bytes) -> int:
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


def refused_copy(source: int, place: Path) -> CaptureFailed:
    descriptor = open_directory(place)
    try:
        with pytest.raises(CaptureFailed) as refused:
            copy_exclusively(source, descriptor, "copy")
    finally:
        os.close(source)
        os.close(descriptor)
    assert list(place.iterdir()) == []
    return refused.value


def test_copy_without_room_is_not_begun(small_disk: Path, tmp_path: Path) -> None:
    error = refused_copy(source_of(tmp_path / "source", bytes(100)), small_disk)
    assert error.code == "disk-full"
    assert "small disk" in error.message
    assert "--output DIR" in error.hint


def test_disk_that_fills_up_during_the_copy_is_told_as_such(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SPACE_FLOOR_BYTES", -(1 << 40))
    error = refused_copy(source_of(tmp_path / "source", b"x" * 2 * DISK_BYTES), small_disk)
    assert (error.code, "the disk is full" in error.message) == ("disk-full", True)


def test_holes_stay_holes_in_a_copy(directory: int, tmp_path: Path) -> None:
    source = source_of(tmp_path / "source", b"begin")
    os.truncate(tmp_path / "source", 1 << 40)
    with (tmp_path / "source").open("r+b") as stream:
        stream.seek(1 << 30)
        stream.write(b"middle")
    try:
        os.close(copy_exclusively(source, directory, "copy"))
    finally:
        os.close(source)
    copy = tmp_path / "copy"
    assert copy.stat().st_size == 1 << 40
    assert copy.stat().st_blocks * 512 < 1 << 20
    with copy.open("rb") as stream:
        assert stream.read(5) == b"begin"
        stream.seek(1 << 30)
        assert stream.read(6) == b"middle"


def test_path_that_is_not_utf8_survives_a_record(directory: int) -> None:
    path = os.fsdecode(b"/tmp/x\xff")
    write_json(directory, "record.json", {"path": path})
    found = read_json("record.json", directory)
    assert found is not None
    assert os.fsencode(found["path"]) == b"/tmp/x\xff"


def test_record_that_cannot_be_written_leaves_nothing(directory: int, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(directory, "record.json", {"path": object()})
    assert list(tmp_path.iterdir()) == []


def test_pipe_with_a_writer_is_no_record(directory: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record.json")
    both = os.open(tmp_path / "record.json", os.O_RDWR)
    try:
        assert read_json("record.json", directory) is None
    finally:
        os.close(both)


def test_quota_counts_as_a_full_disk() -> None:
    assert is_disk_full(OSError(errno.EDQUOT, "quota"))
    assert not is_disk_full(OSError(errno.EIO, "input/output"))


def test_copy_gets_its_name_when_it_is_whole(directory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "COPY_BYTES", 1000)
    source = source_of(tmp_path / "source", bytes(range(250)) * 18)
    told: list[tuple[int, list[str]]] = []
    try:
        copy = copy_exclusively(
            source, directory, "copy", on_copied=lambda count: told.append((count, sorted(os.listdir(tmp_path))))
        )
        os.close(copy)
    finally:
        os.close(source)
    assert [count for count, _ in told] == [1000, 2000, 3000, 4000, 4500]
    assert all("copy" not in names for _, names in told)
    found = (tmp_path / "copy").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_nlink, found.st_size) == (0o600, 1, 4500)


@pytest.mark.parametrize("has_links", [True, False])
def test_file_systems_without_nameless_files_get_a_half_copy_that_a_later_octotui_removes(
    directory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    really_open, really_link = os.open, files.link_exclusively

    def open_named(path: str, flags: int, *arguments: int, **options: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "no such thing here")
        return really_open(path, flags, *arguments, **options)

    def link(*arguments: object) -> None:
        if not has_links:
            raise OSError(errno.EPERM, "no links here")
        really_link(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("os.open", open_named)
    monkeypatch.setattr(files, "link_exclusively", link)
    source = source_of(tmp_path / "source", b"a dump")
    seen: list[list[str]] = []
    try:
        copy = copy_exclusively(source, directory, "x.dmp", on_copied=lambda _: seen.append(os.listdir(tmp_path)))
        os.close(copy)
        with pytest.raises(FileExistsError):
            copy_exclusively(source, directory, "x.dmp")
    finally:
        os.close(source)
    assert sorted(seen[0]) == [".x.dmp.half", "source"]
    assert sorted(os.listdir(tmp_path)) == ["source", "x.dmp"]
    assert (tmp_path / "x.dmp").read_bytes() == b"a dump"
    assert (tmp_path / "x.dmp").stat().st_nlink == 1
    (tmp_path / ".y.dmp.half").write_bytes(b"a d")
    files.remove_half_copy(directory, "y.dmp")
    assert sorted(os.listdir(tmp_path)) == ["source", "x.dmp"]
