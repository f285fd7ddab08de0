"""Events of the kernel as a test writes them."""

from __future__ import annotations

import os

from octotui.processes.events import EventKind, Heard, ProcessEvent


class ScriptedEvents:
    """Gives what was put into it, once; `is_broken` lets the next drain report a loss."""

    def __init__(self) -> None:
        self._waiting: list[ProcessEvent] = []
        self.is_broken = False
        self.is_closed = False
        self._pipe = os.pipe()

    def fork(self, pid: int, parent: int = 1) -> None:
        self._waiting.append(ProcessEvent(EventKind.FORK, pid, parent, 0, 0))

    def exec(self, pid: int) -> None:
        self._waiting.append(ProcessEvent(EventKind.EXEC, pid, 0, 0, 0))

    def exit(self, pid: int) -> None:
        self._waiting.append(ProcessEvent(EventKind.EXIT, pid, 0, 0, 0))

    def fileno(self) -> int:
        return self._pipe[0]

    def drain(self, limit: int = 4096) -> Heard:
        taken, self._waiting = tuple(self._waiting[:limit]), self._waiting[limit:]
        was_lost, self.is_broken = self.is_broken, False
        return Heard(taken, was_lost, bool(self._waiting))

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            for end in self._pipe:
                os.close(end)
