"""Control groups: which one a process is in, and how much memory is left there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from octotui.text import decoded

CGROUP_ROOT = Path("/sys/fs/cgroup")

_UNLIMITED_FROM = 1 << 60
_MOST_DIGITS = 20


def parse_cgroups(raw: bytes) -> dict[str, str]:
    """Controller to path, from `/proc/PID/cgroup`; "" is the unified hierarchy. Malformed lines are skipped."""
    paths: dict[str, str] = {}
    for line in decoded(raw).split("\n"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number.isdecimal() and path.startswith("/"):
            paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def main_cgroup(paths: dict[str, str]) -> str:
    """The path that says most: unified, else systemd's, else the first that is not the root; "" if there is none."""
    ordered = (paths.get("", ""), paths.get("name=systemd", ""), *paths.values())
    return next((path for path in ordered if path not in ("", "/")), next(iter(paths.values()), ""))


@dataclass(frozen=True, slots=True)
class MemoryRoom:
    """The tightest memory limit at or above a control group, in bytes; None where there is no limit.

    `used_bytes` is the use of the group that has the limit, page cache included.
    """

    limit_bytes: int | None = None
    used_bytes: int | None = None

    @property
    def free_bytes(self) -> int | None:
        if self.limit_bytes is None or self.used_bytes is None:
            return None
        return max(0, self.limit_bytes - self.used_bytes)


NO_MEMORY_LIMIT = MemoryRoom()


def memory_room(paths: dict[str, str], root: Path = CGROUP_ROOT) -> MemoryRoom:
    """The room that the memory controller leaves. Raises OSError if the group cannot be read."""
    if "memory" in paths:
        names, base, path = ("memory.limit_in_bytes", "memory.usage_in_bytes"), root / "memory", paths["memory"]
    else:
        names, base, path = ("memory.max", "memory.current"), root, paths.get("", "/")
    inside = PurePosixPath(path.lstrip("/"))
    if ".." in inside.parts:
        raise FileNotFoundError(f"the control group {path} is outside of this namespace")
    if not (base / inside).is_dir():
        raise FileNotFoundError(f"no control group {base / inside}")
    tightest = NO_MEMORY_LIMIT
    for group in (inside, *inside.parents):
        found = _room_of(base / group, names)
        if found.free_bytes is not None and (tightest.free_bytes is None or found.free_bytes < tightest.free_bytes):
            tightest = found
    return tightest


def _room_of(group: Path, names: tuple[str, str]) -> MemoryRoom:
    try:
        limit, used = ((group / name).read_bytes().strip() for name in names)
    except FileNotFoundError:
        # The root group of the unified hierarchy has neither file.
        return NO_MEMORY_LIMIT
    if not all(word.isdigit() and len(word) <= _MOST_DIGITS for word in (limit, used)) or int(limit) >= _UNLIMITED_FROM:
        return NO_MEMORY_LIMIT
    return MemoryRoom(int(limit), int(used))
