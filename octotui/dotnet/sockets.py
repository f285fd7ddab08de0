"""Finds the diagnostics socket of a process: with its pid, its start and its owner, in its own temp directory."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from octotui.dotnet.kernel import parse_environment, read_bounded
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.pathwalk import resolved
from octotui.processes.model import ProcessKey
from octotui.text import decoded, printable

DEFAULT_TEMP = "/tmp"
LONGEST_ADDRESS = 107
"""Bytes of a socket's address, as the process binds it."""

_NAME = re.compile(r"dotnet-diagnostic-(\d{1,10})-(\d{1,20})-socket")
_SWITCHES = (b"EnableDiagnostics", b"EnableDiagnostics_IPC")


def socket_name(namespace_pid: int, started: int) -> str:
    """The name that a runtime gives its socket: its pid in its own pid namespace and its start in clock ticks."""
    return f"dotnet-diagnostic-{namespace_pid}-{started}-socket"


def dotnet_pids(directory: Path) -> dict[int, int]:
    """Pid to start ticks of every diagnostics socket named in `directory`; stale ones too, by name alone.

    Empty when the directory cannot be read. The pids are those of the namespace of each runtime.
    """
    found: dict[int, int] = {}
    try:
        names = os.listdir(directory)
    except OSError:
        return {}
    for name in names:
        if match := _NAME.fullmatch(name):
            pid, started = int(match[1]), int(match[2])
            found[pid] = max(started, found.get(pid, 0))
    return found


def temp_directory(environment: Mapping[bytes, bytes], cwd: str = "/") -> str:
    """Where a runtime with this initial environment puts its socket, as the process sees it."""
    raw = environment.get(b"TMPDIR", b"")
    path = decoded(raw) if raw else DEFAULT_TEMP
    return os.path.normpath(path if path.startswith("/") else os.path.join(cwd, path))


def switched_off_by(environment: Mapping[bytes, bytes]) -> str:
    """The variable that keeps the runtime from opening a socket, as NAME=value; "" when none does."""
    for name in _SWITCHES:
        for prefix in (b"DOTNET_", b"COMPlus_"):
            value = environment.get(prefix + name)
            if value is None:
                continue
            try:
                is_off = int(value, 16) == 0
            except ValueError:
                is_off = False
            if is_off:
                return printable(decoded(prefix + name + b"=" + value), 60)
            break
    return ""


def read_environment(pid: int, proc: Path) -> dict[bytes, bytes]:
    """The environment that `pid` was started with; empty when it may not be read."""
    try:
        return parse_environment(read_bounded(proc / str(pid) / "environ"))
    except OSError:
        return {}


def candidate_paths(
    key: ProcessKey,
    *,
    namespace_pid: int,
    same_root: bool,
    environment: Mapping[bytes, bytes],
    cwd: str = "/",
    proc: Path = Path("/proc"),
) -> tuple[str, ...]:
    """Where the socket of `key` would be: in its TMPDIR, then in /tmp, through `/proc/PID/root` unless `same_root`."""
    directories = dict.fromkeys([temp_directory(environment, cwd), DEFAULT_TEMP])
    prefix = ""
    if not same_root:
        # The kernel would follow links of another root from octotui's own.
        root = proc / str(key.pid) / "root"
        prefix = str(root)
        directories = dict.fromkeys(resolved(directory, root) for directory in directories)
    return tuple(f"{prefix}{directory}/{socket_name(namespace_pid, key.started)}" for directory in directories)


def is_socket_of(path: str, uid: int) -> bool:
    """Whether a socket of that owner lies at `path`."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == uid


def find_socket(
    key: ProcessKey,
    *,
    uid: int,
    namespace_pid: int,
    same_root: bool,
    environment: Mapping[bytes, bytes],
    cwd: str = "/",
    proc: Path = Path("/proc"),
) -> tuple[DiagnosticsSocket | None, str]:
    """The diagnostics socket of `key`, or None and the reason in words.

    Only a socket with the process's pid and start in its name and `uid`, its effective user, as its owner is taken:
    names in /tmp are anybody's to make. That the process listens on it is known only after connecting (SO_PEERCRED).
    """
    paths = candidate_paths(
        key, namespace_pid=namespace_pid, same_root=same_root, environment=environment, cwd=cwd, proc=proc
    )
    for path in paths:
        if is_socket_of(path, uid):
            return DiagnosticsSocket(path, key.pid, uid), ""
    problem = next((said for path in paths if (said := _why_not(path, uid))), "")
    if problem:
        return None, problem
    if switch := switched_off_by(environment):
        return None, f"diagnostics are switched off in this process by {switch}"
    address = f"{temp_directory(environment, cwd)}/{socket_name(namespace_pid, key.started)}"
    if len(os.fsencode(address)) > LONGEST_ADDRESS:
        return None, f"its TMPDIR is too long for a socket ({len(address)} bytes with its name, of {LONGEST_ADDRESS})"
    directories = [os.path.dirname(path) for path in paths]
    where = " or ".join(printable(directory) for directory in directories)
    if any(_is_stale(Path(directory), namespace_pid, key.started) for directory in directories):
        return None, f"the socket in {where} is a leftover of an earlier process with this pid"
    return None, f"there is no diagnostics socket of this process in {where}"


def _why_not(path: str, uid: int) -> str:
    """What lies at `path` instead of the process's socket; "" when nothing does."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    except OSError as error:
        return f"{printable(path)} cannot be looked at ({error.strerror})"
    if not stat.S_ISSOCK(status.st_mode):
        return f"{printable(path)} is not a socket"
    return f"{printable(path)} is owned by uid {status.st_uid}, the process runs as uid {uid}"


def _is_stale(directory: Path, pid: int, started: int) -> bool:
    return dotnet_pids(directory).get(pid, started) != started
