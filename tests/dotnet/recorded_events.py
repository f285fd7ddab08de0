"""What real runtimes sent, recorded: three seconds of counters, and a heap of 1000 Shop.Book and 50 of each box."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures" / "nettrace"
RUNTIMES = ("8.0.4", "3.1")
PIECE = 1000


def recorded(what: str, runtime: str) -> bytes:
    return gzip.decompress((FIXTURES / f"{what}-{runtime}.nettrace.gz").read_bytes())


class RecordedSession:
    """In the place of a session: gives `stream` in pieces, and then `after` for ever."""

    def __init__(self, stream: bytes, after: BaseException | bytes = b"") -> None:
        self._pieces: Iterator[bytes] = iter([stream[i : i + PIECE] for i in range(0, len(stream), PIECE)])
        self._after = after
        self.is_stopped = False
        self.is_over = False

    async def read(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is not None:
            return piece
        if isinstance(self._after, BaseException):
            raise self._after
        return self._after

    async def stop(self) -> None:
        self.is_stopped = True

    def traced(self) -> Any:
        """What stands in the place of `trace`."""

        @asynccontextmanager
        async def trace(*_: Any, **__: Any) -> Any:
            try:
                yield self
            finally:
                self.is_over = True

        return trace
