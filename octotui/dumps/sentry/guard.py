"""The sentry at work: takes the orders of octotui, and has everything it did undone at its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from octotui.dumps.sentry import refusals
from octotui.dumps.sentry.catcher import Catcher
from octotui.dumps.sentry.charges import Charges
from octotui.dumps.sentry.glance import Glance, stat_of
from octotui.dumps.sentry.hearing import open_hearing
from octotui.dumps.sentry.holds import Holds
from octotui.dumps.sentry.kinfolk import ancestors
from octotui.dumps.sentry.link import Link
from octotui.dumps.sentry.loop import Loop
from octotui.dumps.sentry.matching import SERVICES, Matcher
from octotui.dumps.sentry.orders import Arm, Cancel, Disarm, HoldOrder, Order, Release, Trace, Unusable, parse_order
from octotui.dumps.sentry.owner import Owner
from octotui.dumps.sentry.refusals import Refusal
from octotui.dumps.sentry.rules import ArmedRule
from octotui.dumps.sentry.tracer import Serve
from octotui.dumps.sentry.traces import Traces
from octotui.processes.model import ProcessKey
from octotui.text import decoded, printable

ORDERS_AT_ONCE = 64


class Guard:
    """Owns everything the sentry has in hand; `close` lets all of it go. Methods raise Closed when octotui is gone."""

    def __init__(self, link: Link, octotui_pid: int, load: Callable[[], Serve], *, wants_events: bool = True) -> None:
        self._link = link
        self._own = _own_line(octotui_pid)
        self._loop = loop = Loop()
        self._holds = Holds(loop, link, self._runs_again)
        self._owner = Owner(octotui_pid, loop, self._holds.suspend)
        self._traces = Traces(loop, link, load, self._trace_is_over)
        self._charges = Charges(loop, link, self._holds, self._traces.__contains__)
        self._catcher = Catcher(loop, link, self._holds, self._traces, self._charges)
        self._hearing = open_hearing(loop, self._catcher.meet, self._catcher.lost, wants_events=wants_events)
        loop.watch(link.fileno(), self._serve_link)

    def run(self) -> None:
        """Says that it is ready, then serves until `quit`."""
        polling_ms = self._hearing.polling_ms
        self._link.tell("ready", events=not polling_ms, reason=self._hearing.reason, polling_ms=polling_ms)
        self._loop.run()

    def close(self) -> None:
        """What stands still runs again first, then the rest."""
        self._holds.close()
        self._traces.close()
        self._hearing.close()
        self._charges.close()

    def _serve_link(self) -> None:
        if self._link.is_late:
            self._link.flush()
        for _ in range(ORDERS_AT_ONCE):
            packet = self._link.receive()
            if packet is None:
                break
            try:
                self._obey(parse_order(packet))
            except Unusable as refusal:
                self._link.tell(
                    "refused", **refusal.about, code=refusal.code, message=refusal.message, hint=refusal.hint
                )
        self._loop.watch_room(self._link.fileno(), self._link.is_late)

    def _obey(self, order: Order) -> None:
        match order:
            case Arm():
                self._arm(order)
            case Disarm():
                self._disarm(order.id)
            case HoldOrder():
                self._hold(order)
            case Release():
                self._charges.forget_again(order.key)
                self._holds.release(order.key, "asked")
            case Trace():
                self._trace(order)
            case Cancel():
                if not self._traces.cancel(order.key):
                    self._refuse(refusals.not_traced_now(order.key.pid), order.key)
            case _:
                self._loop.stop()

    def _arm(self, order: Arm) -> None:
        if order.id in self._catcher.rules:
            raise Unusable(f"rule {order.id} is armed already", about={"id": order.id})
        rule = ArmedRule(order, Matcher(order, self._own))
        if order.hold and not self._holds.prepare():
            raise Unusable(
                "no process can be held: what lets it go when octotui dies could not be started",
                code="no-keeper",
                hint="free some memory, and try again",
                about={"id": order.id},
            )
        if order.at_exit and (problem := self._traces.prepare()):
            raise Unusable(problem, code="no-tracer", hint="capture while it runs instead", about={"id": order.id})
        self._hearing.start(True)
        self._link.tell("armed", id=order.id)
        self._owner.begin(lambda: len(self._holds) > 0 or bool(self._catcher.rules))
        self._catcher.arm(rule)

    def _disarm(self, rule_id: int) -> None:
        self._catcher.rules.pop(rule_id, None)
        self._holds.release_rule(rule_id)
        self._traces.cancel_rule(rule_id)
        self._charges.leave_rule(rule_id)
        if not self._catcher.rules:
            self._hearing.start(False)

    def _hold(self, order: HoldOrder) -> None:
        """By hand: a process that runs, one that is held already, or one that is to be held when it is ready."""
        key = order.key
        glance = Glance.at(key.pid)
        if glance is None:
            self._refuse(refusals.gone(key.pid), key)
            return
        with closing(glance):
            refusal = self._why_not_held(order, glance)
            if refusal is not None:
                self._refuse(refusal, key)
            elif order.when_ready:
                charge = self._charges.take(glance)
                if charge is None:
                    self._refuse(refusals.gone(key.pid), key)
                else:
                    self._charges.hold_again(charge, order.seconds, order.by)
            elif key in self._holds:
                self._holds.extend(key, order.seconds, order.by)
            else:
                self._hold_now(order, glance)
        self._owner.begin(lambda: len(self._holds) > 0 or bool(self._catcher.rules))

    def _hold_now(self, order: HoldOrder, glance: Glance) -> None:
        key, name = order.key, glance.name
        slug = self._holds.stop(key, glance.descriptor, name, order.seconds, order.by, None, time.monotonic_ns())
        if slug:
            self._refuse(refusals.not_held(name, key.pid, slug), key)
        elif self._charges.take(glance) is None:
            self._holds.forget(key)

    def _why_not_held(self, order: HoldOrder, glance: Glance) -> Refusal | None:
        name, key = glance.name, order.key
        if glance.key != key or glance.is_over:
            return refusals.gone(key.pid)
        if key in self._own:
            return refusals.own(name, key.pid)
        if glance.finding.role in SERVICES and not order.services:
            return refusals.service(name, key.pid)
        if glance.is_stopped and key not in self._holds:
            return refusals.stopped(name, key.pid)
        return None

    def _trace(self, order: Trace) -> None:
        key = order.key
        stat = stat_of(key.pid)
        if stat is None or stat.started != key.started or stat.state in "ZX":
            self._refuse(refusals.gone(key.pid), key, order.id)
            return
        name = printable(decoded(stat.name))
        refusal = self._traces.trace(key, name, order.id, order.trace, any_status=order.any_status)
        if refusal is not None:
            self._refuse(refusal, key, order.id)

    def _refuse(self, refusal: Refusal, key: ProcessKey, rule_id: int | None = None) -> None:
        refusal.tell(self._link, key, rule_id)

    def _trace_is_over(self, key: ProcessKey) -> None:
        self._charges.trace_is_over(key)

    def _runs_again(self, key: ProcessKey) -> None:
        self._charges.runs(key)


def _own_line(octotui_pid: int) -> frozenset[ProcessKey]:
    """octotui and those above it."""
    stat = stat_of(octotui_pid)
    if stat is None:
        return frozenset()
    own = ProcessKey(octotui_pid, stat.started)
    return frozenset((own, *ancestors(own, stat.parent_pid)))
