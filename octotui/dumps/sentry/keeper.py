"""The third leg of a hold: a small child that lets go what is held when the sentry and octotui die in one instant.

The sentry writes each hold into a page of shared memory before it stops the process, which costs it no system call.
The keeper reads that page when the sentry's end of a pipe closes, and once a second for holds that are overdue, as
those of a sentry that hangs.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import struct
import time
from collections.abc import Iterator

from octotui.dumps.sentry.forking import fork_child
from octotui.dumps.sentry.glance import started_of
from octotui.processes.model import ProcessKey

MOST_HELD = 256
GRACE_SECONDS = 2.0
LOOK_SECONDS = 1.0
LEAVE_SECONDS = 0.5
TITLE = "hold-keeper: lets held processes go"

_SLOT = struct.Struct("=qqd")
"""Pid (0: free), start ticks, `time.monotonic()` after which nothing of it may stand still."""

_PID = struct.Struct("=q")


class Page:
    """Who is held, in memory that the keeper sees too."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, MOST_HELD * _SLOT.size)
        self._slots: dict[ProcessKey, int] = {}
        self._free = list(range(MOST_HELD - 1, -1, -1))

    def add(self, key: ProcessKey, deadline: float) -> bool:
        """Notes a process, or its new deadline. False when the page is full."""
        slot = self._slots.get(key)
        if slot is None:
            if not self._free:
                return False
            slot = self._slots[key] = self._free.pop()
        # The pid makes the slot count, so it is written last.
        at = slot * _SLOT.size
        _SLOT.pack_into(self._memory, at, 0, key.started, deadline)
        _PID.pack_into(self._memory, at, key.pid)
        return True

    def remove(self, key: ProcessKey) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            _PID.pack_into(self._memory, slot * _SLOT.size, 0)
            self._free.append(slot)

    def held(self) -> Iterator[tuple[ProcessKey, float]]:
        """Each process that is noted, with its deadline."""
        for slot in range(MOST_HELD):
            pid, started, deadline = _SLOT.unpack_from(self._memory, slot * _SLOT.size)
            if pid > 0:
                yield ProcessKey(pid, started), deadline


class Keeper:
    """The child, from the sentry's side. Raises OSError where there can be none."""

    def __init__(self, page: Page) -> None:
        reading, self._pipe = os.pipe()
        try:
            self.pid = fork_child((reading,), TITLE, lambda: keep(reading, page))
            self.descriptor = os.pidfd_open(self.pid)
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(reading)

    def close(self) -> None:
        """Lets the child end, which lets go what is noted still, and collects it."""
        os.close(self._pipe)
        end = select.poll()
        end.register(self.descriptor, select.POLLIN)
        if not end.poll(LEAVE_SECONDS * 1000):
            # Stopped itself, perhaps: nothing is noted any more that it would have to let go.
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.descriptor)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def keep(pipe: int, page: Page) -> None:
    """Waits for the other end of `pipe` to close; then nothing that is noted stands still any more."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while not poll.poll(LOOK_SECONDS * 1000):
        latest = time.monotonic() - GRACE_SECONDS
        for key, deadline in page.held():
            if deadline < latest:
                let_go(key)
    for key, _ in page.held():
        let_go(key)


def let_go(key: ProcessKey) -> bool:
    """Continues exactly that process. False when it is gone or is not ours to continue."""
    try:
        descriptor = os.pidfd_open(key.pid)
    except OSError:
        return False
    try:
        # Looked at after the pidfd is open: what has these start ticks now is what the pidfd names.
        if started_of(key.pid) != key.started:
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGCONT)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
