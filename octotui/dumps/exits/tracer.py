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
from typing import Any, NoReturn

from octotui import __version__
from octotui.dumps.exits import ptrace
from octotui.dumps.exits.ending import Verdict
from octotui.dumps.exits.machine import this_machine
from octotui.dumps.exits.oomkills import KillCount, was_killed
from octotui.dumps.exits.orders import Link, LinkClosed, Order
from octotui.dumps.exits.pace import LOOK_SECONDS
from octotui.dumps.exits.refusing import check
from octotui.dumps.exits.target import Target
from octotui.dumps.exits.taskfiles import is_over, slurp, threads_of
from octotui.dumps.exits.writing import Ended, Writing
from octotui.errors import CaptureFailed, OctotuiError

ENDING_SECONDS = 0.01
WRITING_SECONDS = 0.05
TELL_SECONDS = 0.2
REAP_SECONDS = 10.0
_UNHEARD = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_DEFAULT = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)


def serve(link: socket.socket) -> NoReturn:
    """Waits for one order on `link`, obeys it, tells what becomes of it, and ends the process that calls it.

    To be called in a process that was forked for it and has a single thread.
    """
    for number in _UNHEARD:
        signal.signal(number, signal.SIG_IGN)
    for number in _DEFAULT:
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        end = Link(link)
        with contextlib.suppress(LinkClosed):
            _serve(end)
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


