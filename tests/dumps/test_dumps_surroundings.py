"""What the host has left, read from roots made by hand: memory, page cache, limits of disks and control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from octotui.dumps.estimating.surroundings import Surroundings

MB = 1 << 20
DISK = os.makedev(8, 1)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def host(tmp_path: Path) -> Surroundings:
    """1000 MB that files may dirty, of which 200 MB and 100 MB are the limits; 20 MB are waiting for a disk."""
    proc = tmp_path / "proc"
    lines = {"MemTotal": 4000, "MemFree": 600, "MemAvailable": 3000, "Active(file)": 300, "Inactive(file)": 100}
    lines |= {"Dirty": 15, "Writeback": 5}
    put(proc / "meminfo", "".join(f"{name}:   {megabytes * 1024} kB\n" for name, megabytes in lines.items()))
    for name, value in (("dirty_ratio", 20), ("dirty_background_ratio", 10), ("dirty_bytes", 0)):
        put(proc / "sys" / "vm" / name, f"{value}\n")
    put(proc / "pressure" / "memory", "some avg10=0.00 avg60=2.50 avg300=0.00 total=0\nfull avg10=0.00 avg60=9.00\n")
    put(proc / "self" / "mountinfo", "30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n")
    return Surroundings(memory=tmp_path, proc=proc, system=tmp_path / "sys", cgroups=tmp_path / "cgroups")


def test_page_cache_is_told_by_the_limits_of_dirty_pages(host: Surroundings) -> None:
    found = host.host_memory(DISK)
    assert found.available_bytes == 3000 * MB
    assert found.cache_bytes == (150 - 20) * MB
    assert found.pressure_percent == 2.5
    assert found.shared_bytes > 0


def test_limits_in_bytes_come_before_shares(host: Surroundings) -> None:
    put(host.proc / "sys" / "vm" / "dirty_bytes", str(60 * MB))
    assert host.host_memory(DISK).cache_bytes == (60 + 60) // 2 * MB - 20 * MB


def test_disk_held_to_a_limit_of_its_own_takes_no_more(host: Surroundings) -> None:
    disk = host.system / "devices" / "sda"
    put(disk / "bdi" / "strict_limit", "1\n")
    put(disk / "bdi" / "max_ratio", "100\n")
    put(disk / "bdi" / "max_bytes", str(16 * MB))
    (disk / "sda1").mkdir()
    (host.system / "dev" / "block").mkdir(parents=True)
    (host.system / "dev" / "block" / "8:1").symlink_to(disk / "sda1")
    assert host.host_memory(DISK).cache_bytes == 16 * MB
    put(disk / "bdi" / "strict_limit", "0\n")
    assert host.host_memory(DISK).cache_bytes == 130 * MB


def test_network_file_system_is_held_to_its_share(host: Surroundings) -> None:
    device = os.makedev(0, 52)
    put(host.system / "class" / "bdi" / "0:52" / "strict_limit", "1\n")
    put(host.system / "class" / "bdi" / "0:52" / "max_ratio", "1\n")
    assert host.host_memory(device).cache_bytes == 2 * MB


@pytest.mark.parametrize("options", ["rw,sync shared:1 - ext4 /dev/sda1 rw", "rw - ext4 /dev/sda1 rw,sync"])
def test_disk_mounted_to_be_waited_for_has_no_cache(host: Surroundings, options: str) -> None:
    put(host.proc / "self" / "mountinfo", f"30 1 8:1 / / {options}\n")
    assert host.host_memory(DISK).cache_bytes == 0


def test_host_that_tells_nothing_has_nothing_to_give(tmp_path: Path) -> None:
    found = Surroundings(tmp_path / "no", tmp_path / "no", tmp_path / "no", tmp_path / "no").host_memory(DISK)
    assert (found.available_bytes, found.cache_bytes, found.pressure_percent) == (0, 0, None)


@pytest.mark.parametrize("is_unified", [True, False])
def test_room_in_a_control_group_of_either_kind(host: Surroundings, is_unified: bool) -> None:
    group = host.cgroups / ("box" if is_unified else "memory/box")
    names = ("memory.max", "memory.current") if is_unified else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    for name, value in zip(names, (100 * MB, 30 * MB), strict=True):
        put(group / name, f"{value}\n")
    put(host.proc / "42" / "cgroup", "0::/box\n" if is_unified else "4:memory:/box\n0::/\n")
    assert host.room_in_cgroup(42) == 70 * MB
    put(group / names[0], "max\n" if is_unified else f"{(1 << 63) - 4096}\n")
    assert host.room_in_cgroup(42) is None
    assert host.room_in_cgroup(43) is None
