"""Holding processes still on purpose, and letting them go whatever happens to octotui."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from typing import Self

from octotui.dumps.targets import watchdog
from octotui.dumps.targets.target import HeldTarget
from octotui.errors import CaptureFailed, ProcessGone
from octotui.processes.model import ProcessKey

START_SECONDS = 20.0
SETTLE_SECONDS = 0.2
LOOK_SECONDS = 0.001
END_SECONDS = 5.0

STOPPED = "tT"


class Hold:
    """Processes that octotui keeps stopped (SIGSTOP), guarded by a watchdog that was armed before the first stop.

    A context manager: at its end everything runs again. When octotui dies or the watchdog's time is up, the watchdog
    continues them; when the watchdog dies, octotui does. Methods block for milliseconds, `start` for up to
    `START_SECONDS`; they may be called from any thread. A process that was stopped beforehand is left as it is.

    The stop is the ordinary one of job control: a parent that asks for it learns of it, as of Ctrl+Z.
    """

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self._lock = threading.Lock()
        self._held: dict[ProcessKey, HeldTarget] = {}
        self._since: dict[ProcessKey, float] = {}
        self._stood: dict[ProcessKey, float] = {}
        self._withdrawn: set[ProcessKey] = set()
        self._dog: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._unread = b""
        self._is_over = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def held(self) -> frozenset[ProcessKey]:
        """What stands still by this hold now."""
        with self._lock:
            return frozenset(self._held)

    def seconds(self, key: ProcessKey) -> float:
        """For how long `key` was held until its release; 0 for one that was not."""
        with self._lock:
            return self._stood.get(key, 0.0)

    def start(self) -> None:
        """Starts the watchdog. Raises CaptureFailed (`no-watchdog`) when it does not answer: hold nothing then."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._dog = subprocess.Popen(
                    [sys.executable, "-I", "-S", watchdog.__file__, str(self.limit_seconds)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise _no_watchdog(error.strerror or "") from error
        self._link = ours
        if self._answer() != watchdog.GREETING.strip():
            self.close()
            raise _no_watchdog("it did not answer")
        threading.Thread(target=self._guard, args=(self._dog,), name="octotui-hold", daemon=True).start()

    def hold(self, keys: Iterable[ProcessKey]) -> frozenset[ProcessKey]:
        """Stops `keys`, one right after the other, and returns those that stand still by this hold now.

        Missing are those that ended, that were stopped already or that `release` named before. Raises CaptureFailed
        (`no-watchdog`) and stops nothing when the watchdog is not there.
        """
        wanted = [target for key in dict.fromkeys(keys) if (target := _opened(key)) is not None]
        try:
            armed = {target.key for target in wanted if self._arm(target.key)}
        except CaptureFailed:
            for target in wanted:
                target.close()
            raise
        with self._lock:
            for target in wanted:
                key = target.key
                is_wanted = key in armed and key not in self._withdrawn and key not in self._held
                if is_wanted and not self._is_over and target.send(signal.SIGSTOP):
                    self._held[key] = target
                    self._since[key] = time.monotonic()
                    continue
                target.close()
                if key not in self._held:
                    self._tell(b"-", key)
            if self._is_over and wanted:
                raise _no_watchdog("it ended")
            held = dict(self._held)
        _settle(held.values())
        return frozenset(held)

    def release(self, key: ProcessKey) -> bool:
        """Lets `key` run on, or keeps it from being held later. False when it ended while it was held."""
        with self._lock:
            target = self._held.pop(key, None)
            self._withdrawn.add(key)
            if target is None:
                return True
            status = target.status()
            # One that was killed is a zombie first and gives its memory back: its pidfd tells of the end only then.
            is_alive = target.is_alive and status is not None and status.state not in "ZX"
            target.send(signal.SIGCONT)
            self._stood[key] = time.monotonic() - self._since[key]
            target.close()
        self._tell(b"-", key)
        return is_alive

    def close(self) -> None:
        """Lets everything go and ends the watchdog. May be called twice."""
        with self._lock:
            self._is_over = True
        for key in self.held:
            self.release(key)
        with self._lock:
            link, self._link = self._link, None
            dog, self._dog = self._dog, None
        if link is not None:
            link.close()
        if dog is not None:
            # It ends by itself when its link is closed; one that is stuck has nothing left to do.
            with contextlib.suppress(subprocess.TimeoutExpired):
                dog.wait(END_SECONDS)
            if dog.poll() is None:
                dog.kill()
                dog.wait()

    def _arm(self, key: ProcessKey) -> bool:
        """Has the watchdog keep `key`. False when it says that there is no such process."""
        self._tell(b"+", key)
        answer = self._answer()
        if answer == b"armed " + _name(key):
            return True
        if answer != b"gone " + _name(key):
            raise _no_watchdog("it ended")
        return False

    def _tell(self, order: bytes, key: ProcessKey) -> None:
        link = self._link
        if link is not None:
            with contextlib.suppress(OSError):
                link.sendall(order + b" " + _name(key) + b"\n")

    def _answer(self) -> bytes:
        """The next line of the watchdog; b"" when it said nothing in time or is gone."""
        link, deadline = self._link, time.monotonic() + START_SECONDS
        poll = select.poll()
        with contextlib.suppress(OSError, ValueError):
            while link is not None and b"\n" not in self._unread:
                poll.register(link, select.POLLIN)
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    return b""
                found = link.recv(4096)
                if not found:
                    return b""
                self._unread += found
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _guard(self, dog: subprocess.Popen[bytes]) -> None:
        """Waits for the watchdog's end. Nothing stays held without one."""
        try:
            descriptor = os.pidfd_open(dog.pid)
        except OSError:
            self.close()
            return
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
        os.close(descriptor)
        if not self._is_over:
            self.close()


def _opened(key: ProcessKey) -> HeldTarget | None:
    """The process `key` where it runs; None when it ended, is another one or is stopped already."""
    try:
        target = HeldTarget.open(key)
    except ProcessGone:
        return None
    status = target.status()
    if status is None or status.state in STOPPED:
        target.close()
        return None
    return target


def _settle(targets: Iterable[HeldTarget]) -> None:
    """Waits until they stand still, which is a matter of microseconds unless one is busy inside the kernel."""
    deadline = time.monotonic() + SETTLE_SECONDS
    for target in targets:
        while (status := target.status()) is not None and status.state not in STOPPED and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)


def _name(key: ProcessKey) -> bytes:
    return f"{key.pid} {key.started}".encode()


def _no_watchdog(why: str) -> CaptureFailed:
    return CaptureFailed(
        "no process was stopped: what lets them go when octotui dies could not be started"
        + (f" ({why})" if why else ""),
        hint="capture them one by one instead, without --together",
        code="no-watchdog",
    )
