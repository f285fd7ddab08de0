"""The link of a tracer: one JSON object per packet, orders in, news out. Nothing here ever waits for long.

Orders (`do`): `trace` with the fields of `Order` (`keep`: "failed" or "any"), once, and `cancel`. News (`news`), in
this order: `untraceable` {code, message, hint}, or `tracing` {threads, us, blocks_crash_dump}; at the end `exiting`
{status}, `writing` {bytes} now and then, and one of

- `written` {status, path, bytes, data_bytes, unreadable_bytes, threads, late, untraced, may_miss_threads, left_managed,
  pause_seconds, life_seconds}: `bytes` is the size of the file, `data_bytes` what was written of it; the lists name at
  most 200 threads, the note in the core all,
- `passed` {status, why}: no dump was wanted of this end; status null when the trace was cancelled,
- `failed` {status, code, message, hint}: no dump; status null when it is not known,

and `gone` {status} when its parent was told (status null when its first thread had ended before the trace began).
"""

from __future__ import annotations

import json
import select
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_PACKET = 1 << 16
PATIENCE_MS = 2000
"""How long a message that must arrive waits for room. One who does not read for so long has ended or hangs."""


class LinkClosed(Exception):
    """The other end is gone: nobody wants the trace any more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to trace. `path` is created; `keeps_success`: an end with status 0 is written too.

    `most_bytes` and `most_seconds` limit one dump (None for no limit of its size).
    """

    pid: int
    started: int
    path: Path
    keeps_success: bool
    most_bytes: int | None
    most_seconds: float
    least_free_bytes: int

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Order:
        """Raises KeyError, TypeError and ValueError for an order that is not one."""
        most = fields.get("most_bytes")
        return cls(
            int(fields["pid"]),
            int(fields["started"]),
            Path(fields["path"]),
            fields.get("keep", "failed") == "any",
            None if most is None else int(most),
            float(fields.get("most_seconds") or 600.0),
            int(fields.get("least_free_bytes") or 0),
        )


class Link:
    """The tracer's end. Raises LinkClosed wherever the other end has gone."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.setblocking(False)

    def fileno(self) -> int:
        return self._end.fileno()

    def receive(self) -> dict[str, Any] | None:
        """The next order, None when there is none now."""
        try:
            packet = self._end.recv(LARGEST_PACKET)
        except BlockingIOError:
            return None
        except OSError as error:
            raise LinkClosed from error
        if not packet:
            raise LinkClosed
        try:
            found = json.loads(packet)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def wait(self) -> dict[str, Any]:
        """The next order, as long as it takes."""
        while (found := self.receive()) is None:
            select.select([self._end], [], [])
        return found

    def tell(self, news: str, **fields: Any) -> None:
        """Sends news that must arrive."""
        packet = json.dumps({"news": news, **fields}).encode()
        if not self._send(packet):
            poll = select.poll()
            poll.register(self._end, select.POLLOUT)
            poll.poll(PATIENCE_MS)
            if not self._send(packet):
                raise LinkClosed

    def mention(self, news: str, **fields: Any) -> None:
        """Sends news that may be left out when the link is full."""
        self._send(json.dumps({"news": news, **fields}).encode())

    def close(self) -> None:
        self._end.close()

    def _send(self, packet: bytes) -> bool:
        try:
            self._end.send(packet)
        except BlockingIOError:
            return False
        except OSError as error:
            raise LinkClosed from error
        return True
