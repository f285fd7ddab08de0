"""Control groups of both versions, as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from octotui.processes.cgroups import NO_MEMORY_LIMIT, MemoryRoom, main_cgroup, memory_room, parse_cgroups

UNIFIED = b"0::/system.slice/tentacle.service\n"
LEGACY = b"4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/system.slice/docker.service\n"


def write(group: Path, **values: object) -> None:
    group.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (group / name.replace("__", ".")).write_text(f"{value}\n")


def test_paths_are_told_by_controller() -> None:
    assert parse_cgroups(UNIFIED) == {"": "/system.slice/tentacle.service"}
    assert parse_cgroups(LEGACY)["cpuacct"] == "/docker/abc"
    assert parse_cgroups(b"\xff\n::\nno\n0:relative\n") == {}
    assert parse_cgroups(b"0::/with:colon\n") == {"": "/with:colon"}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (UNIFIED, "/system.slice/tentacle.service"),
        (LEGACY, "/system.slice/docker.service"),
        (b"4:memory:/docker/abc\n1:name=systemd:/\n0::/\n", "/docker/abc"),
        (b"0::/\n", "/"),
        (b"", ""),
    ],
)
def test_the_path_that_says_most_is_the_main_one(raw: bytes, path: str) -> None:
    assert main_cgroup(parse_cgroups(raw)) == path


def test_the_tightest_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    write(tmp_path / "system.slice", memory__max=1000, memory__current=900)
    write(tmp_path / "system.slice/tentacle.service", memory__max=500, memory__current=100)
    room = memory_room(parse_cgroups(UNIFIED), tmp_path)
    assert (room, room.free_bytes) == (MemoryRoom(1000, 900), 100)


def test_no_limit_is_no_limit_in_both_versions(tmp_path: Path) -> None:
    write(tmp_path / "system.slice/tentacle.service", memory__max="max", memory__current=100)
    write(tmp_path / "memory/docker/abc", memory__limit_in_bytes=9223372036854771712, memory__usage_in_bytes=5)
    assert memory_room(parse_cgroups(UNIFIED), tmp_path) == NO_MEMORY_LIMIT
    assert memory_room(parse_cgroups(LEGACY), tmp_path) == NO_MEMORY_LIMIT
    assert NO_MEMORY_LIMIT.free_bytes is None


def test_a_limit_of_the_first_version_is_read(tmp_path: Path) -> None:
    write(tmp_path / "memory/docker/abc", memory__limit_in_bytes=4096, memory__usage_in_bytes=5000)
    room = memory_room(parse_cgroups(LEGACY), tmp_path)
    assert (room.limit_bytes, room.free_bytes) == (4096, 0)


@pytest.mark.parametrize("raw", [b"0::/../../elsewhere\n", b"0::/not/mounted\n"])
def test_a_group_that_cannot_be_seen_from_here_is_said_to_be_so(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        memory_room(parse_cgroups(raw), tmp_path)
