"""What is known of a .NET process from outside. All immutable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from octotui.processes.model import ProcessKey


class RuntimeKind(StrEnum):
    """How the runtime is present in the process."""

    NONE = "none"
    CORECLR = "coreclr"
    SINGLE_FILE = "single-file"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DiagnosticsSocket:
    """A diagnostics socket that passed the checks of a path: name, start ticks, owner.

    `path` is how octotui reaches it (through `/proc/PID/root` where the target lives in another mount namespace);
    `pid` is the target's pid in octotui's namespace, which SO_PEERCRED must name after connecting.
    """

    path: str
    pid: int
    uid: int


@dataclass(frozen=True, slots=True)
class CreatedumpTool:
    """The `createdump` beside the target's own runtime.

    `path` is as the target sees it, `reachable` as octotui does; `is_runnable` is for the target's uid and gid;
    `problem` says in words why it is not. `untrusted` names the first path component that someone other than root
    can change ("" when there is none).
    """

    path: str
    reachable: str
    is_runnable: bool
    problem: str = ""
    untrusted: str = ""


@dataclass(frozen=True, slots=True)
class RuntimeFacts:
    """Everything preflight needs to know of one process, read in one go.

    `state` is the kernel's letter; `tracer_pid` is 0 when nobody traces it. `private_bytes` is what a heap dump has to
    write: writable memory that no file backs (RssAnon + VmSwap where the map cannot be read); `resident_bytes` is its
    RSS, `mapped_bytes` the file-backed images that a full dump adds. `same_mounts` and `same_pids` compare its
    namespaces with octotui's; `temp_directory` is as the process has it, not printable; `unreadable` is the sentence
    that says why facts are missing ("" when all could be read); `waits_at_start` is the variable (NAME=value) for
    which the runtime stands still before any managed code, "" for one that runs.
    """

    key: ProcessKey
    kind: RuntimeKind
    version: str = ""
    runtime_directory: str = ""
    createdump: CreatedumpTool | None = None
    socket: DiagnosticsSocket | None = None
    socket_problem: str = ""
    state: str = "S"
    tracer_pid: int = 0
    tracer_name: str = ""
    uid: int = -1
    gid: int = -1
    groups: tuple[int, ...] = ()
    namespace_pid: int = 0
    same_mounts: bool = True
    same_pids: bool = True
    temp_directory: str = "/tmp"
    threads: int = 0
    private_bytes: int = 0
    resident_bytes: int = 0
    mapped_bytes: int = 0
    unreadable: str = ""
    waits_at_start: str = ""
