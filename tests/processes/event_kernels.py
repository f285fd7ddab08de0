"""A process connector in place of the kernel's, of several ages, that counts its listeners as the real one does."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Sequence
from typing import cast

import pytest
from event_messages import UID, answer, execution, fork, message

from octotui.processes import events
from octotui.processes.event_wire import EVERYTHING, IGNORE, LISTEN

BUFFER = 1 << 20


class FakeKernel:
    """`knows_masks`: as from 6.6. `forgets`: as early 6.6, no listeners remain once a message reached nobody.

    `refusal`: the errno of its acknowledgements. `is_deaf`: it drops requests, as in a container. `noise`: what it
    sends before each of its answers.
    """

    def __init__(
        self,
        *,
        knows_masks: bool = True,
        forgets: bool = False,
        refusal: int = 0,
        is_deaf: bool = False,
        noise: Sequence[bytes] = (),
    ) -> None:
        self.knows_masks = knows_masks
        self.forgets = forgets
        self.refusal = refusal
        self.is_deaf = is_deaf
        self.noise = noise
        self.listeners = 0
        self.sockets: list[FakeSocket] = []

    def bound(self, buffer_bytes: int, program: bytes) -> tuple[socket.socket, bool]:
        """In place of `event_socket.bound`."""
        self.sockets.append(FakeSocket(self, is_filtered=bool(program)))
        return cast(socket.socket, self.sockets[-1]), bool(program)

    def take(self, sender: FakeSocket, number: int, operation: int, mask: int | None) -> None:
        if self.is_deaf or (mask is not None and not self.knows_masks):
            return
        if not self.refusal:
            self._count(sender, operation)
            if self.knows_masks:
                sender.operation, sender.mask = operation, mask or EVERYTHING
        if self.listeners < 1 and not self.refusal:
            return
        for datagram in self.noise:
            self.send(datagram)
        self.send(answer(number, self.refusal))

    def send(self, datagram: bytes) -> None:
        """To whoever may hear it."""
        reached = [found for found in self.sockets if found.lets_pass(datagram)]
        for found in reached:
            found.far_end.send(datagram)
        if self.forgets and not reached:
            self.listeners = 0

    def _count(self, sender: FakeSocket, operation: int) -> None:
        if operation == LISTEN and (sender.operation != LISTEN or not self.knows_masks):
            self.listeners += 1
        if operation == IGNORE and (sender.operation not in (None, IGNORE) or not self.knows_masks):
            self.listeners -= 1


class FakeSocket:
    """The near end of a pair of sockets, so that waiting for it is real."""

    def __init__(self, kernel: FakeKernel, *, is_filtered: bool) -> None:
        self.kernel = kernel
        self.is_filtered = is_filtered
        self.operation: int | None = None
        self.mask = EVERYTHING
        self.port = 0
        self.far_end, self.near_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near_end.setblocking(False)

    def lets_pass(self, datagram: bytes) -> bool:
        (kind,) = struct.unpack_from("=I", datagram, 36)
        is_masked = self.mask != EVERYTHING and not kind & self.mask
        is_unheard = self.operation == IGNORE or self.near_end.fileno() < 0
        return not is_masked and not is_unheard and not (self.is_filtered and kind == UID)

    def send(self, request: bytes) -> int:
        number, length = struct.unpack_from("=IH", request, 28)
        operation, mask = struct.unpack_from("=II", request + bytes(4), 36)
        self.kernel.take(self, number, operation, mask if length == 8 else None)
        return len(request)

    def recvfrom_into(self, buffer: bytearray, size: int, flags: int) -> tuple[int, tuple[int, int]]:
        return self.near_end.recv_into(buffer, size, flags), (self.port, 1)

    def getsockopt(self, *_: int) -> int:
        return BUFFER

    def fileno(self) -> int:
        return self.near_end.fileno()

    def close(self) -> None:
        self.near_end.close()
        self.far_end.close()


def install(kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    monkeypatch.setattr(events, "bound", kernel.bound)
    # No test waits for as long as a person would.
    monkeypatch.setattr(events, "ACKNOWLEDGEMENT_SECONDS", 0.05)
    return kernel


NOISE = (fork(500), answer(1), answer(2, errno.EPERM), execution(500), message(UID, 500, 500))
"""Events, and the answers to other listeners, good and bad."""
