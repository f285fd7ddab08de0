"""The processes in the sentry's care: each by a pidfd that tells of its end, from its catch or its hold on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from octotui.dumps.sentry import refusals
from octotui.dumps.sentry.glance import Glance
from octotui.dumps.sentry.holds import Holds
from octotui.dumps.sentry.link import Link
from octotui.dumps.sentry.loop import Loop, Timer
from octotui.dumps.sentry.readiness import Readiness
from octotui.dumps.sentry.rules import owner_of
from octotui.processes.model import ProcessKey


@dataclass(slots=True)
class Charge:
    """One process. `rule_ids` are the rules that caught it; `again` is a hold that begins when its runtime is ready:
    seconds, owner, and what gives it up.
    """

    key: ProcessKey
    name: str
    descriptor: int
    rule_ids: set[int] = field(default_factory=set)
    wants_ready: bool = False
    again: tuple[float, str, Timer] | None = None


class Charges:
    """Tells octotui of ends and of runtimes that are ready."""

    def __init__(self, loop: Loop, link: Link, holds: Holds, is_traced: Callable[[ProcessKey], bool]) -> None:
        self._loop = loop
        self._link = link
        self._holds = holds
        self._is_traced = is_traced
        self._late: dict[ProcessKey, Sequence[int]] = {}
        self._readiness = Readiness(loop, self._is_ready)
        self._charges: dict[ProcessKey, Charge] = {}

    def find(self, key: ProcessKey) -> Charge | None:
        return self._charges.get(key)

    def take(self, glance: Glance) -> Charge | None:
        """Takes care of a process from now on. None when no descriptor is left to name it by."""
        charge = self._charges.get(glance.key)
        if charge is not None:
            return charge
        try:
            descriptor = os.dup(glance.descriptor)
        except OSError:
            return None
        charge = self._charges[glance.key] = Charge(glance.key, glance.name, descriptor)
        self._loop.watch(descriptor, lambda: self._ended(charge))
        return charge

    def await_ready(self, charge: Charge) -> None:
        """Has `runtime` told once its runtime is ready. One that stands still is looked at when it runs again."""
        charge.wants_ready = True
        self._readiness.wait_for(charge.key)
        self._readiness.rest(charge.key, charge.key in self._holds)

    def hold_again(self, charge: Charge, seconds: float, by: str) -> None:
        """Lets the process run until its runtime is ready and stops it in that instant."""
        if charge.again is not None:
            charge.again[2].cancel()
        charge.again = seconds, by, self._loop.later(seconds, lambda: self._give_up(charge))
        self._holds.release(charge.key, "ready")
        # Also where it was told ready before: whether it is now is what counts.
        self._readiness.wait_for(charge.key)
        self._readiness.rest(charge.key, False)

    def runs(self, key: ProcessKey) -> None:
        """The process was let go."""
        self._readiness.rest(key, False)
        self._drop_if_idle(key)

    def forget_again(self, key: ProcessKey) -> None:
        """Nobody wants the process held any more when its runtime is ready."""
        charge = self._charges.get(key)
        if charge is not None and charge.again is not None:
            charge.again[2].cancel()
            charge.again = None
            self._drop_if_idle(key)

    def trace_is_over(self, key: ProcessKey) -> None:
        """Its tracer has told all there was: if it ended meanwhile, that is told last."""
        self._tell_ended(key, self._late.pop(key, ()))

    def leave_rule(self, rule_id: int) -> None:
        """A rule is over: what it caught is in nobody's care unless it is held."""
        for charge in list(self._charges.values()):
            if rule_id in charge.rule_ids:
                charge.rule_ids.discard(rule_id)
                if charge.again is not None and charge.again[1] == owner_of(rule_id):
                    charge.again[2].cancel()
                    charge.again = None
                self._drop_if_idle(charge.key)

    def close(self) -> None:
        for charge in self._charges.values():
            self._loop.unwatch(charge.descriptor)
            os.close(charge.descriptor)
        self._charges.clear()

    def _is_ready(self, key: ProcessKey) -> None:
        charge = self._charges.get(key)
        if charge is None:
            return
        if charge.again is not None:
            seconds, by, timer = charge.again
            timer.cancel()
            charge.again = None
            self._hold_ready(charge, seconds, by)
        if charge.wants_ready:
            charge.wants_ready = False
            self._link.tell("runtime", pid=key.pid, started=key.started)
        self._drop_if_idle(key)

    def _hold_ready(self, charge: Charge, seconds: float, by: str) -> None:
        slug = self._holds.stop(charge.key, charge.descriptor, charge.name, seconds, by, None, time.monotonic_ns())
        if slug:
            refusals.not_held(charge.name, charge.key.pid, slug).tell(self._link, charge.key)

    def _give_up(self, charge: Charge) -> None:
        charge.again = None
        refusals.not_ready(charge.name, charge.key.pid).tell(self._link, charge.key)
        self._drop_if_idle(charge.key)

    def _ended(self, charge: Charge) -> None:
        key = charge.key
        rule_ids = sorted(charge.rule_ids)
        self._drop(charge)
        self._holds.forget(key)
        if self._is_traced(key):
            self._late[key] = rule_ids
        else:
            self._tell_ended(key, rule_ids)

    def _tell_ended(self, key: ProcessKey, rule_ids: Sequence[int]) -> None:
        for rule_id in rule_ids:
            self._link.tell("ended", id=rule_id, pid=key.pid, started=key.started)

    def _drop_if_idle(self, key: ProcessKey) -> None:
        charge = self._charges.get(key)
        if charge is not None and not charge.rule_ids and charge.again is None and key not in self._holds:
            self._drop(charge)

    def _drop(self, charge: Charge) -> None:
        del self._charges[charge.key]
        self._readiness.drop(charge.key)
        if charge.again is not None:
            charge.again[2].cancel()
        self._loop.unwatch(charge.descriptor)
        os.close(charge.descriptor)
