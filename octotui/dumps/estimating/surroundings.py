"""What a host has left for a dump: memory, page cache, room in control groups. Roots are parameters."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from octotui.dumps.disk.filesystems import file_system_of
from octotui.dumps.staged.shared_memory import MEMORY
from octotui.processes.cgroups import CGROUP_ROOT, memory_room, parse_cgroups

_LINE = re.compile(rb"^([A-Za-z()_]+):\s+(\d+) kB", re.MULTILINE)
_PRESSURE = re.compile(rb"^some avg10=\d+\.\d+ avg60=(\d+\.\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Bytes that the host has left, as it is now.

    `shared_bytes` is free in the file system in memory; `cache_bytes` is what the page cache takes of a file on the
    disk in question before its writer has to wait for it. `pressure_percent` is the share of the last minute in
    which something waited for memory, None where the kernel does not say.
    """

    available_bytes: int
    shared_bytes: int
    cache_bytes: int
    pressure_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the facts of the host are read."""

    memory: Path = MEMORY
    proc: Path = Path("/proc")
    system: Path = Path("/sys")
    cgroups: Path = CGROUP_ROOT

    def host_memory(self, device: int) -> HostMemory:
        """For a dump on the disk with this device number. What cannot be read counts as none. Never raises."""
        known = self._memory_lines()
        try:
            shared = file_system_of(self.memory).free_bytes
        except OSError:
            shared = 0
        return HostMemory(known.get("MemAvailable", 0), shared, self._cache_bytes(known, device), self._pressure())

    def room_in_cgroup(self, pid: int) -> int | None:
        """Bytes that the memory limit of this process leaves; None where there is no limit or it cannot be read."""
        try:
            raw = (self.proc / str(pid) / "cgroup").read_bytes()
            return memory_room(parse_cgroups(raw), self.cgroups).free_bytes
        except (OSError, ValueError):
            return None

    def own_room_in_cgroup(self) -> int | None:
        """The same for octotui and the tools that it starts."""
        return self.room_in_cgroup(os.getpid())

    def _memory_lines(self) -> dict[str, int]:
        try:
            raw = (self.proc / "meminfo").read_bytes()
        except OSError:
            return {}
        return {name.decode(): int(count) * 1024 for name, count in _LINE.findall(raw)}

    def _pressure(self) -> float | None:
        try:
            found = _PRESSURE.search((self.proc / "pressure" / "memory").read_bytes())
        except OSError:
            return None
        return float(found[1]) if found else None

    def _cache_bytes(self, known: dict[str, int], device: int) -> int:
        """Half way between the two limits of dirty pages the kernel begins to make writers wait."""
        if self._is_synchronous(device):
            return 0
        usable = sum(known.get(name, 0) for name in ("MemFree", "Active(file)", "Inactive(file)"))
        limit = self._dirty_limit("dirty", usable)
        background = min(limit, self._dirty_limit("dirty_background", usable))
        waiting = known.get("Dirty", 0) + known.get("Writeback", 0)
        free = max(0, (limit + background) // 2 - waiting)
        own = self._device_limit(device, limit)
        return free if own is None else min(free, own)

    def _dirty_limit(self, name: str, usable: int) -> int:
        limit = self._number(self.proc / "sys" / "vm" / f"{name}_bytes")
        if limit:
            return limit
        return usable * (self._number(self.proc / "sys" / "vm" / f"{name}_ratio") or 0) // 100

    def _device_limit(self, device: int, limit: int) -> int | None:
        """The share of this disk alone, where it is held to it (FUSE and NFS, or by an administrator); else None."""
        number = f"{os.major(device)}:{os.minor(device)}"
        block = self.system / "dev" / "block" / number
        # A partition has none of its own: its disk's is one step up.
        for found in (self.system / "class" / "bdi" / number, block / "bdi", block / ".." / "bdi"):
            if self._number(found / "strict_limit"):
                most = self._number(found / "max_bytes")
                share = limit * (self._number(found / "max_ratio") or 0) // 100
                return share if most is None else min(share, most) if share else most
        return None

    def _is_synchronous(self, device: int) -> bool:
        """Whether it is mounted so that every write waits for the disk."""
        number = f"{os.major(device)}:{os.minor(device)}"
        try:
            lines = (self.proc / "self" / "mountinfo").read_text(errors="replace").splitlines()
        except OSError:
            return False
        for line in lines:
            before, _, after = line.partition(" - ")
            fields, rest = before.split(), after.split()
            if len(fields) > 5 and fields[2] == number and len(rest) > 2:
                return "sync" in (*fields[5].split(","), *rest[2].split(","))
        return False

    @staticmethod
    def _number(path: Path) -> int | None:
        try:
            return int(path.read_bytes())
        except (OSError, ValueError):
            return None
