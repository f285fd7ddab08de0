"""The process table by way of psutil, for systems without a proc file system."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import psutil

from octotui.processes.model import ProcessInfo, ProcessKey, Redactor, Snapshot
from octotui.text import printable

YOUNG_SECONDS = 5.0
"""Age up to which command line and owner are read again with each scan."""

_CHANGING = ("pid", "ppid", "name", "status", "num_threads", "cpu_times", "memory_info", "create_time")

_STATES: Mapping[str, str] = {
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_SLEEPING: "S",
    psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_TRACING_STOP: "t",
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_DEAD: "X",
    psutil.STATUS_IDLE: "I",
}


class _Facts(NamedTuple):
    """What a process seldom changes."""

    name: str
    argv: tuple[str, ...]
    executable: str
    cwd: str
    user: str
    uid: int


class PsutilSource:
    """Snapshots of this machine's processes. `cgroup` stays empty."""

    def __init__(
        self,
        redact: Redactor,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redact = redact
        self._clock = clock
        self._now = now
        self._facts: dict[ProcessKey, _Facts] = {}

    def read(self, watched: Set[ProcessKey] | None = None) -> Snapshot:
        """All processes of this moment, whatever is `watched`. One that ends while it is read is left out."""
        begun = self._clock()
        taken_at = self._now()
        booted = psutil.boot_time()
        uptime = taken_at.timestamp() - booted
        processes: dict[ProcessKey, ProcessInfo] = {}
        facts: dict[ProcessKey, _Facts] = {}
        for process in psutil.process_iter():
            try:
                info, seldom = self._read_one(process, booted, uptime)
            except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError):
                continue
            processes[info.key] = info
            facts[info.key] = seldom
        self._facts = facts
        return Snapshot(
            _host_name(), taken_at, begun, uptime, MappingProxyType(processes), max(0.0, self._clock() - begun)
        )

    def events_descriptor(self) -> int | None:
        return None

    def listen(self) -> tuple[ProcessInfo, ...]:
        return ()

    def close(self) -> None:
        """Nothing is kept open."""

    def _read_one(self, process: psutil.Process, booted: float, uptime: float) -> tuple[ProcessInfo, _Facts]:
        with process.oneshot():
            known: dict[str, Any] = process.as_dict(attrs=_CHANGING, ad_value=None)
            created = known["create_time"] or booted
            key = ProcessKey(process.pid, round(created * 100))
            facts = self._facts.get(key)
            name = known["name"] or ""
            is_young = uptime - (created - booted) < YOUNG_SECONDS
            if facts is None or facts.name != name or (is_young and known["status"] != psutil.STATUS_ZOMBIE):
                facts = self._read_facts(process, name)
        times, memory = known["cpu_times"], known["memory_info"]
        info = ProcessInfo(
            key,
            known["ppid"] or 0,
            printable(name),
            facts.executable,
            facts.argv,
            facts.user,
            facts.uid,
            _STATES.get(known["status"], "S"),
            known["num_threads"] or 1,
            times.user + times.system if times is not None else 0.0,
            memory.rss if memory is not None else 0,
            cwd=facts.cwd,
            started_seconds=max(0.0, created - booted),
            is_kernel=_is_kernel(process.pid, known["ppid"] or 0, facts),
        )
        return info, facts

    def _read_facts(self, process: psutil.Process, name: str) -> _Facts:
        # The uids are an attribute that psutil does not have on Windows.
        attributes = [name for name in ("cmdline", "exe", "cwd", "username", "uids") if hasattr(process, name)]
        found: dict[str, Any] = process.as_dict(attrs=attributes, ad_value=None)
        argv = tuple(printable(argument) for argument in self._redact(found["cmdline"] or ()))
        uids = found.get("uids")
        return _Facts(
            name,
            argv,
            printable(found["exe"] or ""),
            printable(found["cwd"] or ""),
            printable(found["username"] or ""),
            uids.effective if uids is not None else -1,
        )


def _is_kernel(pid: int, parent_pid: int, facts: _Facts) -> bool:
    if psutil.LINUX:
        return 2 in (pid, parent_pid) and not facts.argv and not facts.executable
    return pid == 0 or (psutil.WINDOWS and pid == 4)


def _host_name() -> str:
    import platform

    return printable(platform.node())
