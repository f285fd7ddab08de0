"""One traced process: its threads, what each stops for, and the answers that keep it running as if nobody traced it."""

from __future__ import annotations

import errno
import os
import signal
import time

from octotui.dumps.exits import ptrace
from octotui.dumps.exits.ending import Ending
from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.pace import Pace
from octotui.dumps.exits.refusing import denied, gone
from octotui.dumps.exits.taskfiles import group_of, is_over, slurp, status_of, threads_of

_FATAL = frozenset({signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS})
SEIZE_SECONDS = 0.7
_ALL = ptrace.TRACE_EXIT | ptrace.TRACE_EXEC | ptrace.TRACE_CLONE
_QUICK = ptrace.TRACE_EXIT | ptrace.TRACE_EXEC


class Target:
    """Threads that are traced, with their options. Every method may find that a thread was killed meanwhile."""

    def __init__(self, pid: int, machine: Machine) -> None:
        self.pid = pid
        self.pace = Pace()
        self.ending = Ending(pid, machine)
        self.threads: dict[int, int] = {}
        self.infos: dict[int, bytes] = {}
        self._machine = machine
        self._slipped: list[int] = []

    def seize(self, started: int) -> None:
        """Traces every thread. Raises OctotuiError when not even one can be."""
        while self._seize_new():
            pass
        if not self.threads:
            raise denied(self.pid, started)
        if self.pid not in self.threads and not is_over(self.pid, self.pid):
            raise gone(self.pid)

    def stopped(self, thread: int, number: int, event: int) -> None:
        """A thread stopped, with a signal that it is about to get or with an event: it goes on, unless it ends."""
        if thread not in self.threads and not self._is_ours(thread):
            return
        if event == ptrace.EVENT_EXIT:
            self._exits(thread)
            return
        if event == ptrace.EVENT_CLONE:
            self.pace.made(time.monotonic())
        elif event == ptrace.EVENT_EXEC:
            self._became_another_program(thread)
        self._adjust(thread)
        if event == ptrace.EVENT_STOP and number in ptrace.STOP_SIGNALS:
            ptrace.keep_stopped(thread)
        elif event:
            ptrace.resume(thread)
        else:
            self._remember(thread, number)
            ptrace.resume(thread, number)

    def ended(self, thread: int) -> None:
        """A thread was reaped."""
        if thread not in self.ending.dying:
            # It was killed in the moment in which it was let go on after another stop, and did not stop at its end.
            self._slipped.append(thread)
        self.threads.pop(thread, None)
        self.infos.pop(thread, None)
        self.ending.reaped(thread)

    def keep_up(self, now: float) -> None:
        """Looks for threads that were made untraced, where there may be any, and traces them from their start again."""
        if self.pace.calmed(now):
            self._ask_for_clones()
        is_whole = not self.pace.is_quick and all(options == _ALL for options in self.threads.values())
        if is_whole or self.ending.is_begun or not self.pace.looks(now):
            return
        if not self._leader_is_traced():
            # A thread that was not traced called exec: it goes by the leader's id from then on.
            self.threads.pop(self.pid, None)
        self._seize_new()
        self.pace.looked(now, time.monotonic())

    @property
    def needs_looks(self) -> bool:
        return self.pace.is_quick or any(options != _ALL for options in self.threads.values())

    def running(self) -> list[int]:
        """The traced threads that have not come to their end yet."""
        return [t for t in self.threads if t not in self.ending.held and t not in self.ending.dying]

    def untraced(self) -> list[int]:
        """The threads that did not stop at their end, or will not: those that live on untraced among them."""
        living = [t for t in threads_of(self.pid) if t not in self.threads and not is_over(self.pid, t)]
        return [*self._slipped, *living]

    def release(self) -> None:
        """Every thread that was held at its end goes on to it."""
        for thread in self.ending.release():
            ptrace.resume(thread)

    def _seize_new(self) -> int:
        count = 0
        options = _QUICK if self.pace.is_quick else _ALL
        for thread in threads_of(self.pid):
            if thread in self.threads:
                continue
            # A thread that calls exec keeps all of its process from being seized until its siblings are dead. Does one
            # of them stop at its end meanwhile, it waits for us and we for it: then SIGALRM ends the tracer.
            signal.setitimer(signal.ITIMER_REAL, SEIZE_SECONDS)
            try:
                ptrace.seize(thread, options)
            except OSError:
                # It has ended, or it is traced from its start and has not stopped for the first time yet.
                continue
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            self.threads[thread] = options
            count += 1
        return count

    def _is_ours(self, thread: int) -> bool:
        """Whether a thread that was unknown so far is one of the target's. A process that it made is let go."""
        if group_of(thread) != self.pid:
            ptrace.let_go(thread)
            return False
        self.threads[thread] = 0
        return True

    def _adjust(self, thread: int) -> None:
        wanted = _QUICK if self.pace.is_quick else _ALL
        if self.threads.get(thread) != wanted:
            ptrace.set_options(thread, wanted)
            self.threads[thread] = wanted

    def _exits(self, thread: int) -> None:
        try:
            code = ptrace.event_message(thread)
            general = ptrace.register_set(thread, ptrace.GENERAL_SET)
        except OSError as error:
            if error.errno != errno.ESRCH:
                raise
            return
        at = self._machine.call_register * 8
        call = int.from_bytes(general[at : at + 8], "little", signed=True) if len(general) >= at + 8 else -1
        if not self.ending.arrived(thread, code, call, time.monotonic(), crashed=thread in self.infos):
            ptrace.resume(thread)

    def _became_another_program(self, thread: int) -> None:
        """The other threads are gone, and the one that called exec goes by the id of the process."""
        self.threads = {thread: self.threads.get(thread, 0)}
        self.infos.clear()
        self._slipped.clear()
        self.ending.reset()

    def _remember(self, thread: int, number: int) -> None:
        self.infos.pop(thread, None)
        if number in _FATAL:
            try:
                self.infos[thread] = ptrace.signal_info(thread)
            except OSError:
                return

    def _ask_for_clones(self) -> None:
        """Stops for a moment those threads that will not notice; the others are left as they are, and looked after."""
        for thread, options in list(self.threads.items()):
            if options == _ALL or thread in self.ending.held:
                continue
            call = slurp(f"/proc/{self.pid}/task/{thread}/syscall").split()[:1]
            is_safe = call == [b"running"] or (call and int(call[0], 0) in self._machine.restarted)
            if is_safe:
                ptrace.interrupt(thread)

    def _leader_is_traced(self) -> bool:
        return status_of(f"/proc/{self.pid}").get("TracerPid") == str(os.getpid())
