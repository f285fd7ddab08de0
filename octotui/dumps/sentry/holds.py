"""What stands still by the sentry's doing, and for how much longer. Nothing is stopped that octotui was not told of."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from octotui.dumps.sentry.keeper import Keeper, Page
from octotui.dumps.sentry.link import Link
from octotui.dumps.sentry.loop import Loop, Timer
from octotui.processes.model import ProcessKey


@dataclass(slots=True)
class _Held:
    descriptor: int
    by: str
    rule_id: int | None
    timer: Timer


class Holds:
    """Stops processes, and lets each go when asked, when its time is up, when its rule or its owner is gone.

    Three keep watch that nothing stays stopped: the sentry by its timers, octotui which is told before each stop, and
    the keeper. Without a keeper nothing is stopped.
    """

    def __init__(self, loop: Loop, link: Link, runs_again: Callable[[ProcessKey], None]) -> None:
        """`runs_again` is called with each process that was let go and has not ended."""
        self._loop = loop
        self._link = link
        self._runs_again = runs_again
        self._page = Page()
        self._keeper: Keeper | None = None
        self._is_suspended = False
        self._held: dict[ProcessKey, _Held] = {}

    def __contains__(self, key: ProcessKey) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def of_rule(self, rule_id: int) -> int:
        """How many stand still by this rule now."""
        return sum(held.rule_id == rule_id for held in self._held.values())

    def prepare(self) -> bool:
        """Starts the keeper where there is none. False when it cannot be started."""
        if self._keeper is not None:
            return True
        try:
            self._keeper = keeper = Keeper(self._page)
        except OSError:
            return False
        self._loop.watch(keeper.descriptor, self._replace_keeper)
        return True

    def stop(
        self, key: ProcessKey, descriptor: int, name: str, seconds: float, by: str, rule_id: int | None, heard_ns: int
    ) -> str:
        """Announces and stops a process. Returns "" or the slug of why it still runs (see `refusals.not_held`).

        One that is held already gets a new limit and owner.

        `descriptor` names the process to the kernel, and stays the caller's. `heard_ns` is on the monotonic clock.
        """
        if key in self._held:
            self.extend(key, seconds, by)
            return ""
        if self._keeper is None and not self.prepare():
            return "no-keeper"
        if self._is_suspended:
            return "suspended"
        if not self._page.add(key, time.monotonic() + seconds):
            return "full"
        if not self._link.announce(key.pid, key.started, by, name, seconds):
            self._page.remove(key)
            return "unheard"
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGSTOP)
        except OSError as error:
            self._take_back(key)
            return "denied" if isinstance(error, PermissionError) else "gone"
        latency_ns = time.monotonic_ns() - heard_ns
        try:
            own = os.dup(descriptor)
        except OSError:
            signal.pidfd_send_signal(descriptor, signal.SIGCONT)
            self._take_back(key)
            return "full"
        timer = self._loop.later(seconds, lambda: self._end(key, "limit"))
        self._held[key] = _Held(own, by, rule_id, timer)
        self._link.tell("held", pid=key.pid, started=key.started, by=by, latency_ns=latency_ns)
        return ""

    def extend(self, key: ProcessKey, seconds: float, by: str) -> None:
        """A new limit and owner for what is held already; the rule that held it lets go of it no more."""
        held = self._held[key]
        held.timer.cancel()
        held.timer = self._loop.later(seconds, lambda: self._end(key, "limit"))
        held.by, held.rule_id = by, None
        self._page.add(key, time.monotonic() + seconds)
        self._link.tell("held", pid=key.pid, started=key.started, by=by, latency_ns=0)

    def release(self, key: ProcessKey, why: str) -> bool:
        """Lets a process go. False when it was not held."""
        if key not in self._held:
            return False
        self._end(key, why)
        return True

    def suspend(self, is_asleep: bool) -> None:
        """While octotui is stopped itself nothing is held: it could neither show nor undo it."""
        self._is_suspended = is_asleep
        if is_asleep:
            self.release_all("owner")

    def release_rule(self, rule_id: int) -> None:
        for key in [key for key, held in self._held.items() if held.rule_id == rule_id]:
            self._end(key, "rule")

    def release_all(self, why: str) -> None:
        for key in list(self._held):
            self._end(key, why)

    def forget(self, key: ProcessKey) -> None:
        """The process ended."""
        if key in self._held:
            self._end(key, "gone")

    def close(self) -> None:
        """Lets everything go, whether octotui can be told or not, and ends the keeper."""
        for held in self._held.values():
            _continue(held.descriptor)
        self._held.clear()
        if self._keeper is not None:
            self._loop.unwatch(self._keeper.descriptor)
            self._keeper.close()
            self._keeper = None

    def _take_back(self, key: ProcessKey) -> None:
        """What was announced did not come about."""
        self._page.remove(key)
        self._link.tell("released", pid=key.pid, started=key.started, why="gone")

    def _end(self, key: ProcessKey, why: str) -> None:
        held = self._held.pop(key)
        held.timer.cancel()
        _continue(held.descriptor)
        self._page.remove(key)
        self._link.tell("released", pid=key.pid, started=key.started, why=why)
        if why != "gone":
            self._runs_again(key)

    def _replace_keeper(self) -> None:
        """The keeper ended, which nobody asked it to: whoever is held needs another one."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            self._loop.unwatch(keeper.descriptor)
            keeper.close()
        if not self.prepare():
            self.release_all("owner")


def _continue(descriptor: int) -> None:
    """Lets a process go for good, and closes what named it."""
    with contextlib.suppress(OSError):
        signal.pidfd_send_signal(descriptor, signal.SIGCONT)
    os.close(descriptor)
