"""What every case of the matrix looks at afterwards: the target, its socket, and what lies about."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from octotui.dotnet import ipc, runtime
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dumps.targets.target import Status, find_capturing_child, read_status
from octotui.processes.model import ProcessKey

SHARED = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"))


def status_of(key: ProcessKey) -> Status:
    status = read_status(key.pid)
    assert status is not None and status.started == key.started, "the target is gone"
    return status


def is_gone(key: ProcessKey) -> bool:
    status = read_status(key.pid)
    return status is None or status.started != key.started or status.state in "ZX"


def check_runs(key: ProcessKey, *, is_stopped: bool = False, is_traced: bool = False) -> None:
    """The target is as it was: running, or still stopped; nobody traces it and no createdump of it is left."""
    assert not is_gone(key)
    assert (status_of(key).state == "T") is is_stopped
    assert (status_of(key).tracer_pid != 0) is is_traced
    assert find_capturing_child(key) is None


def check_answers(key: ProcessKey, socket: DiagnosticsSocket | None) -> None:
    """A socket that was there is there and answers; a stopped target is asked once the case has released it."""
    if socket is None:
        return
    facts = runtime.inspect(key)
    assert facts.socket == socket, facts.socket_problem
    if facts.state != "T":
        info = asyncio.run(ipc.process_info(socket, timeout=30))
        # .NET Core 3.1 knows no such question: that it says so is its answer.
        assert info.pid in (key.pid, facts.namespace_pid)


def names_in(directory: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(directory))
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return frozenset()


def stray_names(pid: int) -> frozenset[Path]:
    """What looks like a capture's in the directories that all processes share."""
    return frozenset(
        place / name
        for place in SHARED
        for name in names_in(place)
        if name.startswith(".octotui-") or name == f"coredump.{pid}"
    )


def new_strays(pid: int, before: frozenset[Path]) -> frozenset[Path]:
    return frozenset(path for path in stray_names(pid) - before if path.exists())


def children_of_ours() -> frozenset[int]:
    """Children of this process, zombies too."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found.update(int(child) for child in (task / "children").read_text().split())
        except FileNotFoundError:
            continue
    return frozenset(found)


def is_tool(pid: int) -> bool:
    """Whether it is, or was, something that octotui started, not a helper of the test."""
    status = read_status(pid)
    return status is not None and not status.name.startswith("python")
