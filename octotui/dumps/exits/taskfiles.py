"""What /proc says of one thread of a process: every answer may be missing, for it may end at any time."""

from __future__ import annotations

import os
from typing import NamedTuple

_SIGKILL_BIT = 1 << 8
_KERNEL_THREAD = 0x00200000
_ENDED = (b"Z", b"X", b"x", b"")


def slurp(path: str) -> bytes:
    """The content of a file of /proc; b"" when there is none (any more)."""
    try:
        with open(path, "rb", buffering=0) as stream:
            pieces = []
            while piece := stream.read(1 << 16):
                pieces.append(piece)
            return b"".join(pieces)
    except OSError:
        return b""


def stat_of(directory: str) -> list[bytes]:
    """The fields of a `stat` from the state on (field 3 of proc_pid_stat(5)); [] when it is gone."""
    return slurp(f"{directory}/stat").rpartition(b")")[2].split()


def start_ticks(pid: int) -> int:
    """Field 22 of a process; -1 when there is none."""
    fields = stat_of(f"/proc/{pid}")
    return int(fields[19]) if len(fields) > 19 else -1


def is_kernel_thread(fields: list[bytes]) -> bool:
    return len(fields) > 6 and bool(int(fields[6]) & _KERNEL_THREAD)


def status_of(directory: str) -> dict[str, str]:
    """The lines of a `status`; {} when it is gone."""
    lines = slurp(f"{directory}/status").decode("utf-8", "replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def threads_of(pid: int) -> list[int]:
    """The ids of all threads, dead ones that still have an entry among them."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except (OSError, ValueError):
        return []


class Living(NamedTuple):
    """One thread of a process that may be ending. `call` is its system call, -1 for none or unknown."""

    thread: int
    is_killed: bool
    is_dumping_core: bool
    call: int


def is_over(pid: int, thread: int) -> bool:
    """Whether a thread has ended, its entry aside."""
    return (stat_of(f"/proc/{pid}/task/{thread}") or [b""])[0] in _ENDED


def living(pid: int, thread: int) -> Living | None:
    """How a thread is; None when it has ended."""
    directory = f"/proc/{pid}/task/{thread}"
    status = status_of(directory)
    if status.get("State", "Z")[:1].encode() in _ENDED:
        return None
    call = slurp(f"{directory}/syscall").split()[:1]
    return Living(
        thread,
        bool(int(status.get("SigPnd", "0"), 16) & _SIGKILL_BIT),
        status.get("CoreDumping", "0") == "1",
        int(call[0]) if call and call[0].lstrip(b"-").isdigit() else -1,
    )


def group_of(thread: int) -> int:
    """The process to which a thread belongs; -1 when it is gone."""
    return int(status_of(f"/proc/{thread}").get("Tgid", "-1"))


def is_killed(pid: int, thread: int) -> bool:
    """Whether SIGKILL waits for this one thread: its whole process ends, or another thread of it calls exec."""
    return bool(int(status_of(f"/proc/{pid}/task/{thread}").get("SigPnd", "0"), 16) & _SIGKILL_BIT)