class _Tracer:
    def __init__(self, link: Link, order: Order) -> None:
        """Traces the target. Raises OctotuiError with the reason when it cannot."""
        began = time.monotonic()
        self._link = link
        self._order = order
        self._machine = check(order.pid, order.started, this_machine())
        self._kills = KillCount.of(order.pid)
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wake_writing = wake
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._target = Target(order.pid, self._machine)
        self._writing: Writing | None = None
        self._record: dict[str, Any] = {}
        self._told = 0.0
        self._settled = 0.0
        self._is_over = False
        self._target.seize(order.started)
        threads = len(self._target.threads)
        link.tell("tracing", threads=threads, us=round((time.monotonic() - began) * 1e6))

    def run(self) -> None:
        """Until the target has ended and was reaped, or is not to be traced any more."""
        try:
            while not self._is_over:
                self._wait()
                self._drain()
                self._look_after()
        finally:
            if self._writing is not None:
                self._writing.abandon()

    def _wait(self) -> None:
        """Until something happens, and an order was obeyed."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._link, select.POLLIN)
        if self._writing is not None:
            poll.register(self._writing, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(self._patience_ms())}
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 1 << 12)
        if self._link.fileno() in ready and (order := self._link.receive()) is not None and order.get("do") == "cancel":
            self._cancel()

    def _patience_ms(self) -> int:
        if self._writing is not None:
            return round(WRITING_SECONDS * 1000)
        if self._target.ending.is_begun:
            return round(ENDING_SECONDS * 1000)
        return round(LOOK_SECONDS * 1000) if self._target.needs_looks else 1000

    def _drain(self) -> None:
        """Answers everything that has stopped or ended.

        A stop for a signal is looked at without being taken, then answered: were it taken, and the tracer killed
        before its answer, the kernel would forget the signal.
        """
        flags = ptrace.WAIT_ALL | os.WNOHANG | os.WEXITED | os.WSTOPPED
        while True:
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

    def _ended(self, thread: int, status: int) -> None:
        if self._writing is not None:
            self._writing.forget(thread)
        if thread not in self._target.threads:
            return
        self._target.ended(thread)
        if thread == self._order.pid:
            self._gone(status)

    def _look_after(self) -> None:
        if self._is_over:
            return
        now = time.monotonic()
        if self._writing is not None:
            self._go_on_writing(now)
        elif self._target.ending.is_begun:
            self._judge(now)
        elif self._settled:
            if now - self._settled > REAP_SECONDS:
                self._is_over = True
        else:
            self._target.keep_up(now)
        if not self._target.threads and not self._is_over and self._all_over():
            self._gone(None)

    def _judge(self, now: float) -> None:
        ending = self._target.ending
        verdict = ending.verdict(self._target.running(), now)
        if verdict is Verdict.NOT_AN_END:
            self._target.release()
        elif verdict is Verdict.WHOLE:
            self._link.tell("exiting", status=ending.status)
            self._capture(ending.status)

    def _capture(self, status: int) -> None:
        pid = self._order.pid
        self._record = {"status": status, "path": str(self._order.path)}
        if was_killed(status, self._kills, KillCount.of(pid)):
            self._settle(
                "passed", status=status, why="the kernel killed it for want of memory, which it must give back"
            )
        elif status == 0 and not self._order.keeps_success:
            self._settle("passed", status=status, why="it ended well, with status 0")
        else:
            self._begin_writing(status)

    def _begin_writing(self, status: int) -> None:
        pid, ending = self._order.pid, self._target.ending
        order = [ending.first, *sorted(thread for thread in ending.held if thread != ending.first)]
        late = sorted(self._target.running())
        untraced = sorted(self._target.untraced())
        life = _life_seconds(self._order.started)
        facts = {
            "version": __version__,
            "status": status,
            "life_seconds": life,
            "late": late,
            "untraced": untraced,
            "may_miss_threads": self._target.pace.was_quick,
        }
        self._record |= {**{k: v for k, v in facts.items() if k != "version"}, "threads": len(order)}
        threads = [(thread, self._target.infos.get(thread, b"")) for thread in order]
        ended = Ended(pid, status, threads, facts)
        unwanted = (self._wake, self._wake_writing, self._link.fileno())
        try:
            self._writing = Writing(self._order, ended, self._machine, unwanted)
        except OctotuiError as error:
            self._settle("failed", status=status, code=error.code, message=error.message, hint=error.hint)
        except OSError as error:
            said = (error.strerror or "unknown error").lower()
            self._settle("failed", status=status, code="unreadable", message=f"it could not be read: {said}", hint="")

    def _go_on_writing(self, now: float) -> None:
        assert self._writing is not None
        try:
            found = self._writing.step()
        except (CaptureFailed, OSError) as error:
            self._give_up(error)
            return
        if found is None:
            if now - self._told > TELL_SECONDS:
                self._told = now
                self._link.mention("writing", bytes=self._writing.written_bytes)
            return
        self._writing = None
        pause = time.monotonic() - self._target.ending.began
        self._settle("written", **self._record, **found, pause_seconds=round(pause, 4))

    def _give_up(self, error: CaptureFailed | OSError) -> None:
        if self._writing is not None:
            self._writing.abandon()
            self._writing = None
        if isinstance(error, CaptureFailed):
            said = {"code": error.code, "message": error.message, "hint": error.hint}
        else:
            said = {"code": "disk", "message": f"the dump failed: {(error.strerror or '').lower()}", "hint": ""}
        self._settle("failed", status=self._record.get("status"), **said)

    def _cancel(self) -> None:
        if self._writing is not None:
            self._give_up(CaptureFailed("the dump was cancelled; the process has ended", hint="", code="cancelled"))
        elif not self._settled:
            # All threads go on as soon as this process ends: none has to be stopped for that.
            self._link.tell("passed", status=None, why="it is traced no more")
            self._is_over = True

    def _settle(self, news: str, **fields: Any) -> None:
        """The target goes on to its end first, then it is told."""
        self._target.ending.is_settled = True
        self._target.release()
        self._settled = time.monotonic()
        self._link.tell(news, **fields)

    def _gone(self, status: int | None) -> None:
        if not self._settled:
            self._link.tell(
                "failed",
                status=status,
                code="not-stopped",
                message="it ended without coming to a stop for its dump",
                hint="",
            )
        self._link.tell("gone", status=status)
        self._is_over = True

    def _all_over(self) -> bool:
        pid = self._order.pid
        return all(is_over(pid, thread) for thread in threads_of(pid))


def _life_seconds(started: int) -> float:
    up = slurp("/proc/uptime").split()[:1]
    return max(0.0, round((float(up[0]) if up else 0.0) - started / os.sysconf("SC_CLK_TCK"), 2))
