"""The messages of the kernel's process connector: requests, the filter of its socket, pure decoding of what it sends.

A datagram holds netlink messages (16 bytes of header), each with a connector message (20) and an event (40): all in the
byte order of this machine. The kernel puts one message into a datagram; more are understood as well.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Collection, Iterator
from enum import IntEnum
from typing import NamedTuple


class EventKind(IntEnum):
    """What happened to a process; the numbers are the kernel's.

    Changes of user and name are not asked for: those that matter come within moments of a fork or with an exec, and
    threads that name themselves, as those of .NET do, would be the bulk of all events.
    """

    FORK = 0x00000001
    EXEC = 0x00000002
    EXIT = 0x80000000


class ProcessEvent(NamedTuple):
    """One event of one process, never of a mere thread.

    `parent_pid` is known for FORK and 0 otherwise. `exit_status` is that of EXIT in the form of `os.wait`, otherwise
    0. `monotonic_ns` is the kernel's own stamp on the clock of `time.monotonic_ns`.

    EXIT says that the first thread ended. That is nearly always the process, with two exceptions that `/proc` tells
    apart: other threads that go on without it, and an exec by another thread, which takes over the pid (EXIT with
    status 0, then EXEC of the same pid).
    """

    kind: EventKind
    pid: int
    parent_pid: int
    exit_status: int
    monotonic_ns: int


LISTEN = 1
IGNORE = 2
EVERYTHING = 0
"""As a mask: all kinds of events, and acknowledgements, which any other mask hides."""

_PROCESSES = 1
"""Index and value by which the connector names its events of processes."""

_DONE = 3
_WORD = 0xFFFFFFFF
_ACKNOWLEDGEMENT = 0

_HEADER = struct.Struct("=IHHII")
_CONNECTOR = struct.Struct("=IIIIHH")
_MESSAGE = struct.Struct("=I12xII4xI4xI4xQ4I")
"""What is read of a message: its length; index, value and acknowledged number of the connector; kind and stamp of the
event, and the first four words of what depends on the kind."""

_ACKNOWLEDGED_AT, _KIND_AT, _WORDS_AT = 28, 36, 52
_KINDS: dict[int, EventKind] = {int(kind): kind for kind in EventKind}
_FORK, _EXIT = int(EventKind.FORK), int(EventKind.EXIT)


def request(operation: int, number: int, mask: int | None = None) -> bytes:
    """LISTEN or IGNORE; with `mask` in the longer form that kernels before 6.6 drop without an answer."""
    payload = struct.pack("=I", operation) if mask is None else struct.pack("=II", operation, mask)
    message = _CONNECTOR.pack(_PROCESSES, _PROCESSES, 0, number, len(payload), 0) + payload
    return _HEADER.pack(_HEADER.size + len(message), _DONE, 0, 0, 0) + message


def mask_of(kinds: Collection[EventKind]) -> int:
    """The kernel's mask for these kinds of events."""
    mask = 0
    for kind in kinds:
        mask |= kind
    return mask


def decode(datagram: bytes | bytearray | memoryview, mask: int) -> list[ProcessEvent]:
    """The events of the kinds in `mask` in their order, without those of threads; never raises.

    Whatever is no whole message of the process connector is skipped.
    """
    found: list[ProcessEvent] = []
    for what, _, stamp, first, second, third, fourth in _messages(datagram):
        if not what & mask:
            continue
        if what == _FORK:
            # Of parent and child first the thread, then its process.
            if third == fourth:
                found.append(ProcessEvent(EventKind.FORK, third, second, 0, stamp))
        elif first == second and (kind := _KINDS.get(what)) is not None:
            found.append(ProcessEvent(kind, first, 0, third if what == _EXIT else 0, stamp))
    return found


def acknowledgement(datagram: bytes | bytearray | memoryview, number: int) -> int | None:
    """The errno, or 0, of the answer to the request that had this number; None if it is not in here. Never raises."""
    wanted = (number + 1) & _WORD
    for what, acknowledged, _, error, _, _, _ in _messages(datagram):
        if what == _ACKNOWLEDGEMENT and acknowledged == wanted:
            return error
    return None


def _messages(datagram: bytes | bytearray | memoryview) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    """Kind, acknowledged number, stamp and four words of each message of the process connector."""
    offset, end = 0, len(datagram)
    while end - offset >= _MESSAGE.size:
        length, index, value, acknowledged, what, stamp, a, b, c, d = _MESSAGE.unpack_from(datagram, offset)
        if not _MESSAGE.size <= length <= end - offset:
            return
        if index == _PROCESSES and value == _PROCESSES:
            yield what, acknowledged, stamp, a, b, c, d
        offset += (length + 3) & ~3


def socket_filter(kinds: Collection[EventKind], number: int) -> bytes:
    """A classic BPF program that lets pass these kinds of events of processes, and the answers to request `number`.

    What it drops costs no room in the receive buffer and wakes nobody: threads, above all.
    """
    keep_in_x, drop, take = (0x07, 0, 0, 0), (0x06, 0, 0, 0), (0x06, 0, 0, _WORD)

    def load(offset: int) -> tuple[int, int, int, int]:
        return (0x20, 0, 0, offset)

    def unless(word: int, skip: int) -> tuple[int, int, int, int]:
        """Skips as many instructions unless the loaded word is this one. Loads are big-endian on every machine."""
        return (0x15, 0, skip, int.from_bytes(word.to_bytes(4, sys.byteorder), "big"))

    steps = [load(_KIND_AT), unless(_ACKNOWLEDGEMENT, 4)]
    steps += [load(_ACKNOWLEDGED_AT), unless((number + 1) & _WORD, 1), take, drop]
    for kind in kinds:
        # A process is the thread whose id is that of its group.
        thread = _WORDS_AT + (8 if kind is EventKind.FORK else 0)
        is_process = [load(thread), keep_in_x, load(thread + 4), (0x1D, 0, 1, 0), take, drop]
        steps += [unless(kind, len(is_process)), *is_process]
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, drop])
