"""The end of one traced process: is it one, is it worth a dump, and the dump, after which the process goes on to it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from octotui import __version__
from octotui.dumps.exits.ending import Verdict
from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.oomkills import KillCount, was_killed
from octotui.dumps.exits.orders import Link, Order
from octotui.dumps.exits.target import Target
from octotui.dumps.exits.taskfiles import is_over, slurp
from octotui.dumps.exits.writing import Ended, Writing
from octotui.errors import CaptureFailed, OctotuiError

TELL_SECONDS = 0.2
MOST_NAMED = 200
"""Threads named in one list of the news."""


class Capturing:
    """`writing` is the dump that is being written, `settled` when (`time.monotonic()`) all was done, 0.0 before.

    `unwanted` are descriptors that a process which writes a dump does not need.
    """

    def __init__(self, link: Link, order: Order, machine: Machine, target: Target, unwanted: Sequence[int]) -> None:
        self.writing: Writing | None = None
        self.settled = 0.0
        self._link = link
        self._order = order
        self._machine = machine
        self._target = target
        self._unwanted = unwanted
        self._kills = KillCount.of(order.pid)
        self._record: dict[str, Any] = {}
        self._told = 0.0

    def judge(self, now: float) -> None:
        """Some threads are held at their end: decides what that is, as soon as it can be told."""
        ending = self._target.ending
        verdict = ending.verdict(self._target.running(), now)
        if verdict is Verdict.NOT_AN_END:
            self._target.release()
        elif verdict is Verdict.WHOLE:
            self._link.tell("exiting", status=ending.status)
            self._decide(ending.status)

    def go_on(self, now: float) -> None:
        """Looks after the dump that is being written."""
        assert self.writing is not None
        try:
            found = self.writing.step()
        except CaptureFailed as error:
            self._give_up(error)
            return
        except OSError as error:
            self._give_up(_failure(error, "the dump could not be written"))
            return
        if found is None:
            if now - self._told > TELL_SECONDS:
                self._told = now
                self._link.mention("writing", bytes=self.writing.written_bytes)
            return
        self.writing = None
        pause = round(time.monotonic() - self._target.ending.began, 4)
        told = {name: _cut(value) for name, value in {**self._record, **found}.items()}
        self._settle("written", **told, pause_seconds=pause)

    def cancel(self) -> bool:
        """Gives up what is being written. True when there was nothing yet, so that the trace itself is to end.

        No thread has to be stopped for that: all go on as soon as the tracer ends.
        """
        if self.writing is not None:
            self._give_up(CaptureFailed("the dump was cancelled; the process has ended", code="cancelled"))
            return False
        if self.settled:
            return False
        self._link.tell("passed", status=None, why="it is traced no more")
        return True

    def abandon(self) -> None:
        """Nobody wants the dump any more: what there is of it is removed."""
        if self.writing is not None:
            self.writing.abandon()
            self.writing = None

    def child_ended(self, child: int) -> None:
        if self.writing is not None:
            self.writing.forget(child)

    def missed(self, status: int | None) -> None:
        """The process is gone. Says so where nothing was said of its end."""
        self.abandon()
        if not self.settled:
            said = "it ended without coming to a stop for its dump"
            self._link.tell("failed", status=status, code="not-stopped", message=said, hint="")

    def _decide(self, status: int) -> None:
        self._record = {"status": status, "path": str(self._order.path)}
        if was_killed(status, self._kills, KillCount.of(self._order.pid)):
            why = "the kernel killed it for want of memory, and what it holds is needed at once"
            self._settle("passed", status=status, why=why)
        elif status == 0 and not self._order.keeps_success:
            self._settle("passed", status=status, why="it ended well, with status 0")
        else:
            self._begin(status)

    def _begin(self, status: int) -> None:
        ending = self._target.ending
        threads = [ending.first, *sorted(thread for thread in ending.held if thread != ending.first)]
        absent = self._target.running()
        late = [thread for thread in absent if not is_over(self._order.pid, thread)]
        untraced = {*self._target.untraced(), *absent} - set(late)
        facts = {
            "status": status,
            "life_seconds": _life_seconds(self._order.started),
            "late": sorted(late),
            "untraced": sorted(untraced),
            "may_miss_threads": self._target.pace.was_quick,
        }
        self._record |= {**facts, "threads": len(threads)}
        images = [(thread, self._target.infos.get(thread, b"")) for thread in threads]
        ended = Ended(self._order.pid, status, images, {"version": __version__, **facts})
        try:
            self.writing = Writing(self._order, ended, self._machine, self._unwanted)
        except CaptureFailed as error:
            self._give_up(error)
        except OSError as error:
            self._give_up(_failure(error, "its memory could not be read"))

    def _give_up(self, error: OctotuiError) -> None:
        # The target first: a disk that hangs may not even let a file be removed.
        self._let_go()
        self.abandon()
        status = self._record.get("status")
        self._link.tell("failed", status=status, code=error.code, message=error.message, hint=error.hint)

    def _settle(self, news: str, **fields: Any) -> None:
        """The target goes on to its end first, then it is told."""
        self._let_go()
        self._link.tell(news, **fields)

    def _let_go(self) -> None:
        self._target.ending.is_settled = True
        self._target.release()
        self.settled = time.monotonic()


def _cut(value: Any) -> Any:
    """A list that fits into a packet; the note in the core has all of it."""
    return value[:MOST_NAMED] if isinstance(value, list) else value


def _failure(error: OSError, what: str) -> CaptureFailed:
    said = (error.strerror or "unknown error").lower()
    return CaptureFailed(f"{what}: {said}", hint="look at dmesg | tail", code="unreadable")


def _life_seconds(started: int) -> float:
    up = slurp("/proc/uptime").split()[:1]
    return max(0.0, round((float(up[0]) if up else 0.0) - started / os.sysconf("SC_CLK_TCK"), 2))
