"""Bounded reads of one process's files under `/proc`: stat, status, environment, namespaces."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey

LARGEST = 1 << 20
"""Bytes read of one file unless the reader says otherwise."""

_CAP_DAC_OVERRIDE = 1 << 1


@dataclass(frozen=True, slots=True)
class Status:
    """Fields of `/proc/PID/status`. Ids are the effective ones; sizes in bytes; `namespace_pid` is the innermost."""

    tracer_pid: int = 0
    uid: int = -1
    gid: int = -1
    groups: tuple[int, ...] = ()
    namespace_pid: int = 0
    threads: int = 0
    resident_bytes: int = 0
    anonymous_bytes: int = 0
    swapped_bytes: int = 0
    overrides_modes: bool = False


def read_foreign(path: Path, limit: int = LARGEST) -> bytes:
    """At most `limit` bytes of a file where a stranger may have put something else. Raises OSError.

    A link, pipe or device at the path is never opened: opening alone can wait for ever, or start something.
    """
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is not a regular file")
        return read_bounded(Path(f"/proc/self/fd/{handle}"), limit)
    finally:
        os.close(handle)


def read_bounded(path: Path, limit: int = LARGEST) -> bytes:
    """At most `limit` bytes of a file of `/proc`. Raises OSError, also for a file whose owner holds a lease on it."""
    # Without O_NONBLOCK a lease would hold the open up until the kernel breaks it, 45 seconds by default.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        chunks = []
        left = limit
        while left > 0 and (chunk := os.read(descriptor, min(left, 1 << 18))):
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def read_stat(pid: int, proc: Path) -> tuple[str, int]:
    """State letter and start ticks of `/proc/PID/stat`. Raises ProcessGone when there is no such process."""
    try:
        fields = read_bounded(proc / str(pid) / "stat", 4096).rpartition(b")")[2].split()
        return fields[0].decode("ascii", "replace"), int(fields[19])
    except (OSError, IndexError, ValueError):
        raise ProcessGone(f"process {pid} has ended") from None


def check_identity(key: ProcessKey, proc: Path) -> str:
    """The state letter of exactly that process. Raises ProcessGone when it ended or its pid is another's."""
    state, started = read_stat(key.pid, proc)
    if started != key.started:
        raise ProcessGone(f"process {key.pid} has ended and its pid now belongs to another process")
    return state


def parse_status(raw: bytes) -> Status:
    """`/proc/PID/status`; what is absent or malformed keeps its default."""
    fields: dict[bytes, bytes] = {}
    for line in raw.splitlines():
        name, _, value = line.partition(b":")
        fields.setdefault(name, value)

    def numbers(name: bytes, base: int = 10) -> list[int]:
        try:
            return [int(word, base) for word in fields.get(name, b"").split() if word != b"kB"]
        except ValueError:
            return []

    def kilobytes(name: bytes) -> int:
        return sum(numbers(name)) * 1024

    uids, gids = numbers(b"Uid"), numbers(b"Gid")
    return Status(
        tracer_pid=sum(numbers(b"TracerPid")),
        uid=uids[1] if len(uids) > 1 else -1,
        gid=gids[1] if len(gids) > 1 else -1,
        groups=tuple(numbers(b"Groups")),
        namespace_pid=(numbers(b"NSpid") or [0])[-1],
        threads=sum(numbers(b"Threads")),
        resident_bytes=kilobytes(b"VmRSS"),
        anonymous_bytes=kilobytes(b"RssAnon"),
        swapped_bytes=kilobytes(b"VmSwap"),
        overrides_modes=bool(sum(numbers(b"CapEff", 16)) & _CAP_DAC_OVERRIDE),
    )


def parse_environment(raw: bytes) -> dict[bytes, bytes]:
    """`/proc/PID/environ`: the first value of each name, as `getenv` answers."""
    found: dict[bytes, bytes] = {}
    for entry in raw.split(b"\0"):
        name, is_set, value = entry.partition(b"=")
        if is_set:
            found.setdefault(name, value)
    return found


def same_namespace(pid: int, name: str, proc: Path) -> bool:
    """Whether a process and octotui share the namespace `name` ("mnt", "pid"). Raises OSError if not readable."""
    return os.readlink(proc / str(pid) / "ns" / name) == os.readlink(proc / "self" / "ns" / name)


def same_root(pid: int, proc: Path) -> bool:
    """Whether `/` is the same directory for a process and octotui (no chroot between them). Raises OSError."""
    theirs, ours = os.stat(proc / str(pid) / "root"), os.stat("/")
    return (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)
