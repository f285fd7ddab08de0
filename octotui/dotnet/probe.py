"""Whether each process of a host is .NET, looked up once: reading a memory map is dear."""

from __future__ import annotations

from collections.abc import Callable

from octotui.dotnet.runtime import is_dotnet
from octotui.processes.model import ProcessInfo, ProcessKey, Snapshot

YOUNG_SECONDS = 10.0
PROBES_PER_SCAN = 200

FEWEST_THREADS = 3
"""A runtime that has come up has at least these: the program's, the finalizer's, and that of its signals and waits."""


class DotnetProbe:
    """Answers for the processes of the snapshot given to `begin`: True, False, or None while it is not known.

    A young process is looked at again at every scan, since its runtime is mapped some milliseconds after its start,
    and so is one whose name changed (exec). At most `PROBES_PER_SCAN` looks are made for one snapshot, so that a
    host with thousands of processes does not hold up the first frame; the others stay unknown until a later scan.
    """

    def __init__(self, look: Callable[[int], bool | None] = is_dotnet) -> None:
        self._look = look
        self._known: dict[ProcessKey, tuple[str, bool | None]] = {}
        self._uptime = 0.0
        self._left = PROBES_PER_SCAN

    def begin(self, snapshot: Snapshot) -> None:
        self._uptime = snapshot.uptime_seconds
        self._left = PROBES_PER_SCAN
        alive = snapshot.processes
        if len(self._known) > len(alive) + 64:
            self._known = {key: found for key, found in self._known.items() if key in alive}

    def __call__(self, process: ProcessInfo) -> bool | None:
        if process.is_kernel or process.state in "ZX":
            return False
        name, answer = self._known.get(process.key, ("", None))
        is_settled = self._uptime - process.started_seconds > YOUNG_SECONDS
        if name == process.name and (answer or is_settled):
            return answer
        if process.threads < FEWEST_THREADS:
            # Nearly every process of a host has one or two, and its memory map need not be read at all.
            return False
        if self._left <= 0:
            return answer
        self._left -= 1
        answer = self._look(process.pid)
        self._known[process.key] = (process.name, answer)
        return answer
