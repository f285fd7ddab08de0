"""The tracer: a process of its own that waits for one order, traces one process to its end, and writes it.

It is forked from the sentry, has one thread, and owns every ptrace call. However it ends, the kernel lets go of the
target, which then runs on or ends with the status that it has: nothing that it was to get is lost, because signals
are only looked at before they are passed on.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from typing import NoReturn

from octotui.dumps.exits import ptrace
from octotui.dumps.exits.capturing import Capturing
from octotui.dumps.exits.machine import this_machine
from octotui.dumps.exits.orders import Link, LinkClosed, Order
from octotui.dumps.exits.pace import LOOK_SECONDS
from octotui.dumps.exits.refusing import check, has_crash_dump
from octotui.dumps.exits.target import Target
from octotui.dumps.exits.taskfiles import is_over, threads_of
from octotui.errors import OctotuiError

ENDING_SECONDS = 0.01
WRITING_SECONDS = 0.05
QUIET_SECONDS = 1.0
REAP_SECONDS = 10.0
MOST_AT_ONCE = 512
"""Stops that are answered before the link is looked at again: a target may send itself signals without end."""

_MOST_DESCRIPTORS = 1 << 20
_UNHEARD = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_DEFAULT = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)


def serve(link: socket.socket) -> NoReturn:
    """Waits for one order on `link`, obeys it, tells what becomes of it, and ends the process that calls it.

    To be called in a process that was forked for it and has a single thread. All other descriptors but the standard
    ones are closed: a copy of somebody's link would hide from its other end that this one is gone.
    """
    end = link.fileno()
    os.closerange(3, end)
    os.closerange(end + 1, _MOST_DESCRIPTORS)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in _UNHEARD:
        signal.signal(number, signal.SIG_IGN)
    for number in _DEFAULT:
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        with contextlib.suppress(LinkClosed):
            _serve(Link(link))
        code = 0
    finally:
        # Not by exit(): what the one who forked us wanted done at its end is not ours to do.
        os._exit(code)


def _serve(link: Link) -> None:
    fields = link.wait()
    while fields.get("do") != "trace":
        fields = link.wait()
    try:
        order = Order.of(fields)
    except (KeyError, TypeError, ValueError):
        link.tell("untraceable", code="order", message="the order to trace a process was not understood", hint="")
        return
    try:
        _Tracer(link, order).run()
    except OctotuiError as error:
        link.tell("untraceable", code=error.code, message=error.message, hint=error.hint)
    except OSError as error:
        said = f"the trace of process {order.pid} ended early: {(error.strerror or 'unknown error').lower()}"
        link.tell("failed", status=None, code="internal", message=said, hint="it runs on, untraced")


class _Tracer:
    def __init__(self, link: Link, order: Order) -> None:
        """Traces the target. Raises OctotuiError with the reason when it cannot."""
        began = time.monotonic()
        self._link = link
        self._order = order
        machine = check(order.pid, order.started, this_machine())
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._target = Target(order.pid, machine)
        unwanted = (self._wake, wake, link.fileno())
        self._capturing = Capturing(link, order, machine, self._target, unwanted)
        self._is_over = self._is_behind = False
        self._target.seize(order.started)
        threads = len(self._target.threads)
        seconds = time.monotonic() - began
        link.tell("tracing", threads=threads, us=round(seconds * 1e6), blocks_crash_dump=has_crash_dump(order.pid))

    def run(self) -> None:
        """Until the target has ended and was reaped, or is not to be traced any more."""
        try:
            while not self._is_over:
                self._wait()
                self._drain()
                self._look_after()
        finally:
            self._capturing.abandon()

    def _wait(self) -> None:
        """Until something happens, and an order was obeyed."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._link, select.POLLIN)
        if self._capturing.writing is not None:
            poll.register(self._capturing.writing, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(self._patience_ms())}
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 1 << 12)
        if self._link.fileno() in ready and (order := self._link.receive()) is not None:
            self._is_over = order.get("do") == "cancel" and self._capturing.cancel()

    def _patience_ms(self) -> int:
        if self._is_behind:
            seconds = 0.0
        elif self._capturing.writing is not None:
            seconds = WRITING_SECONDS
        elif self._target.ending.is_begun:
            seconds = ENDING_SECONDS
        else:
            seconds = LOOK_SECONDS if self._target.needs_looks else QUIET_SECONDS
        return round(seconds * 1000)

    def _drain(self) -> None:
        """Answers what has stopped or ended.

        A stop for a signal is looked at without being taken, then answered: were it taken, and the tracer killed
        before its answer, the kernel would forget the signal.
        """
        flags = ptrace.WAIT_ALL | os.WNOHANG | os.WEXITED | os.WSTOPPED
        self._is_behind = False
        for _ in range(MOST_AT_ONCE):
            try:
                seen = os.waitid(os.P_ALL, 0, flags | os.WNOWAIT)
                if seen is None:
                    return
                thread = seen.si_pid
                if seen.si_code == os.CLD_TRAPPED and not seen.si_status >> 8:
                    self._target.stopped(thread, seen.si_status, 0)
                    continue
                thread, status = os.waitpid(thread, ptrace.WAIT_ALL | os.WNOHANG)
            except ChildProcessError:
                return
            if thread == 0:
                continue
            if os.WIFSTOPPED(status):
                self._target.stopped(thread, os.WSTOPSIG(status), status >> 16)
            else:
                self._ended(thread, status)
        self._is_behind = True

    def _ended(self, thread: int, status: int) -> None:
        self._capturing.child_ended(thread)
        if thread not in self._target.threads:
            return
        self._target.ended(thread)
        if thread == self._order.pid:
            self._gone(status)

    def _look_after(self) -> None:
        if self._is_over:
            return
        now = time.monotonic()
        if self._capturing.writing is not None:
            self._capturing.go_on(now)
        elif self._target.ending.is_begun:
            self._capturing.judge(now)
        elif self._capturing.settled:
            self._is_over = now - self._capturing.settled > REAP_SECONDS
        else:
            self._target.keep_up(now)
        if not self._target.threads and not self._is_over and self._all_over():
            self._gone(None)

    def _gone(self, status: int | None) -> None:
        self._capturing.missed(status)
        self._link.tell("gone", status=status)
        self._is_over = True

    def _all_over(self) -> bool:
        pid = self._order.pid
        return all(is_over(pid, thread) for thread in threads_of(pid))
