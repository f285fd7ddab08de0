"""Events of a rundown as a runtime makes them, and looks made by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from octotui.dotnet.ipc import RuntimeInfo
from octotui.dotnet.nettrace.values import Event
from octotui.dotnet.stacks.methods import RUNDOWN, MethodTable
from octotui.dotnet.stacks.model import Activity, Frame, Look, ThreadLook
from octotui.processes.model import ProcessKey

KEY = ProcessKey(14220, 826567)
MODULE = 0x7F00


def event(number: int, payload: bytes, *, provider: str = RUNDOWN, thread: int = 1, time: int = 0) -> Event:
    return Event(provider, number, "", 1, thread, time, (), payload, 1)


def text(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass") + b"\0\0"


def method_event(start: int, size: int, type_name: str, method: str, *, signature: str = "", flags: int = 0) -> Event:
    fixed = struct.pack("<QQQIII", 1, MODULE, start, size, 0x06000001, flags)
    return event(144, fixed + text(type_name) + text(method) + text(signature) + b"\0" * 10)


def module_event(path: str, module: int = MODULE) -> Event:
    return event(154, struct.pack("<QQII", module, 1, 0, 0) + text(path) + text(""))


def table_of(*events: Event) -> MethodTable:
    table = MethodTable()
    for one in events:
        table.take(one)
    table.settle()
    return table


def frames(*names: str) -> tuple[Frame, ...]:
    """`Module!Type.Method`, the innermost first."""
    return tuple(Frame(*name.split("!", 1)) if "!" in name else Frame("", name) for name in names)


def thread(
    id: int,
    *names: str,
    name: str = "",
    activity: Activity = Activity.WAITING,
    cpu_seconds: float | None = None,
    managed_samples: int = 0,
) -> ThreadLook:
    state = "S" if activity is Activity.WAITING else "R"
    return ThreadLook(id, id, name, state, activity, frames(*names), 5, managed_samples, 1, cpu_seconds)


def look_of(threads: Sequence[ThreadLook], *, taken_at: float = 0.0, version: str = "8.0.4") -> Look:
    return Look(KEY, taken_at, 0.11, RuntimeInfo(KEY.pid, version), tuple(threads))
