"""The packets between octotui and the sentry: one JSON object each, both ways, never waited for."""

from __future__ import annotations

import contextlib
import json
import socket
from collections import deque
from typing import Any

LARGEST_PACKET = 64 << 10
BUFFER_BYTES = 1 << 20
MOST_WAITING = 1 << 16
"""News that are kept for an octotui that does not read; one that lets more than that wait is as good as gone.

None is left out: octotui would count wrong, and wait for ever for what came of a capture.
"""

_quoted = json.encoder.encode_basestring_ascii
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Closed(Exception):
    """The other end is gone, or has not read for so long that it may as well be."""


class Link:
    """One end of a socket pair of packets. `told_late` is called when news have to wait for room."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self._connection = connection
        self._waiting: deque[bytes] = deque()

    def fileno(self) -> int:
        return self._connection.fileno()

    @property
    def is_late(self) -> bool:
        """Whether news wait for room: `flush` when the link is writable."""
        return bool(self._waiting)

    def tell(self, news: str, **fields: Any) -> bool:
        """Sends one packet of news. False when it has to wait, for octotui does not read. Raises Closed."""
        return self.pass_on({"news": news, **fields})

    def announce(self, pid: int, started: int, by: str, name: str, seconds: float) -> bool:
        """Tells `holding`, the one word that a stop waits for, in a third of the time of any other."""
        packet = (
            f'{{"news":"holding","pid":{pid},"started":{started},"by":{_quoted(by)},"name":{_quoted(name)},'
            f'"seconds":{seconds}}}'
        ).encode("ascii")
        return not self._waiting and self._send(packet)

    def pass_on(self, fields: dict[str, Any]) -> bool:
        """As `tell`, for fields that are news already."""
        packet = _encode(fields).encode()
        if not self._waiting and self._send(packet):
            return True
        if len(self._waiting) >= MOST_WAITING:
            raise Closed
        self._waiting.append(packet)
        return False

    def flush(self) -> None:
        """Sends what waits, as far as there is room. Raises Closed."""
        while self._waiting and self._send(self._waiting[0]):
            self._waiting.popleft()

    def receive(self) -> bytes | None:
        """The next packet, None when there is none now; one that is too long comes cut short. Raises Closed."""
        try:
            packet = self._connection.recv(LARGEST_PACKET)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Closed from error
        if not packet:
            raise Closed
        return packet

    def close(self) -> None:
        self._connection.close()

    def _send(self, packet: bytes) -> bool:
        try:
            self._connection.send(packet, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Closed from error
        return True
