"""What the kernel tells of starts and ends, folded into the pids that have to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Protocol

from octotui.errors import OctotuiError
from octotui.processes.events import EventKind, Heard, ProcessEvents

DRAINED_AT_ONCE = 2048
MOST_ROUNDS = 64


class EventStream(Protocol):
    """Where events come from; `ProcessEvents` is one."""

    def fileno(self) -> int: ...

    def drain(self, limit: int = DRAINED_AT_ONCE) -> Heard: ...

    def close(self) -> None: ...


class Hearing:
    """Opened when it is first asked for; where the kernel tells nothing it stays deaf, and `problem` says why."""

    def __init__(self, open_stream: Callable[[], EventStream] = ProcessEvents.open) -> None:
        self._open_stream = open_stream
        self._stream: EventStream | None = None
        self._was_tried = False
        self._is_whole = False
        self._touched: set[int] = set()
        self._execed: dict[int, None] = {}
        self._ended: set[int] = set()
        self.problem = ""

    @property
    def state(self) -> str:
        """ "on", "off", or "" as long as it was not tried."""
        if self._stream is not None:
            return "on"
        return "off" if self._was_tried else ""

    @property
    def is_complete(self) -> bool:
        """Whether every start and end since the last `take_touched` was heard."""
        return self._stream is not None and self._is_whole

    def open(self) -> None:
        """Begin to listen, once. What happened before was not heard."""
        if self._was_tried:
            return
        self._was_tried = True
        try:
            self._stream = self._open_stream()
        except OctotuiError as error:
            self.problem = str(error)

    def fileno(self) -> int | None:
        return self._stream.fileno() if self._stream is not None else None

    def drain(self, known: Container[int], *, rounds: int = MOST_ROUNDS) -> None:
        """Take in what there is, at most `rounds` times as much as is drained at once; the rest stays for later.

        `known` are the pids of processes that were seen.
        """
        stream = self._stream
        for _ in range(rounds):
            if stream is None:
                return
            heard = stream.drain(DRAINED_AT_ONCE)
            self._fold(heard, known)
            if heard.was_lost:
                self._is_whole = False
            if not heard.has_more:
                return

    def take_touched(self) -> set[int]:
        """The pids to look at; from here on everything counts as heard, so a loss must have been seen to."""
        touched, self._touched, self._is_whole = self._touched, set(), self._stream is not None
        self._ended = set()
        return touched

    def take_ended(self) -> set[int]:
        """The pids of known processes of which it was heard since the last time that they ended."""
        ended, self._ended = self._ended, set()
        return ended

    def take_execed(self, most: int | None = None) -> list[int]:
        """Pids that execed, the latest first when `most` limits them; the others stay for the next look."""
        taken = list(self._execed) if most is None else list(self._execed)[-most:]
        for pid in taken:
            del self._execed[pid]
        return taken

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _fold(self, heard: Heard, known: Container[int]) -> None:
        touched, execed = self._touched, self._execed
        for event in heard.events:
            pid = event.pid
            if event.kind is EventKind.EXIT:
                execed.pop(pid, None)
                if pid in known:
                    touched.add(pid)
                    self._ended.add(pid)
                else:
                    # It came and went between two looks without a program of its own.
                    touched.discard(pid)
            else:
                touched.add(pid)
                if event.kind is EventKind.EXEC:
                    execed[pid] = None
