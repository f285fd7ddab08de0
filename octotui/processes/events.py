"""Starts, execs and ends of processes as the kernel tells of them: the process connector of netlink.

A raw socket, for the one thing that is needed of it: an event costs a fifth of what a general netlink library takes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
import struct
import sys
import time
import weakref
from collections.abc import Callable
from typing import NamedTuple

from octotui.errors import AccessDenied
from octotui.processes.eventwire import (
    GROUP,
    LISTEN,
    WANTED_MASK,
    ProcessEvent,
    acknowledgement,
    decode,
    filter_program,
    request,
)

BUFFER_BYTES = 16 << 20
"""Room for events asked of the kernel: so much that a pause of a second in a storm of forks loses none."""

ACK_SECONDS = 1.0
DRAINED_AT_ONCE = 4096

_IGNORE_MESSAGE = request(2)
_NETLINK_CONNECTOR = 11
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_LONGEST = 4096


class Heard(NamedTuple):
    """What one `drain` gave: `was_lost` when events were lost before these, `has_more` when its limit was reached."""

    events: tuple[ProcessEvent, ...] = ()
    was_lost: bool = False
    has_more: bool = False


class ProcessEvents:
    """A subscription to the starts, execs and ends of all processes of the host; threads are left out.

    `open` makes one. It is ended by `close`, and at the end of the program if need be: an octotui that is killed
    outright leaves the kernel counting a listener that is gone, which costs a host next to nothing.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray(_LONGEST)
        self.lost = 0
        self._let_go = weakref.finalize(self, _let_go, connection)

    @classmethod
    def open(cls, *, buffer_bytes: int = BUFFER_BYTES, ack_seconds: float = ACK_SECONDS) -> ProcessEvents:
        """Subscribe, and wait for the kernel's word that it counts. Raises AccessDenied, with the reason."""
        if sys.platform != "linux":
            raise _unavailable("this is not Linux", "")
        try:
            connection = socket.socket(
                socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_CONNECTOR
            )
        except OSError as error:
            raise _unavailable(os.strerror(error.errno or 0), _ON_THE_HOST) from error
        try:
            _make_room(connection, buffer_bytes)
            _attach_filter(connection)
            connection.bind((0, GROUP))
            _subscribe(connection, ack_seconds)
        except BaseException:
            _let_go(connection)
            raise
        return cls(connection)

    @property
    def buffer_bytes(self) -> int:
        """The room for events that the kernel granted."""
        return self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def fileno(self) -> int:
        return self._connection.fileno()

    def drain(self, limit: int = DRAINED_AT_ONCE) -> Heard:
        """At most about `limit` events that wait now; waits for none. Closed, it gives none."""
        receive, buffer = self._connection.recvfrom_into, self._buffer
        events: list[ProcessEvent] = []
        was_lost = False
        while len(events) < limit:
            try:
                size, sender = receive(buffer)
            except BlockingIOError:
                return Heard(tuple(events), was_lost)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    return Heard(tuple(events), was_lost)
                was_lost = True
                self.lost += 1
                continue
            # Only the kernel has the address 0.
            if sender[0] == 0:
                decode(buffer, size, events)
        return Heard(tuple(events), was_lost, True)

    def close(self) -> None:
        """Tell the kernel that nobody listens any more. A second time does nothing."""
        self._let_go()

    def __enter__(self) -> ProcessEvents:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_ON_THE_HOST = "run octotui on the host itself, outside of its containers"


def _unavailable(reason: str, hint: str) -> AccessDenied:
    return AccessDenied(f"the kernel does not tell of process starts here ({reason})", hint=hint, code="no-events")


def _let_go(connection: socket.socket) -> None:
    try:
        connection.send(_IGNORE_MESSAGE)
    except OSError:
        # Whoever was never heard need not be unsubscribed.
        pass
    finally:
        connection.close()


def _make_room(connection: socket.socket, size: int) -> None:
    """As much as root may have, or else what the system grants everybody."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


def _attach_filter(connection: socket.socket) -> None:
    """Leave threads out in the kernel; where it has no filters they are left out by `decode`."""
    program = ctypes.create_string_buffer(filter_program(), len(filter_program()))
    pointer = struct.pack("@HP", len(filter_program()) // 8, ctypes.addressof(program))
    try:
        connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pointer)
    except OSError:
        return


def _subscribe(connection: socket.socket, ack_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
    number = int.from_bytes(os.urandom(4), sys.byteorder)
    try:
        connection.send(request(LISTEN, number=number))
        code = _acknowledged(connection, number, clock() + ack_seconds, clock)
        if code:
            raise _unavailable(os.strerror(code), "sudo octotui")
        # With a mask the kernel acknowledges no more, so the plain request had to come first. A kernel that knows no
        # masks takes no notice of this one.
        connection.send(request(LISTEN, number=number, mask=WANTED_MASK))
    except ConnectionRefusedError as error:
        raise _unavailable("this is another network namespace", _ON_THE_HOST) from error
    except OSError as error:
        raise _unavailable(os.strerror(error.errno or 0), "sudo octotui") from error


def _acknowledged(connection: socket.socket, number: int, deadline: float, clock: Callable[[], float]) -> int:
    """The error number of the kernel's answer to request `number`, 0 for none; events may come before it."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    while (left := deadline - clock()) > 0:
        if not poll.poll(left * 1000):
            break
        try:
            raw, sender = connection.recvfrom(_LONGEST)
        except OSError as error:
            if error.errno in (errno.ENOBUFS, errno.EAGAIN):
                continue
            raise
        if sender[0] == 0 and (code := acknowledgement(raw, number)) is not None:
            return code
    raise _unavailable("the kernel does not answer, as in a container", _ON_THE_HOST)
