"""The digest that follows a growing file is the digest of its final bytes, whatever happened on the way."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from octotui.dumps.disk.hashing import BLOCK_BYTES, FollowingHash, has_idle_cores, whole_digest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "growing"


@pytest.fixture
def follower(file: Path) -> Iterator[FollowingHash]:
    found = FollowingHash(lambda: os.open(file, os.O_RDONLY), trusts_writer=True)
    yield found
    found.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if is_so():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come about")


def digest_of(follower: FollowingHash, file: Path) -> str:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        assert whole_digest(descriptor) == hashlib.sha256(file.read_bytes()).hexdigest()
        return follower.digest(descriptor)
    finally:
        os.close(descriptor)


def test_file_is_followed_from_before_it_exists_to_its_end(follower: FollowingHash, file: Path) -> None:
    follower.start()
    with file.open("wb") as stream:
        for piece in range(40):
            stream.write(bytes([piece]) * 100_001)
            stream.flush()
            time.sleep(0.001)
    assert digest_of(follower, file) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert follower.bytes_written <= file.stat().st_size


def test_writer_that_mends_its_header_at_the_end_is_noticed(follower: FollowingHash, file: Path) -> None:
    content = bytearray(os.urandom(3 * BLOCK_BYTES))
    file.write_bytes(content)
    follower.start()
    wait_until(lambda: follower.bytes_written == len(content))
    with file.open("r+b") as stream:
        stream.seek(60)
        stream.write(b"mended")
    assert digest_of(follower, file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_file_that_was_replaced_is_read_anew(follower: FollowingHash, file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"first" * 1000)
    follower.start()
    wait_until(lambda: follower.bytes_written == 5000)
    (tmp_path / "other").write_bytes(b"again" * 1000)
    (tmp_path / "other").rename(file)
    assert digest_of(follower, file) == hashlib.sha256(b"again" * 1000).hexdigest()


def test_file_that_shrank_is_read_anew(follower: FollowingHash, file: Path) -> None:
    file.write_bytes(b"x" * 100_000)
    follower.start()
    wait_until(lambda: follower.bytes_written == 100_000)
    os.truncate(file, 10)
    assert digest_of(follower, file) == hashlib.sha256(b"x" * 10).hexdigest()


def test_file_that_could_not_be_followed_is_hashed_at_the_end(file: Path) -> None:
    def never() -> int:
        raise OSError("not now")

    follower = FollowingHash(never, trusts_writer=True)
    follower.start()
    file.write_bytes(b"all at once")
    assert digest_of(follower, file) == hashlib.sha256(b"all at once").hexdigest()


def test_digest_works_without_having_been_started(follower: FollowingHash, file: Path) -> None:
    file.write_bytes(b"")
    assert digest_of(follower, file) == hashlib.sha256(b"").hexdigest()


def test_middle_that_a_stranger_changes_later_counts_as_it_is_in_the_end(file: Path) -> None:
    content = os.urandom(3 * BLOCK_BYTES)
    file.write_bytes(content)
    follower = FollowingHash(lambda: os.open(file, os.O_RDONLY), trusts_writer=False)
    follower.start()
    wait_until(lambda: follower.bytes_written == len(content))
    with file.open("r+b") as stream:
        stream.seek(2 * BLOCK_BYTES)
        stream.write(b"other bytes")
    assert digest_of(follower, file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_digest_of_a_huge_file_can_be_given_up(file: Path) -> None:
    file.touch()
    os.truncate(file, 1 << 40)
    follower = FollowingHash(lambda: os.open(file, os.O_RDONLY), trusts_writer=True)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        assert whole_digest(descriptor, lambda: True) == ""
        assert follower.digest(descriptor, lambda: True) == ""
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(("cores", "is_followed"), [(1, False), (2, False), (3, False), (4, True), (64, True)])
def test_few_cores_are_left_to_the_writer(monkeypatch: pytest.MonkeyPatch, cores: int, is_followed: bool) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)))
    assert has_idle_cores() is is_followed
