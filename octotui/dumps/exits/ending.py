"""Is this the end of the process, of one thread of it, or of the siblings of a thread that calls exec?

All three look alike to a thread that stops at its end. They differ in how it came there and in what the others do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from enum import Enum

from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.taskfiles import Living, is_killed, living, threads_of

LATE_SECONDS = 3.0
"""A thread that has not come to its end by then (uninterruptible sleep) is left out."""

DOUBT_SECONDS = 0.1
"""For so long threads that run on, and that nobody killed, may still be on their way to the end of the process."""


LOOK_SECONDS = 0.005
"""How often the threads that have not come are looked at, at most: there may be thousands."""


class Verdict(Enum):
    """What is known of the threads that are held at their end."""

    WAIT = "wait"
    WHOLE = "whole"
    NOT_AN_END = "not an end"


class Ending:
    """The threads of process `pid` that have come to their end. `held` ones stand still, `dying` ones were let go."""

    def __init__(self, pid: int, machine: Machine) -> None:
        self._pid = pid
        self._machine = machine
        self.is_settled = False
        self.reset()

    def reset(self) -> None:
        """Nothing ends: it was an exec."""
        self.held: dict[int, int] = {}
        self.dying: set[int] = set()
        self.began = self._next_look = 0.0
        self._is_asked = False
        self._first = 0
        self._first_rank = 0
        self._leader_code: int | None = None

    @property
    def is_begun(self) -> bool:
        return bool(self.held)

    @property
    def first(self) -> int:
        """The thread that ended the process, as far as can be told: debuggers show it first."""
        return self._first

    @property
    def status(self) -> int:
        """The wait status that the process will have."""
        if self._is_asked or self._leader_code is None or _last_thread_decides():
            return self.held.get(self._first, self._leader_code or 0)
        return self._leader_code

    def arrived(self, thread: int, code: int, call: int, now: float, *, crashed: bool) -> bool:
        """A thread stopped at its end; `call` is the system call it made last. False when it is to go on at once."""
        if self.is_settled or self._is_alone(thread, code, call):
            if thread == self._pid:
                self._leader_code = code
            self.dying.add(thread)
            return False
        if not self.held:
            self.began = now
        self.held[thread] = code
        asks = call == self._machine.exit_process or code & 0x7F != 0
        self._is_asked = self._is_asked or asks
        if thread == self._pid:
            self._leader_code = code
        rank = 4 * crashed + 3 * (call == self._machine.exit_process) + (thread == self._pid) + 1
        if rank > self._first_rank or self._first not in self.held:
            self._first, self._first_rank = thread, rank
        return True

    def reaped(self, thread: int) -> None:
        self.dying.discard(thread)
        self.held.pop(thread, None)

    def verdict(self, running: Iterable[int], now: float) -> Verdict:
        """What the held threads are. `running`: the traced ones that have not come."""
        waits_for = list(running)
        age = now - self.began
        if waits_for and now < self._next_look:
            return Verdict.WAIT
        others = self._others()
        self._next_look = now + max(LOOK_SECONDS, (time.monotonic() - now) * 4)
        if not others:
            return Verdict.WHOLE
        is_doubtful = not self._is_asked and not any(other.is_killed or other.is_dumping_core for other in others)
        if any(other.call in self._machine.execs and not other.is_killed for other in others):
            return Verdict.NOT_AN_END
        if is_doubtful:
            return Verdict.NOT_AN_END if age > DOUBT_SECONDS else Verdict.WAIT
        # Threads that are not traced do not stop for us, and the memory is there as long as one of ours does.
        return Verdict.WHOLE if not waits_for or age > LATE_SECONDS else Verdict.WAIT

    def release(self) -> list[int]:
        """The held threads, which are let go now."""
        threads = list(self.held)
        self.dying.update(threads)
        self.held = {}
        self._is_asked, self._first_rank = False, 0
        return threads

    def _is_alone(self, thread: int, code: int, call: int) -> bool:
        """Whether only this thread ends: it called exit itself, others live on, and nobody killed it."""
        if call != self._machine.exit_thread or code & 0x7F or is_killed(self._pid, thread):
            return False
        return any(other.thread != thread for other in self._others())

    def _others(self) -> list[Living]:
        """The threads that live and have not come to their end."""
        found = (t for t in threads_of(self._pid) if t not in self.held and t not in self.dying)
        return [known for known in (living(self._pid, thread) for thread in found) if known is not None]


def _last_thread_decides() -> bool:
    """Whose status a process has whose threads ended one by one: the last one's since Linux 6.0, before the first's."""
    major = os.uname().release.partition(".")[0]
    return not major.isdigit() or int(major) >= 6
