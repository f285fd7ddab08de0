"""One process as it was read last, and reading it again at the least price that is sure to see a change."""

from __future__ import annotations

import os
import pwd
from typing import NamedTuple

from octotui.processes.cgroups import main_cgroup, parse_cgroups
from octotui.processes.model import ProcessInfo, ProcessKey, Redactor
from octotui.processes.statfile import LONGEST_COMMAND, StatFields, parse_command, parse_stat
from octotui.text import decoded, printable

YOUNG_SECONDS = 5.0
"""Age up to which a command line is read again with each look: exec changes it and keeps pid and start."""

LONGEST_STAT = 2048

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_LONGEST_CGROUP = 16 * 1024
_MOST_CGROUPS = 512
_PIECE = 4096
_DELETED = " (deleted)"


class Facts(NamedTuple):
    """What a process seldom changes. `raw_command` tells whether `argv` is still right."""

    raw_command: bytes = b""
    argv: tuple[str, ...] = ()
    executable: str = ""
    cwd: str = ""
    cgroup: str = ""
    uid: int = -1


class Entry(NamedTuple):
    """What is kept of a process between two looks.

    `is_calm`: the facts surely belong to `raw`, so equal bytes mean an equal process, for no process execs without
    a page fault, which `stat` counts. `is_settled`: calm, and no longer young when the facts were read.
    """

    raw: bytes
    info: ProcessInfo
    facts: Facts
    name: bytes
    image: int
    is_calm: bool
    is_settled: bool


class EntryReader:
    """Reads the files of one process below an open directory of a proc file system."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._users: dict[int, str] = {}
        self._cgroups: dict[bytes, str] = {}

    def updated(self, directory: int, pid: int, raw: bytes, last: Entry | None, uptime: float) -> Entry | None:
        """The entry of the process whose `stat` reads `raw`; None when it is gone. `uptime` is the host's, seconds."""
        stat = parse_stat(raw)
        if stat is None:
            return None
        if last is not None and last.info.key.started != stat.started:
            last = None
        if last is not None and (stat.state == "Z" or (last.is_settled and _is_same_image(last, stat))):
            # A zombie has no command line any more; what it was called before is what one wants to see.
            info = _info(pid, stat, last.facts, last.info)
            return Entry(raw, info, last.facts, last.name, last.image, True, last.is_settled)
        return self._read_whole(directory, pid, stat, raw, last, uptime)

    def _read_whole(
        self, directory: int, pid: int, before: StatFields, raw_before: bytes, last: Entry | None, uptime: float
    ) -> Entry | None:
        try:
            # This descriptor is bound to one process: whoever takes over the pid never answers on it.
            process = os.open(str(pid), os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
        except OSError:
            return None
        try:
            facts = self._facts(process, before.is_kernel, last)
            raw = content(process, "stat", LONGEST_STAT)
        finally:
            os.close(process)
        stat = parse_stat(raw)
        if stat is None:
            return None
        if stat.state == "Z" and last is not None:
            facts = last.facts
        info = _info(pid, stat, facts, None, self._user(facts.uid))
        is_same = (before.name, before.image, before.started) == (stat.name, stat.image, stat.started)
        is_settled = is_same and uptime - info.started_seconds >= YOUNG_SECONDS
        return Entry(raw, info, facts, stat.name, stat.image, is_settled or raw == raw_before, is_settled)

    def _facts(self, process: int, is_kernel: bool, last: Entry | None) -> Facts:
        uid = os.fstat(process).st_uid
        cgroup = self._cgroup(content(process, "cgroup", _LONGEST_CGROUP))
        if is_kernel:
            return Facts(cgroup=cgroup, uid=uid)
        raw_command = content(process, "cmdline", LONGEST_COMMAND)
        if last is not None and last.facts.raw_command == raw_command:
            argv = last.facts.argv
        else:
            argv = parse_command(raw_command, self._redact)
        executable = printable(_target(process, "exe").removesuffix(_DELETED))
        return Facts(raw_command, argv, executable, printable(_target(process, "cwd")), cgroup, uid)

    def _cgroup(self, raw: bytes) -> str:
        """The control group that `/proc/PID/cgroup` names; most processes of a host share a few."""
        path = self._cgroups.get(raw)
        if path is None:
            if len(self._cgroups) >= _MOST_CGROUPS:
                self._cgroups.clear()
            path = self._cgroups[raw] = printable(main_cgroup(parse_cgroups(raw)))
        return path

    def _user(self, uid: int) -> str:
        name = self._users.get(uid)
        if name is None:
            try:
                name = printable(pwd.getpwuid(uid).pw_name)
            except (KeyError, OverflowError):
                name = str(uid)
            self._users[uid] = name
        return name


def is_alike(before: Entry, now: Entry) -> bool:
    """Whether two looks at one process differ in figures only."""
    return (
        before.info.parent_pid == now.info.parent_pid
        and before.info.name == now.info.name
        and (before.info.state == "Z") is (now.info.state == "Z")
        and (before.facts is now.facts or before.facts == now.facts)
    )


def _is_same_image(last: Entry, stat: StatFields) -> bool:
    return last.name == stat.name and (last.image == stat.image or 0 in (last.image, stat.image))


def _info(pid: int, stat: StatFields, facts: Facts, last: ProcessInfo | None, user: str = "") -> ProcessInfo:
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


def content(directory: int, name: str, longest: int) -> bytes:
    """At most `longest` bytes of a file in an open directory; nothing if it cannot be read."""
    try:
        descriptor = os.open(name, os.O_RDONLY, dir_fd=directory)
    except OSError:
        return b""
    try:
        # Most files are short, and room for the longest would have to be made for each of them.
        raw = piece = os.read(descriptor, min(longest, _PIECE))
        while len(piece) == _PIECE and len(raw) < longest:
            piece = os.read(descriptor, min(longest - len(raw), _PIECE))
            raw += piece
        return raw
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
