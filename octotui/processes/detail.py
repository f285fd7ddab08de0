"""Facts of one process that are too dear for every scan; each is read on its own and may be missing for a reason."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import psutil

from octotui.errors import ProcessGone
from octotui.processes.cgroups import CGROUP_ROOT, NO_MEMORY_LIMIT, MemoryRoom, memory_room, parse_cgroups
from octotui.processes.model import ProcessInfo, Redactor
from octotui.processes.statfile import parse_stat
from octotui.text import decoded, printable

_T = TypeVar("_T")

_LONGEST_ENVIRONMENT = 256 * 1024
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.()-]{0,127}")
_LIMIT_LINE = re.compile(r"(Max [a-z -]+?) {2,}(\S+) +(\S+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A resource limit in the kernel's words: `Max open files`, `1024`, `unlimited`."""

    name: str
    soft: str
    hard: str


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `value` is None unless the name is on the allow-list."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessDetail:
    """What was found out. A fact that could not be read is None or empty, and `problems` says why, by field name.

    `listening` holds addresses such as `0.0.0.0:10933`. `executable_state` is "deleted" or "replaced" when the file
    that runs is no longer the one at its path, "" when it is. `tracer_pid` is 0 when nothing traces the process.
    """

    process: ProcessInfo
    open_files: int | None = None
    listening: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    environment: tuple[Variable, ...] = ()
    executable_state: str = ""
    tracer_pid: int | None = None
    tracer_name: str = ""
    memory: MemoryRoom = NO_MEMORY_LIMIT
    problems: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def limit(self, name: str) -> Limit | None:
        return next((limit for limit in self.limits if limit.name == name), None)


def detail(
    process: ProcessInfo,
    *,
    redact: Redactor,
    shown_variables: Collection[str] = (),
    proc: Path = Path("/proc"),
    cgroups: Path = CGROUP_ROOT,
) -> ProcessDetail:
    """All facts of `process` (blocking: run in a thread). Raises ProcessGone if it ended or its pid was reused.

    `shown_variables` are the names, or patterns such as `DOTNET_*`, whose values may be shown.
    """
    home = proc / str(process.key.pid)
    _check_alive(process, home)
    problems: dict[str, str] = {}
    tracer = _fact("tracer_pid", problems, lambda: _tracer_pid(home), None)
    found = ProcessDetail(
        process,
        _fact("open_files", problems, lambda: len(os.listdir(home / "fd")), None),
        _fact("listening", problems, lambda: _listening(process.key.pid), ()),
        _fact("limits", problems, lambda: _limits(home), ()),
        _fact("environment", problems, lambda: _environment(home, redact, shown_variables), ()),
        _fact("executable_state", problems, lambda: _executable_state(home), ""),
        tracer,
        _fact("tracer_name", problems, lambda: _name(proc, tracer), "") if tracer else "",
        _fact("memory", problems, lambda: _memory(home, cgroups), NO_MEMORY_LIMIT),
        MappingProxyType(problems),
    )
    _check_alive(process, home)
    return found


def _check_alive(process: ProcessInfo, home: Path) -> None:
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
        problems[name] = "not permitted to this user"
    except psutil.AccessDenied:
        problems[name] = "not permitted to this user"
    except psutil.Error:
        problems[name] = "the process has ended"
    except OSError as error:
        problems[name] = printable(error.strerror or str(error))
    except (ValueError, IndexError):
        problems[name] = "the kernel's answer makes no sense"
    return missing


def _tracer_pid(home: Path) -> int | None:
    for line in (home / "status").read_bytes().splitlines():
        if line.startswith(b"TracerPid:"):
            return int(line.split()[1])
    raise ValueError("no TracerPid")


def _name(proc: Path, pid: int | None) -> str:
    return printable(decoded((proc / str(pid) / "comm").read_bytes().rstrip(b"\n")))


def _listening(pid: int) -> tuple[str, ...]:
    process = psutil.Process(pid)
    # psutil renamed the method in version 6 and the old name warns there.
    connections = process.net_connections if hasattr(process, "net_connections") else process.connections
    found = {
        (connection.laddr.port, connection.laddr.ip)
        for connection in connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    return tuple(f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for port, ip in sorted(found))


def _limits(home: Path) -> tuple[Limit, ...]:
    lines = decoded((home / "limits").read_bytes()).splitlines()
    return tuple(Limit(*map(printable, found.groups())) for found in map(_LIMIT_LINE.match, lines) if found)


def _environment(home: Path, redact: Redactor, shown: Collection[str]) -> tuple[Variable, ...]:
    with (home / "environ").open("rb") as file:
        raw = file.read(_LONGEST_ENVIRONMENT)
    entries = raw.split(b"\0")
    if len(raw) == _LONGEST_ENVIRONMENT:
        entries.pop()
    variables: dict[str, Variable] = {}
    for entry in entries:
        name, separator, value = decoded(entry).partition("=")
        # A process that wrote a title over this memory leaves fragments of values there; they are no names.
        if not separator or _VARIABLE_NAME.fullmatch(name) is None:
            continue
        is_shown = any(fnmatchcase(name, pattern) for pattern in shown)
        variables[name] = Variable(name, printable(" ".join(redact((value,)))) if is_shown else None)
    return tuple(variables[name] for name in sorted(variables))


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
