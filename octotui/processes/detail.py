"""Facts of one process that are too dear for every scan; each is read on its own and may be missing for a reason."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from octotui.errors import ProcessGone
from octotui.processes.cgroups import CGROUP_ROOT, NO_MEMORY_LIMIT, MemoryRoom, memory_room, parse_cgroups
from octotui.processes.model import ProcessInfo
from octotui.processes.statfile import parse_stat
from octotui.text import decoded, printable

_T = TypeVar("_T")

NOT_PERMITTED = "not permitted to this user"

_LIMIT_LINE = re.compile(r"(Max [a-z -]+?) {2,}(\S+) +(\S+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A resource limit in the kernel's words: `Max open files`, `1024`, `unlimited`."""

    name: str
    soft: str
    hard: str


@dataclass(frozen=True, slots=True)
class ProcessDetail:
    """What was found out. A fact that could not be read is None or empty, and `problems` says why, by field name.

    `executable_state` is "deleted" or "replaced" when the file that runs is no longer the one at its path, "" when it
    is. `tracer_pid` is 0 when nothing traces the process; `inner_pid` is its pid in its own pid namespace, 0 where that
    is octotui's.
    """

    process: ProcessInfo
    open_files: int | None = None
    limits: tuple[Limit, ...] = ()
    executable_state: str = ""
    tracer_pid: int | None = None
    tracer_name: str = ""
    inner_pid: int = 0
    memory: MemoryRoom = NO_MEMORY_LIMIT
    problems: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def limit(self, name: str) -> Limit | None:
        return next((limit for limit in self.limits if limit.name == name), None)

    @property
    def is_restricted(self) -> bool:
        """Whether some fact is missing because this user may not read it."""
        return NOT_PERMITTED in self.problems.values()


def detail(process: ProcessInfo, *, proc: Path = Path("/proc"), cgroups: Path = CGROUP_ROOT) -> ProcessDetail:
    """All facts of `process` (blocking: run in a thread). Raises ProcessGone if it ended or its pid was reused."""
    home = proc / str(process.key.pid)
    check_alive(process, home)
    problems: dict[str, str] = {}
    tracer = _fact("tracer_pid", problems, lambda: int(_status_words(home, b"TracerPid:")[0]), None)
    found = ProcessDetail(
        process,
        _fact("open_files", problems, lambda: len(os.listdir(home / "fd")), None),
        _fact("limits", problems, lambda: _limits(home), ()),
        _fact("executable_state", problems, lambda: _executable_state(home), ""),
        tracer,
        _fact("tracer_name", problems, lambda: _name(proc, tracer), "") if tracer else "",
        _fact("inner_pid", problems, lambda: _inner_pid(home), 0),
        _fact("memory", problems, lambda: _memory(home, cgroups), NO_MEMORY_LIMIT),
        MappingProxyType(problems),
    )
    check_alive(process, home)
    return found


def check_alive(process: ProcessInfo, home: Path) -> None:
    """Raises ProcessGone unless `home` (`/proc/PID`) is still that of `process`."""
    try:
        stat = parse_stat((home / "stat").read_bytes())
    except OSError:
        stat = None
    if stat is None or stat.started != process.key.started:
        raise ProcessGone(f"{process.name} ({process.key.pid}) has ended", hint="octotui tree")


def _fact(name: str, problems: dict[str, str], read: Callable[[], _T], missing: _T) -> _T:
    try:
        return read()
    except PermissionError:
        problems[name] = NOT_PERMITTED
    except OSError as error:
        problems[name] = printable(error.strerror or str(error))
    except (ValueError, IndexError):
        problems[name] = "the kernel's answer makes no sense"
    return missing


def _status_words(home: Path, label: bytes) -> list[bytes]:
    """The words of a line of `/proc/PID/status`. Raises ValueError when there is no such line."""
    for line in (home / "status").read_bytes().splitlines():
        if line.startswith(label):
            return line.split()[1:]
    raise ValueError(f"no {label!r}")


def _inner_pid(home: Path) -> int:
    """Kernels without namespaces have no such line: the process has the pid that octotui sees."""
    try:
        pids = _status_words(home, b"NSpid:")
    except ValueError:
        return 0
    return int(pids[-1]) if len(pids) > 1 else 0


def _name(proc: Path, pid: int | None) -> str:
    return printable(decoded((proc / str(pid) / "comm").read_bytes().rstrip(b"\n")))


def _limits(home: Path) -> tuple[Limit, ...]:
    lines = decoded((home / "limits").read_bytes()).splitlines()
    return tuple(Limit(*map(printable, found.groups())) for found in map(_LIMIT_LINE.match, lines) if found)


def _executable_state(home: Path) -> str:
    path = os.readlink(home / "exe")
    running = os.stat(home / "exe")
    if path.endswith(" (deleted)"):
        path = path.removesuffix(" (deleted)")
    elif running.st_nlink == 0:
        return "deleted"
    try:
        at_path = os.stat(f"{home}/root{path}")
    except FileNotFoundError:
        return "deleted"
    return "" if (at_path.st_dev, at_path.st_ino) == (running.st_dev, running.st_ino) else "replaced"


def _memory(home: Path, cgroups: Path) -> MemoryRoom:
    return memory_room(parse_cgroups((home / "cgroup").read_bytes()), cgroups)
