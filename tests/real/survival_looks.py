"""What a test sees of a process and of a dump without octotui's help: whether it goes on, whether it is whole."""

from __future__ import annotations

import hashlib
import struct
import time
from pathlib import Path
from typing import Any


def goes_on(pid: int) -> bool:
    """No thread is stopped or traced, and its heart beats: it is scheduled again and again."""
    for _ in range(40):
        before = _switches(pid)
        time.sleep(0.05)
        if not thread_states(pid) & {"T", "t"} and _switches(pid) > before:
            return True
    return False


def thread_states(pid: int) -> set[str]:
    """The kernel's letters for the states of its threads."""
    found = set()
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            found.add(stat.read_text(errors="replace").rpartition(")")[2].split()[0])
        except OSError:
            continue
    return found


def _switches(pid: int) -> int:
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        try:
            lines = status.read_text(errors="replace").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return total


def is_whole(path: Path) -> bool:
    """A core whose last memory region ends where the file ends."""
    try:
        with open(path, "rb") as stream:
            header = stream.read(64)
            if header[:4] != b"\x7fELF" or len(header) < 64:
                return False
            (offset,) = struct.unpack_from("<Q", header, 32)
            size, count = struct.unpack_from("<HH", header, 54)
            stream.seek(offset)
            table = stream.read(size * count)
    except OSError:
        return False
    if len(table) < size * count or not count:
        return False
    loads = [
        sum(struct.unpack_from("<Q", table, at + field)[0] for field in (8, 32))
        for at in range(0, len(table), size)
        if struct.unpack_from("<I", table, at)[0] == 1
    ]
    return bool(loads) and max(loads) == size_of(path)


def wrong_in(record: dict[str, Any] | None, path: Path) -> list[str]:
    """What the record says otherwise than its file."""
    if record is None:
        return [f"{path.name} has no record"]
    facts = {
        "outcome": "finished",
        "verified": True,
        "path": str(path),
        "bytes": size_of(path),
        "sha256": digest_of(path),
    }
    return [
        f"{path.name}: {name} is {record.get(name)!r}, not {value!r}"
        for name, value in facts.items()
        if record.get(name) != value
    ]


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
