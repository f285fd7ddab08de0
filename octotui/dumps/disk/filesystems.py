"""The file system under a directory: its kind and its free space."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

IN_MEMORY = frozenset({"tmpfs", "ramfs"})
OVER_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "glusterfs"})


@dataclass(frozen=True, slots=True)
class FileSystem:
    """`kind` as in the mount table, "" when unknown; `free_bytes` is what `df` calls available.

    Blocks reserved for root are not counted, even as root: they keep a full host working.
    """

    device: int
    kind: str
    free_bytes: int
    total_bytes: int


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> FileSystem:
    """The file system of `path`, or of its nearest parent that exists. Raises OSError when it cannot be asked."""
    existing = nearest_existing(path)
    device = os.stat(existing).st_dev
    space = os.statvfs(existing)
    free = space.f_bavail * space.f_frsize
    return FileSystem(device, _kind(device, mounts), free, space.f_blocks * space.f_frsize)


def nearest_existing(path: Path) -> Path:
    for candidate in (path, *path.parents):
        if candidate.exists():
            return candidate
    return Path("/")


def _kind(device: int, mounts: Path) -> str:
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 2 and fields[2] == wanted and after:
            return after.split()[0]
    return ""
