"""Each start, exec and end of a process in the moment it happens, from the kernel's process connector.

Linux tells root, and since 6.6 everybody, but only on the host itself: in a container the request is dropped without an
answer. So nothing counts as heard before the kernel has acknowledged it.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import time
import weakref
from collections.abc import Collection
from types import TracebackType
from typing import NamedTuple

from octotui.processes.event_refusal import EventsUnavailable, explained, is_in_container, not_linux
from octotui.processes.event_socket import bound, unsubscribe
from octotui.processes.event_wire import (
    EVERYTHING,
    IGNORE,
    LISTEN,
    EventKind,
    ProcessEvent,
    acknowledgement,
    decode,
    mask_of,
    request,
    socket_filter,
)

__all__ = ["EventKind", "EventsUnavailable", "Heard", "ProcessEvent", "ProcessEvents"]

ALL_KINDS = (EventKind.FORK, EventKind.EXEC, EventKind.EXIT)
BUFFER_BYTES = 16 << 20
"""Holds what a fork storm makes in more than half a second, were the reader to stall for so long."""

ACKNOWLEDGEMENT_SECONDS = 1.0
_CONTAINER_SECONDS = 0.05
"""How long a container is asked to answer: the kernel answers within the request or, as there, never."""

_LONGEST_DATAGRAM = 8192


class Heard(NamedTuple):
    """What one `drain` found, oldest first.

    `was_lost`: the buffer ran over, and events are missing; only a full scan made after this drain knows what is there.
    `has_more`: the limit was reached before the end.
    """

    events: tuple[ProcessEvent, ...]
    was_lost: bool
    has_more: bool


class ProcessEvents:
    """A subscription to the events of all processes of the host, from the return of `open` until `close`.

    Events from before `open` are not told: whoever wants the whole picture scans after it. `close` takes the
    subscription back, also when the object is dropped and when the interpreter exits. After a SIGKILL the kernel goes
    on counting one listener until it boots again; with nobody on the socket that costs a test per event and no more.
    """

    def __init__(self, connection: socket.socket, kinds: Collection[EventKind], *, is_filtered: bool) -> None:
        """Use `open`."""
        self.is_filtered = is_filtered
        """Whether the events of threads are dropped within the kernel."""
        self.is_masked = False
        """Whether the kernel sends the wanted kinds alone."""
        self.buffer_bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        """The receive buffer as the kernel counts it, which is up to twice what was asked for."""
        self.event_count = 0
        self.lost_count = 0
        """How often the buffer ran over; the kernel does not say how many events were lost each time."""
        self._connection = connection
        self._mask = mask_of(kinds)
        self._buffer = bytearray(_LONGEST_DATAGRAM)
        self._view = memoryview(self._buffer)
        self._is_overrun = False
        self._finalizer = weakref.finalize(self, unsubscribe, connection, os.getpid())

    @classmethod
    def open(cls, *, buffer_bytes: int = BUFFER_BYTES, want: Collection[EventKind] = ALL_KINDS) -> ProcessEvents:
        """Subscribes; returns when the kernel has acknowledged it. Raises EventsUnavailable within about a second."""
        if not want:
            raise ValueError("no kind of event is wanted")
        if not sys.platform.startswith("linux"):
            raise not_linux()
        try:
            events = cls._subscribed(buffer_bytes, want) or cls._subscribed(buffer_bytes, want, is_bare=True)
        except OSError as error:
            raise explained(error.errno or 0) from error
        if events is None:
            raise explained(errno.ETIMEDOUT)
        return events

    @classmethod
    def _subscribed(
        cls, buffer_bytes: int, want: Collection[EventKind], *, is_bare: bool = False
    ) -> ProcessEvents | None:
        """A subscription; None if the kernel fell silent as soon as there was something to filter. Raises OSError."""
        number = int.from_bytes(os.urandom(4), sys.byteorder)
        connection, is_filtered = bound(buffer_bytes, b"" if is_bare else socket_filter(want, number))
        events = cls(connection, want, is_filtered=is_filtered)
        try:
            events._listen(number)
            if is_bare or events._narrow(number):
                return events
        except BaseException:
            events.close()
            raise
        # The kernel has forgotten this listener, and would subtract one more for an IGNORE.
        events._finalizer.detach()
        connection.close()
        return None

    def __enter__(self) -> ProcessEvents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor to select on: readable when `drain` has something to say. -1 after `close`."""
        return self._connection.fileno()

    def drain(self, limit: int = 4096) -> Heard:
        """What has come since the last call, without waiting and without raising; nothing after `close`.

        Reads at most `limit` datagrams. Once the buffer ran over, the kernel drops what is new until the reader is at
        the end of what is old: `was_lost` stays up until then, and a scan before it could miss processes.
        """
        found: list[ProcessEvent] = []
        was_lost = self._is_overrun
        has_more = True
        for _ in range(limit):
            try:
                datagram = self._receive()
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    was_lost = self._is_overrun = True
                    self.lost_count += 1
                    continue
                has_more = self._is_overrun = False
                break
            found += decode(datagram, self._mask)
        self.event_count += len(found)
        return Heard(tuple(found), was_lost, has_more)

    def close(self) -> None:
        """Takes the subscription back. Harmless when done before, or by a forked child, which only drops its copy."""
        self._finalizer()

    def _receive(self) -> memoryview:
        """The next datagram of the kernel, empty if it was from elsewhere or too long. Raises OSError, as for none."""
        size, sender = self._connection.recvfrom_into(self._buffer, 0, socket.MSG_TRUNC)
        # Root's processes may send to this port as well; the kernel's own port is 0.
        return self._view[: size if sender[0] == 0 and size <= _LONGEST_DATAGRAM else 0]

    def _listen(self, number: int) -> None:
        """The first request. Raises OSError with what the kernel says against it, ETIMEDOUT if it says nothing."""
        self._connection.send(request(LISTEN, number))
        error = self._answer(number, _CONTAINER_SECONDS if is_in_container() else ACKNOWLEDGEMENT_SECONDS)
        if error:
            raise OSError(error, os.strerror(error))

    def _narrow(self, number: int) -> bool:
        """Asks for the wanted kinds alone. False if the kernel fell silent over it.

        A mask hides its own acknowledgement, and kernels before 6.6 drop a request that has one. Some early 6.6 and
        6.7 ones forget all listeners once a message reached nobody, as when it was filtered: what is asked for after
        the masked request then stays without an answer.
        """
        self._connection.send(request(LISTEN, number, self._mask))
        if self._is_answered(LISTEN, number, EVERYTHING):
            self._connection.send(request(LISTEN, number, self._mask))
            self.is_masked = True
            return True
        if self._is_answered(LISTEN, number):
            # Where masks are unknown, listeners are counted by the request: this takes the second one back.
            self._is_answered(IGNORE, number)
            return True
        return False

    def _is_answered(self, operation: int, number: int, mask: int | None = None) -> bool:
        self._connection.send(request(operation, number, mask))
        return self._answer(number, 0.0) == 0

    def _answer(self, number: int, seconds: float) -> int:
        """The error of the kernel's answer, 0 for none; ETIMEDOUT. Events that came before it are left out.

        The answers to all listeners come to each of them; ours is the one with our number.
        """
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) <= ACKNOWLEDGEMENT_SECONDS:
            try:
                error = acknowledgement(self._receive(), number)
                if error is not None:
                    return error
            except BlockingIOError:
                if waited >= seconds:
                    break
                wait = select.poll()
                wait.register(self._connection, select.POLLIN)
                wait.poll((seconds - waited) * 1000.0)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
        return errno.ETIMEDOUT
