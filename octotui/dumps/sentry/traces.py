"""Tracers of ends: some are forked ahead and wait, so that a process is handed over within microseconds of its exec."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

from octotui.dumps.sentry import refusals
from octotui.dumps.sentry.glance import stat_of
from octotui.dumps.sentry.link import LARGEST_PACKET, Link
from octotui.dumps.sentry.loop import Loop
from octotui.dumps.sentry.orders import TraceLimits
from octotui.dumps.sentry.refusals import Refusal
from octotui.dumps.sentry.tracer import Serve, Tracer
from octotui.processes.model import ProcessKey

MOST_TRACERS = 64
SPARES = 3
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
MOST_STOPPED_LOOKS = 3
LEAVE_SECONDS = 0.5

_TOLD = frozenset({"tracing", "untraceable", "exiting", "writing", "written", "passed", "failed", "gone"})
_LAST = frozenset({"untraceable", "written", "passed", "failed", "gone"})
_HOLDS_TARGET = frozenset({"exiting", "writing"})


class Traces:
    """All tracers. Their news go on to octotui with the id and the process; a tracer that is stuck is killed, upon
    which the kernel lets its process go on.
    """

    def __init__(
        self, loop: Loop, link: Link, load: Callable[[], Serve], is_over: Callable[[ProcessKey], None]
    ) -> None:
        """`is_over` is called with each process when all that its tracer had to say has been told."""
        self._is_over = is_over
        self._loop = loop
        self._link = link
        self._load = load
        self._serve: Serve | None = None
        self._spares: list[Tracer] = []
        self._at_work: dict[ProcessKey, Tracer] = {}

    def __contains__(self, key: ProcessKey) -> bool:
        return key in self._at_work

    def prepare(self) -> str:
        """Has a tracer wait. Returns why there can be none, "" when there is one."""
        if self._spares:
            return ""
        problem = self._add_spare()
        if not problem:
            self._loop.later(0.0, self._fill_up)
        return problem

    def _add_spare(self) -> str:
        try:
            if self._serve is None:
                self._serve = self._load()
            tracer = Tracer(self._serve)
        except (ImportError, OSError) as error:
            return f"a tracer cannot be started ({error})"
        self._spares.append(tracer)
        self._loop.watch(tracer.link.fileno(), lambda: self._hear(tracer))
        return ""

    def _fill_up(self) -> None:
        """Has as many spares wait as often start at once, made one by one when nothing else is in a hurry."""
        if len(self._spares) < SPARES and not self._add_spare():
            self._loop.later(0.0, self._fill_up)

    def trace(
        self, key: ProcessKey, name: str, rule_id: int, limits: TraceLimits, *, any_status: bool
    ) -> Refusal | None:
        """Hands a process to the spare tracer. Returns why not, or None."""
        if key in self._at_work:
            return None
        if len(self._at_work) >= MOST_TRACERS:
            return refusals.enough_traced(name, key.pid, len(self._at_work))
        problem = self.prepare()
        if problem:
            return refusals.not_traced(name, key.pid, problem)
        tracer = self._spares.pop()
        tracer.key, tracer.rule_id = key, rule_id
        tracer.patience, tracer.heard_at = limits.most_seconds + PATIENCE_SECONDS, time.monotonic()
        self._at_work[key] = tracer
        if not tracer.send(
            {
                "do": "trace",
                "pid": key.pid,
                "started": key.started,
                "path": os.path.join(limits.directory, f"dump-{key.pid}-{key.started}"),
                "keep": "any" if any_status else "failed",
                "most_bytes": limits.most_bytes,
                "most_seconds": limits.most_seconds,
                "least_free_bytes": limits.least_free_bytes,
            }
        ):
            self._end(tracer)
        if len(self._at_work) == 1:
            self._loop.later(LOOK_SECONDS, self._look)
        self._loop.later(0.0, self._fill_up)
        return None

    def cancel(self, key: ProcessKey) -> bool:
        """Asks for the end of one trace, writing or not. False when there is none."""
        tracer = self._at_work.get(key)
        if tracer is None:
            return False
        if not tracer.send({"do": "cancel"}):
            tracer.kill()
        return True

    def cancel_rule(self, rule_id: int) -> None:
        """Ends the traces of a rule, except where a dump is being written."""
        for key, tracer in list(self._at_work.items()):
            if tracer.rule_id == rule_id and not tracer.is_writing:
                self.cancel(key)

    def close(self) -> None:
        """Ends all tracers: each sees its link close, and the kernel lets go what one that does not had traced."""
        tracers = [*self._at_work.values(), *self._spares]
        for tracer in tracers:
            self._loop.unwatch(tracer.link.fileno())
            tracer.link.close()
        deadline = time.monotonic() + LEAVE_SECONDS
        for tracer in tracers:
            tracer.wait(deadline)
            tracer.kill()
            tracer.wait(deadline + LEAVE_SECONDS)
            # One that hangs in the kernel is left to whoever inherits it.
            tracer.collect(waits=False)
        self._at_work.clear()
        self._spares.clear()

    def _hear(self, tracer: Tracer) -> None:
        try:
            packet = tracer.link.recv(LARGEST_PACKET)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._end(tracer)
            return
        key = tracer.key
        try:
            fields = json.loads(packet)
        except (ValueError, RecursionError):
            return
        news = fields.get("news") if isinstance(fields, dict) else None
        if key is None or news not in _TOLD:
            return
        tracer.heard_at = time.monotonic()
        tracer.is_writing = news in _HOLDS_TARGET
        tracer.is_done = news in _LAST
        self._link.pass_on({**fields, "id": tracer.rule_id, "pid": key.pid, "started": key.started})

    def _end(self, tracer: Tracer) -> None:
        """Its link closed: it is done, or it died."""
        self._loop.unwatch(tracer.link.fileno())
        # Whatever keeps one up that has closed its link: it has nothing left to say.
        tracer.kill()
        tracer.collect()
        if tracer in self._spares:
            self._spares.remove(tracer)
        key = tracer.key
        if key is None or self._at_work.get(key) is not tracer:
            return
        del self._at_work[key]
        if not tracer.is_done:
            self._link.tell(
                "failed", id=tracer.rule_id, pid=key.pid, started=key.started, status=None,
                message="the tracer died; the process goes on, or ended as it would have",
            )  # fmt: skip
        self._is_over(key)

    def _look(self) -> None:
        """Once a second: who holds its process for too long, or was stopped itself."""
        now = time.monotonic()
        for tracer in list(self._at_work.values()):
            stat = stat_of(tracer.pid)
            is_stopped = stat is not None and stat.state in "Tt"
            tracer.stopped_looks = tracer.stopped_looks + 1 if is_stopped else 0
            is_late = tracer.is_writing and now - tracer.heard_at > tracer.patience
            if is_late or tracer.stopped_looks >= MOST_STOPPED_LOOKS:
                tracer.kill()
        if self._at_work:
            self._loop.later(LOOK_SECONDS, self._look)
