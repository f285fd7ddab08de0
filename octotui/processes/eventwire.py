"""The messages of the process connector as bytes: requests, events, and the filter that the kernel runs over them.

Layout: a netlink header of 16 bytes, a connector header of 20, then what happened, the processor, the time, and the
pids; see connector.h and cn_proc.h of Linux.
"""

from __future__ import annotations

import os
import struct
import sys
from enum import IntEnum
from functools import cache
from typing import NamedTuple

GROUP = 1
"""The multicast group of the process connector, and its number and value in the connector header."""

LISTEN = 1

_NLMSG_DONE = 3
_NETLINK = struct.Struct("=IHHII")
_CONNECTOR = struct.Struct("=IIIIHH")
_EVENT = struct.Struct("=IIQ")
_PIDS = struct.Struct("=IIII")
_WHAT = _NETLINK.size + _CONNECTOR.size
_DATA = _WHAT + _EVENT.size
_SHORTEST = _DATA + 8
_PID_LIMIT = 1 << 31


class EventKind(IntEnum):
    """What happened, in the kernel's numbers."""

    FORK = 0x00000001
    EXEC = 0x00000002
    EXIT = 0x80000000


WANTED_MASK = EventKind.FORK | EventKind.EXEC | EventKind.EXIT
_ACKNOWLEDGED = 0


class ProcessEvent(NamedTuple):
    """One event of a process as a whole.

    `parent_pid` is given for a fork alone, `exit_status` for an exit alone: the code times 256, or the signal, as
    `wait` gives it. `monotonic_ns` is the kernel's time of the event on the clock of `time.monotonic_ns`.
    """

    kind: EventKind
    pid: int
    parent_pid: int = 0
    exit_status: int = 0
    monotonic_ns: int = 0


def request(operation: int, *, number: int = 0, mask: int | None = None) -> bytes:
    """A request to the connector. The answer has the `number` after this one; `mask` is the sum of the wanted kinds."""
    payload = struct.pack("=I", operation) if mask is None else struct.pack("=II", operation, mask)
    message = _CONNECTOR.pack(GROUP, GROUP, 0, number, len(payload), 0) + payload
    return _NETLINK.pack(_NETLINK.size + len(message), _NLMSG_DONE, 0, 0, os.getpid()) + message


def acknowledgement(raw: bytes, number: int) -> int | None:
    """The error number (0: none) in the answer to request `number`; None if this is something else."""
    if len(raw) < _DATA + 4:
        return None
    index, value, _, answered, *_ = _CONNECTOR.unpack_from(raw, _NETLINK.size)
    what, *_ = _EVENT.unpack_from(raw, _WHAT)
    if (index, value, answered, what) != (GROUP, GROUP, (number + 1) & 0xFFFFFFFF, _ACKNOWLEDGED):
        return None
    code: int = struct.unpack_from("=I", raw, _DATA)[0]
    return code


def decode(buffer: bytes | bytearray, size: int, events: list[ProcessEvent]) -> None:
    """Append the events of processes in the first `size` bytes; what is no such event, or is cut, is passed over."""
    at = 0
    while at + _SHORTEST <= size:
        length = _NETLINK.unpack_from(buffer, at)[0]
        if length < _NETLINK.size or at + length > size:
            return
        if length >= _SHORTEST:
            event = _event(buffer, at, length)
            if event is not None:
                events.append(event)
        at += (length + 3) & ~3


def _event(buffer: bytes | bytearray, at: int, length: int) -> ProcessEvent | None:
    what, _, stamp = _EVENT.unpack_from(buffer, at + _WHAT)
    if what == EventKind.FORK and length >= _DATA + _PIDS.size:
        _, parent, thread, pid = _PIDS.unpack_from(buffer, at + _DATA)
        return ProcessEvent(EventKind.FORK, pid, parent, 0, stamp) if thread == pid < _PID_LIMIT else None
    thread, pid = struct.unpack_from("=II", buffer, at + _DATA)
    if what == EventKind.EXEC:
        # The thread that called exec has become the process by now, whichever it was.
        return ProcessEvent(EventKind.EXEC, pid, 0, 0, stamp) if pid < _PID_LIMIT else None
    if what == EventKind.EXIT and thread == pid < _PID_LIMIT and length >= _DATA + 12:
        status = struct.unpack_from("=I", buffer, at + _DATA + 8)[0]
        return ProcessEvent(EventKind.EXIT, pid, 0, status, stamp)
    return None


_LOAD, _IS, _IS_X, _TO_X, _RETURN = 0x20, 0x15, 0x1D, 0x07, 0x06
_WHOLE = 0xFFFFFFFF


@cache
def filter_program() -> bytes:
    """A classic socket filter that lets through answers, execs, and the forks and ends of processes but not of threads.

    A fork or an end is a process's when its thread and its process number are the same.
    """
    keep, drop, fork, end = 14, 15, 6, 10
    steps: tuple[tuple[int, int | None, int | None, int], ...] = (
        (_LOAD, None, None, _WHAT),
        (_IS, keep, None, _ACKNOWLEDGED),
        (_IS, keep, None, _as_loaded(EventKind.EXEC)),
        (_IS, fork, None, _as_loaded(EventKind.FORK)),
        (_IS, end, None, _as_loaded(EventKind.EXIT)),
        (_RETURN, None, None, 0),
        (_LOAD, None, None, _DATA + 8),
        (_TO_X, None, None, 0),
        (_LOAD, None, None, _DATA + 12),
        (_IS_X, keep, drop, 0),
        (_LOAD, None, None, _DATA),
        (_TO_X, None, None, 0),
        (_LOAD, None, None, _DATA + 4),
        (_IS_X, keep, drop, 0),
        (_RETURN, None, None, _WHOLE),
        (_RETURN, None, None, 0),
    )

    def jump(at: int, target: int | None) -> int:
        return 0 if target is None else target - at - 1

    return b"".join(
        struct.pack("=HBBI", code, jump(at, if_true), jump(at, if_false), operand)
        for at, (code, if_true, if_false, operand) in enumerate(steps)
    )


def _as_loaded(word: int) -> int:
    """A word of this machine as a filter sees it, which loads the most significant byte first."""
    return int.from_bytes(int(word).to_bytes(4, sys.byteorder), "big")
