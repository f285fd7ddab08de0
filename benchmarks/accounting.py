"""What a program has cost, by the kernel's accounting: CPU time of the whole process and its children, and memory."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
FEWEST_READS = 4
"""More than a timer or a key makes, less than any refresh does."""

QUIET_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds of CPU since the start, by the process clock (nanoseconds) and by utime + stime (ticks)."""

    clock: float
    ticks: float

    def __sub__(self, earlier: Cpu) -> Cpu:
        return Cpu(self.clock - earlier.clock, self.ticks - earlier.ticks)


def cpu(pid: int) -> Cpu:
    """What this process, its descendants, and those of them that were waited for have used.

    The clock is the kernel's sum over all threads, the ended ones too: `/proc/PID/task/*/schedstat` loses the time of
    each thread that ends, and a monitor may start one for each scan.
    """
    clock = ticks = 0.0
    for one in tree(pid):
        try:
            fields = _fields(one)
            own = time.clock_gettime(_clock_of(one))
        except (OSError, IndexError):
            continue
        reaped = (int(fields[13]) + int(fields[14])) / TICKS
        clock += own + reaped
        ticks += (int(fields[11]) + int(fields[12])) / TICKS + reaped
    return Cpu(clock, ticks)


def resident_bytes(pid: int) -> int:
    """Resident memory of the process and its descendants."""
    total = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/status", encoding="ascii", errors="replace") as stream:
                found = [line.split()[1] for line in stream if line.startswith("VmRSS:")]
        except OSError:
            continue
        total += sum(map(int, found)) * 1024
    return total


def tree(pid: int) -> list[int]:
    """`pid` and its descendants, by the kernel's lists of children where it has them, else by all parent links."""
    found, at = [pid], 0
    parents: dict[int, list[int]] | None = None
    while at < len(found):
        children = _listed_children(found[at])
        if children is None:
            parents = parents if parents is not None else _by_parent()
            children = parents.get(found[at], [])
        found += children
        at += 1
    return found


class Refreshes:
    """Counts the refreshes that a monitor really makes: bursts of reads, each after a pause without them."""

    def __init__(self, pid: int) -> None:
        self.count = 0
        self._path = Path(f"/proc/{pid}/io")
        self._reads = self._total()
        self._quiet_since = 0.0

    def look(self, now: float) -> None:
        """To be called every tenth of a second or so; `now` in seconds of any clock."""
        total = self._total()
        if total - self._reads >= FEWEST_READS:
            self.count += now - self._quiet_since > QUIET_SECONDS
            self._quiet_since = now
        self._reads = total

    def _total(self) -> int:
        try:
            lines = self._path.read_text("ascii").splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.startswith("syscr:"))


def load() -> str:
    """The machine's load averages and number of processes, in words."""
    averages = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"load {averages} on {os.cpu_count()} cores, {process_count()} processes"


def process_count() -> int:
    """How many processes this machine has, threads of the kernel included."""
    return sum(1 for name in os.listdir("/proc") if name.isdigit())


def _clock_of(pid: int) -> int:
    # As clock_getcpuclockid(3) makes it: the process clock (2) of another process.
    return (~pid << 3) | 2


def _fields(pid: int) -> list[bytes]:
    with open(f"/proc/{pid}/stat", "rb") as stream:
        return stream.read().rpartition(b")")[2].split()


def _listed_children(pid: int) -> list[int] | None:
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as stream:
                children += map(int, stream.read().split())
    except FileNotFoundError:
        return None if Path(f"/proc/{pid}/task").exists() else []
    except OSError:
        return []
    return children


def _by_parent() -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children[int(_fields(int(name))[1])].append(int(name))
            except (OSError, IndexError):
                continue
    return children
