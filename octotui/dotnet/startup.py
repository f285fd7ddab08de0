"""Whether a runtime stands still at its start, before managed code: until a diagnostics tool tells it to go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from octotui.dotnet.kernel import read_bounded
from octotui.text import decoded, printable

_PREFIXES = (b"DOTNET_", b"COMPlus_")
_PORTS = b"DiagnosticPorts"
_DEFAULT_PORT = b"DefaultDiagnosticPortSuspend"
_MOST_THREADS = 64

# The diagnostics server starts before the wait, the finalizer after it. Runtimes before .NET 6 name neither.
_SERVER_THREAD = b".NET EventPipe"
_FINALIZER_THREAD = b".NET Finalizer"


def suspended_by(environment: Mapping[bytes, bytes]) -> str:
    """The variable that has the runtime wait at its start, as NAME=value and printable; "" when none does."""
    for prefix in _PREFIXES:
        value = environment.get(prefix + _DEFAULT_PORT, b"").strip()
        if value and value.strip(b"0") not in (b"", b"x", b"X"):
            return _shown(prefix + _DEFAULT_PORT, value)
        value = environment.get(prefix + _PORTS, b"")
        if any(_suspends(port) for port in value.split(b";")):
            return _shown(prefix + _PORTS, value)
    return ""


def waits_at_start(pid: int, environment: Mapping[bytes, bytes], proc: Path) -> str:
    """As `suspended_by`, for a runtime that waits at this moment; "" when it does not, or that cannot be told."""
    variable = suspended_by(environment)
    if not variable:
        return ""
    names = _thread_names(proc / str(pid) / "task")
    return variable if _SERVER_THREAD in names and _FINALIZER_THREAD not in names else ""


def _suspends(port: bytes) -> bool:
    """`path[,suspend|nosuspend][,connect]`: a runtime waits unless it is told not to."""
    path, *options = (field.strip().lower() for field in port.split(b","))
    return bool(path) and b"nosuspend" not in options


def _thread_names(tasks: Path) -> set[bytes]:
    try:
        threads = os.listdir(tasks)
    except OSError:
        return set()
    names: set[bytes] = set()
    if len(threads) > _MOST_THREADS:
        return names
    for thread in threads:
        try:
            names.add(read_bounded(tasks / thread / "comm", 64).strip())
        except OSError:
            continue
    return names


def _shown(name: bytes, value: bytes) -> str:
    return printable(decoded(name + b"=" + value), 120)
