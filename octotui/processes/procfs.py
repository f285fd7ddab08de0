"""The process table of Linux, read from `/proc` at the price of one `stat` a process."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Set
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from octotui.errors import AccessDenied
from octotui.processes.cgroups import main_cgroup, parse_cgroups
from octotui.processes.model import ProcessInfo, ProcessKey, Redactor, Snapshot
from octotui.processes.statfile import LONGEST_COMMAND, StatFields, parse_command, parse_stat
from octotui.text import decoded, printable

PROC = Path("/proc")

YOUNG_SECONDS = 5.0
"""Age up to which a command line is read again with each scan: exec changes it and keeps pid and start."""

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LONGEST_STAT = 2048
_LONGEST_CGROUP = 16 * 1024
_DELETED = " (deleted)"


class _Facts(NamedTuple):
    """What a process seldom changes. `raw_command` tells whether `argv` is still right."""

    raw_command: bytes = b""
    argv: tuple[str, ...] = ()
    executable: str = ""
    cwd: str = ""
    cgroup: str = ""
    uid: int = -1


class _Entry(NamedTuple):
    """What is kept of a process between two reads.

    `is_calm`: the facts surely belong to `raw`, so equal bytes mean an equal process, for no process execs without
    a page fault, which `stat` counts. `is_settled`: calm, and no longer young when the facts were read.
    """

    raw: bytes
    info: ProcessInfo
    facts: _Facts
    name: bytes
    image: int
    is_calm: bool
    is_settled: bool


class ProcfsSource:
    """Snapshots of the processes below `root`, a mounted proc file system or a copy of one."""

    def __init__(
        self,
        redact: Redactor,
        root: Path = PROC,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redact = redact
        self._root = root
        self._clock = clock
        self._now = now
        self._host = printable(os.uname().nodename)
        self._users: dict[int, str] = {}
        self._entries: dict[str, _Entry] = {}

    def read(self, watched: Set[ProcessKey] | None = None) -> Snapshot:
        """All processes of this moment. One that ends while it is read is left out. Raises AccessDenied."""
        begun = self._clock()
        taken_at = self._now()
        try:
            directory = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise AccessDenied(
                f"cannot read {self._root}: {error.strerror}", hint="mount -t proc proc /proc", code="no-proc"
            ) from error
        try:
            uptime = self._uptime(directory)
            entries = self._scan(directory, uptime)
        finally:
            os.close(directory)
        self._entries = entries
        processes = MappingProxyType({entry.info.key: entry.info for entry in entries.values()})
        return Snapshot(self._host, taken_at, begun, uptime, processes, max(0.0, self._clock() - begun))

    def _uptime(self, directory: int) -> float:
        if self._root == PROC:
            # Container runtimes cover /proc/uptime with the container's own age; start ticks stay on this clock.
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            return float(_content(directory, "uptime", 64).split()[0])
        except (ValueError, IndexError):
            return 0.0

    def _scan(self, directory: int, uptime: float) -> dict[str, _Entry]:
        known = self._entries
        entries: dict[str, _Entry] = {}
        for pid in os.listdir(directory):
            if not pid.isdecimal():
                continue
            try:
                descriptor = os.open(pid + "/stat", os.O_RDONLY, dir_fd=directory)
            except OSError:
                continue
            try:
                raw = os.read(descriptor, _LONGEST_STAT)
            except OSError:
                continue
            finally:
                os.close(descriptor)
            entry: _Entry | None = known.get(pid)
            if entry is None or not entry.is_calm or entry.raw != raw:
                entry = self._updated(directory, pid, raw, entry, uptime)
                if entry is None:
                    continue
            entries[pid] = entry
        return entries

    def _updated(self, directory: int, pid: str, raw: bytes, last: _Entry | None, uptime: float) -> _Entry | None:
        stat = parse_stat(raw)
        if stat is None:
            return None
        if last is not None and last.info.key.started != stat.started:
            last = None
        if last is not None and (stat.state == "Z" or (last.is_settled and _is_same_image(last, stat))):
            # A zombie has no command line any more; what it was called before is what one wants to see.
            info = _info(int(pid), stat, last.facts, last.info)
            return _Entry(raw, info, last.facts, last.name, last.image, True, last.is_settled)
        return self._read_whole(directory, pid, raw, last, uptime)

    def _read_whole(
        self, directory: int, pid: str, raw_before: bytes, last: _Entry | None, uptime: float
    ) -> _Entry | None:
        try:
            # This descriptor is bound to one process: whoever takes over the pid never answers on it.
            process = os.open(pid, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
        except OSError:
            return None
        try:
            before = parse_stat(raw_before)
            facts = self._facts(process, before is not None and before.is_kernel, last)
            raw = _content(process, "stat", _LONGEST_STAT)
        finally:
            os.close(process)
        stat = parse_stat(raw)
        if stat is None or before is None:
            return None
        if stat.state == "Z" and last is not None:
            facts = last.facts
        info = _info(int(pid), stat, facts, None, self._user(facts.uid))
        is_same = (before.name, before.image, before.started) == (stat.name, stat.image, stat.started)
        is_settled = is_same and uptime - info.started_seconds >= YOUNG_SECONDS
        return _Entry(raw, info, facts, stat.name, stat.image, is_settled or raw == raw_before, is_settled)

    def _facts(self, process: int, is_kernel: bool, last: _Entry | None) -> _Facts:
        uid = os.fstat(process).st_uid
        cgroup = printable(main_cgroup(parse_cgroups(_content(process, "cgroup", _LONGEST_CGROUP))))
        if is_kernel:
            return _Facts(cgroup=cgroup, uid=uid)
        raw_command = _content(process, "cmdline", LONGEST_COMMAND)
        if last is not None and last.facts.raw_command == raw_command:
            argv = last.facts.argv
        else:
            argv = parse_command(raw_command, self._redact)
        executable = printable(_target(process, "exe").removesuffix(_DELETED))
        return _Facts(raw_command, argv, executable, printable(_target(process, "cwd")), cgroup, uid)

    def _user(self, uid: int) -> str:
        name = self._users.get(uid)
        if name is None:
            try:
                name = printable(pwd.getpwuid(uid).pw_name)
            except (KeyError, OverflowError):
                name = str(uid)
            self._users[uid] = name
        return name


def _is_same_image(last: _Entry, stat: StatFields) -> bool:
    return last.name == stat.name and (last.image == stat.image or 0 in (last.image, stat.image))


def _info(pid: int, stat: StatFields, facts: _Facts, last: ProcessInfo | None, user: str = "") -> ProcessInfo:
    return ProcessInfo(
        ProcessKey(pid, stat.started) if last is None else last.key,
        stat.parent_pid,
        printable(decoded(stat.name)) if last is None else last.name,
        facts.executable,
        facts.argv,
        user if last is None else last.user,
        facts.uid,
        stat.state,
        stat.threads,
        stat.cpu_ticks / _TICKS_PER_SECOND,
        stat.rss_pages * _PAGE_BYTES,
        facts.cgroup,
        facts.cwd,
        stat.started / _TICKS_PER_SECOND,
        stat.is_kernel,
    )


def _content(directory: int, name: str, longest: int) -> bytes:
    """At most `longest` bytes of a file in an open directory; nothing if it cannot be read."""
    try:
        descriptor = os.open(name, os.O_RDONLY, dir_fd=directory)
    except OSError:
        return b""
    try:
        return os.read(descriptor, longest)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _target(directory: int, name: str) -> str:
    """Where a link in an open directory points to; "" if it cannot be read."""
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError:
        return ""
