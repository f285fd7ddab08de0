"""Plays the sentry for tests and benchmarks of the tracer: forks one, gives it an order, collects its news."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from octotui.dumps.exits import tracer

WAIT_SECONDS = 20.0


class Traced:
    """One tracer and what it told so far. `tracer` is its pid. A context manager: the tracer is gone afterwards."""

    def __init__(self, pid: int, started: int, path: Path, **order: Any) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.path = path
        self.link = ours
        self.news: list[dict[str, Any]] = []
        self._is_open = True
        # What is buffered would be written twice.
        sys.stdout.flush()
        sys.stderr.flush()
        self.tracer = os.fork()
        if self.tracer == 0:
            # As the sentry has none of them: pipes of the targets stay open as long as somebody has an end of them.
            end = os.dup2(theirs.fileno(), 3)
            os.closerange(4, 1 << 16)
            tracer.serve(socket.socket(fileno=end))
        theirs.close()
        self.order(do="trace", pid=pid, started=started, path=str(path), **{"keep": "any", **order})

    def order(self, **fields: Any) -> None:
        self.link.send(json.dumps(fields).encode())

    def until(self, *wanted: str) -> dict[str, Any]:
        """Waits for news of one of these kinds, also among those that came. Fails at the end of the link."""
        deadline = time.monotonic() + WAIT_SECONDS
        seen = 0
        while True:
            for news in self.news[seen:]:
                if news["news"] in wanted:
                    return news
            seen = len(self.news)
            assert self._is_open, f"the tracer ended without {wanted}: {self.news}"
            assert self._read(deadline - time.monotonic()), f"no {wanted} in {WAIT_SECONDS} s: {self.news}"

    def outcome(self) -> dict[str, Any]:
        return self.until("written", "passed", "failed", "untraceable")

    def kinds(self) -> list[str]:
        return [news["news"] for news in self.news]

    def kill(self) -> None:
        """SIGKILL for the tracer."""
        os.kill(self.tracer, signal.SIGKILL)

    def close(self) -> None:
        """Closes the link, which ends the tracer, and reaps it."""
        self.link.close()
        if self.tracer:
            os.waitpid(self.tracer, 0)
            self.tracer = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _read(self, seconds: float) -> bool:
        if not select.select([self.link], [], [], max(0.0, seconds))[0]:
            return False
        packet = self.link.recv(1 << 16)
        if packet:
            self.news.append(json.loads(packet))
        else:
            self._is_open = False
        return True
