"""Messages of the process connector as the kernel makes them, for tests that need one of each kind."""

from __future__ import annotations

import struct

UID = 4
COMM = 0x200


def message(
    kind: int, *words: int, acknowledged: int = 0, stamp: int = 7, connector: tuple[int, int] = (1, 1), size: int = 76
) -> bytes:
    """One datagram of the kernel: `words` are the first of what depends on the kind."""
    body = struct.pack("=IIIIHH", *connector, 1, acknowledged, 40, 0) + struct.pack("=IIQ", kind, 0, stamp)
    body += struct.pack("=6I", *words, *[0] * (6 - len(words)))
    return struct.pack("=IHHII", size, 3, 0, 0, 0) + body


def fork(pid: int, parent: int = 1, *, thread: int | None = None) -> bytes:
    """The birth of a process by a side thread of its parent, or of the thread `thread` of process `pid`."""
    return message(1, parent + 70_000, parent, pid if thread is None else thread, pid)


def execution(pid: int) -> bytes:
    return message(2, pid, pid)


def end(pid: int, status: int = 0, *, thread: int | None = None) -> bytes:
    return message(0x80000000, pid if thread is None else thread, pid, status, 17)


def answer(number: int, error: int = 0) -> bytes:
    """The acknowledgement of request `number`."""
    return message(0, error, acknowledged=(number + 1) & 0xFFFFFFFF)
