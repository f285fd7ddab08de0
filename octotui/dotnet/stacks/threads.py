"""The threads of a process as the kernel has them: names, states, and both of their numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from octotui.dotnet.kernel import check_identity, read_bounded
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey
from octotui.text import decoded, printable

MOST_THREADS = 20_000
_LARGEST_STATUS = 1 << 16
"""The groups of a user stand before the ids of the thread, and there can be many."""
_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class KernelThread:
    """`id` in octotui's pid namespace, `own_id` in the innermost one of the process; `name` is printable.

    `cpu_seconds` is None when it could not be read.
    """

    id: int
    own_id: int
    name: str
    state: str
    cpu_seconds: float | None


def read_threads(key: ProcessKey, proc: Path = _PROC) -> dict[int, KernelThread]:
    """The threads of exactly that process by their own ids, at most `MOST_THREADS`. Empty for one that ended. Blocks:
    0.04 ms for each thread."""
    found: dict[int, KernelThread] = {}
    directory = proc / str(key.pid) / "task"
    try:
        check_identity(key, proc)
        names = sorted((name for name in os.listdir(directory) if name.isdigit()), key=int)
    except (OSError, ProcessGone):
        return found
    for name in names[:MOST_THREADS]:
        try:
            used = _cpu_seconds(directory / name / "stat")
            thread = _parsed(int(name), read_bounded(directory / name / "status", _LARGEST_STATUS), used)
        except (OSError, ValueError):
            continue
        found[thread.own_id] = thread
    return found


def _cpu_seconds(path: Path) -> float | None:
    try:
        fields = read_bounded(path, 4096).rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    except (OSError, ValueError, IndexError):
        return None


def _parsed(thread: int, raw: bytes, cpu_seconds: float | None) -> KernelThread:
    fields = dict(line.split(b":\t", 1) for line in raw.split(b"\n") if b":\t" in line)
    own = fields.get(b"NSpid", b"").split()
    name = printable(decoded(fields.get(b"Name", b"").replace(b"\\n", b"\n").replace(b"\\\\", b"\\")), 64)
    state = decoded(fields.get(b"State", b"?")[:1])
    return KernelThread(thread, int(own[-1]) if own else thread, name, state, cpu_seconds)
