"""A process held by pidfd while it is captured: no other process can take its place, and it is never left stopped."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path
from typing import NamedTuple

from octotui.dotnet.kernel import parse_status
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey
from octotui.processes.statfile import parse_stat
from octotui.text import decoded, printable

PROC = Path("/proc")
LOOK_SECONDS = 0.01
LOOKS_IN_MOTION = 3

_SIGSTOP_BIT = 1 << (19 - 1)


class Status(NamedTuple):
    """The few facts of `/proc/PID/status` and `stat` that a capture goes by.

    `state` is the kernel's letter, `uid` the effective one, -1 when it is not known.
    """

    name: str
    state: str
    parent_pid: int
    started: int
    tracer_pid: int
    uid: int


def read_status(pid: int, proc: Path = PROC) -> Status | None:
    """What the process is doing now, or None when it is gone."""
    try:
        stat = (proc / str(pid) / "stat").read_bytes()
        status = (proc / str(pid) / "status").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    fields, facts = parse_stat(stat), parse_status(status)
    if fields is None:
        return None
    name = printable(decoded(fields.name))
    return Status(name, fields.state, fields.parent_pid, fields.started, facts.tracer_pid, facts.uid)


class HeldTarget:
    """A target from submit to end. The pidfd names this very process for as long as it is open."""

    def __init__(self, key: ProcessKey, descriptor: int, proc: Path) -> None:
        self.key = key
        self._descriptor = descriptor
        self._proc = proc

    @classmethod
    def open(cls, key: ProcessKey, proc: Path = PROC) -> HeldTarget:
        """Raises ProcessGone when the process ended; its code is `pid-reused` when another one has its pid."""
        gone = ProcessGone(f"process {key.pid} ended before it could be captured", hint="look at the tree again")
        try:
            descriptor = os.pidfd_open(key.pid)
        except OSError as error:
            raise gone from error
        held = cls(key, descriptor, proc)
        try:
            held.check()
        except ProcessGone:
            held.close()
            raise
        return held

    def check(self) -> Status:
        """Its status now. Raises ProcessGone when it ended or is another process than the one that was named."""
        status = read_status(self.key.pid, self._proc)
        if status is not None and status.started != self.key.started:
            raise ProcessGone(
                f"pid {self.key.pid} now belongs to another process ({status.name})",
                hint="look at the tree again",
                code="pid-reused",
            )
        if status is None or not self.is_alive or status.state in "ZX":
            raise ProcessGone(
                f"process {self.key.pid} ended before it could be captured", hint="look at the tree again"
            )
        return status

    @property
    def is_alive(self) -> bool:
        """False once it has ended, also while its parent has not collected it."""
        return not self.ends_within(0)

    def ends_within(self, seconds: float) -> bool:
        """Waits for its end, `seconds` at most. True when it has ended."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def status(self) -> Status | None:
        """What it is doing now, or None when it is gone."""
        status = read_status(self.key.pid, self._proc)
        return status if status is not None and status.started == self.key.started else None

    def threads(self) -> frozenset[int]:
        """Its thread ids now; empty when it is gone."""
        try:
            names = os.listdir(self._proc / str(self.key.pid) / "task")
        except OSError:
            return frozenset()
        return frozenset(int(name) for name in names if name.isdigit())

    def resume_if_left_stopped(self, was_stopped: bool, patience_seconds: float = 1.0) -> bool:
        """Continues a target that a capture left stopped; one that was stopped before it stays so.

        A killed tracer can leave a stop behind that takes effect a moment later, so it looks more than once, and waits
        up to `patience_seconds` for a tracer that is just leaving. True when the target had to be continued.
        """
        if was_stopped:
            return False
        deadline = time.monotonic() + patience_seconds
        looks_in_motion = 0
        while looks_in_motion < LOOKS_IN_MOTION:
            remainder = _stop_remainder(self.key.pid, self._proc)
            if remainder is None or not self.is_alive:
                return False
            if remainder == "left":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    signal.pidfd_send_signal(self._descriptor, signal.SIGCONT)
                    return True
                return False
            looks_in_motion = 0 if remainder == "traced" else looks_in_motion + 1
            if remainder == "traced" and time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return False

    def send(self, number: signal.Signals) -> bool:
        """Sends it a signal: to this very process or to none. False when it has ended or octotui may not."""
        try:
            signal.pidfd_send_signal(self._descriptor, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _stop_remainder(pid: int, proc: Path) -> str | None:
    """What stops threads of `pid`: "traced" by someone, "left" of a stop without tracer, "" nothing; None: gone."""
    try:
        tasks = list((proc / str(pid) / "task").iterdir())
    except OSError:
        return None
    found = ""
    for task in tasks:
        try:
            status = (task / "status").read_bytes()
        except OSError:
            continue
        lines = dict(line.partition(b":")[::2] for line in status.splitlines())
        state = lines.get(b"State", b"").strip()[:1]
        pending = int(lines.get(b"SigPnd", b"0"), 16) | int(lines.get(b"ShdPnd", b"0"), 16)
        if state == b"t" or int(lines.get(b"TracerPid", b"0")):
            return "traced"
        if state == b"T" or pending & _SIGSTOP_BIT:
            found = "left"
    return found


def find_capturing_child(target: ProcessKey, proc: Path = PROC) -> ProcessKey | None:
    """The child that captures `target` on its own behalf (its runtime forked it), or None.

    It is its child, runs as its user, and either traces it or is a createdump about to.
    """
    owner = read_status(target.pid, proc)
    if owner is None or owner.started != target.started:
        return None
    candidates = {owner.tracer_pid} if owner.tracer_pid else set()
    candidates |= _children(target.pid, proc)
    for pid in candidates:
        child = read_status(pid, proc)
        # A stopped target cannot collect a createdump that was killed: that one captures nothing any more.
        if child is None or child.state in "ZX" or child.parent_pid != target.pid or child.uid not in (owner.uid, -1):
            continue
        if pid == owner.tracer_pid or child.name == "createdump":
            return ProcessKey(pid, child.started)
    return None


def kill_capturing_child(target: ProcessKey, proc: Path = PROC) -> bool:
    """Ends the child that captures `target`; the target runs on at once. True when there was one."""
    child = find_capturing_child(target, proc)
    if child is None:
        return False
    try:
        descriptor = os.pidfd_open(child.pid)
    except OSError:
        return False
    try:
        # The pidfd is worth something only if the child is still the same after it was opened.
        if find_capturing_child(target, proc) != child:
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _children(pid: int, proc: Path) -> set[int]:
    """Children of every thread of `pid`, where the kernel lists them."""
    found: set[int] = set()
    try:
        tasks = list((proc / str(pid) / "task").iterdir())
    except OSError:
        return found
    for task in tasks:
        with contextlib.suppress(OSError):
            found.update(int(child) for child in (task / "children").read_bytes().split())
    return found
