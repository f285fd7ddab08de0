"""Meets each process in the instant of its exec, and catches those that a rule means: hold first, words later."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import closing

from octotui.dumps.sentry import refusals
from octotui.dumps.sentry.charges import Charges
from octotui.dumps.sentry.glance import Glance
from octotui.dumps.sentry.holds import Holds
from octotui.dumps.sentry.link import Link
from octotui.dumps.sentry.loop import Loop
from octotui.dumps.sentry.matching import SERVICES
from octotui.dumps.sentry.refusals import Refusal
from octotui.dumps.sentry.rules import ArmedRule
from octotui.dumps.sentry.scanning import Scan
from octotui.dumps.sentry.traces import Traces
from octotui.processes.model import ProcessKey

WARMING_SECONDS = 0.01

UNSEEN_SECONDS = 1.0
"""Between two tellings of how many ended before they could be looked at."""


class Catcher:
    """The armed rules at work. Methods raise Closed when octotui is gone."""

    def __init__(self, loop: Loop, link: Link, holds: Holds, traces: Traces, charges: Charges) -> None:
        self.rules: dict[int, ArmedRule] = {}
        self._loop = loop
        self._link = link
        self._holds = holds
        self._traces = traces
        self._charges = charges
        self._scan = Scan(loop)
        self._own_pid = os.getpid()
        self._is_warm = False
        self._unseen = self._unseen_told = 0

    def arm(self, rule: ArmedRule) -> None:
        """From here on the rule catches; what runs already counts only where the rule names it."""
        self.rules[rule.id] = rule
        if not self._is_warm:
            self.keep_warm()
        if (key := rule.order.key) is None:
            self._scan.begin(self._note_before)
        else:
            self._catch_named(rule, key)

    def meet(self, pid: int, heard_ns: int) -> None:
        """A process has execed."""
        if not self.rules:
            return
        glance = Glance.at(pid)
        if glance is None:
            self._count_unseen()
            return
        with closing(glance):
            self._judge(glance, heard_ns, self.rules.values())

    def keep_warm(self) -> None:
        """Goes the way of a catch now and then while one would be stopped: cold, it takes half as long again."""
        self._is_warm = any(rule.order.hold for rule in self.rules.values())
        if self._is_warm:
            self.meet(self._own_pid, 0)
            self._loop.later(WARMING_SECONDS, self.keep_warm)

    def lost(self, count: int) -> None:
        """Events were lost: whoever matches now and did not when its rule was armed has come meanwhile."""
        if self.rules:
            self._link.tell("lost", count=count)
            self._scan.begin(self._meet_late)

    def _note_before(self, glance: Glance, _heard_ns: int) -> None:
        for rule in self.rules.values():
            if glance.key not in rule.caught and rule.matcher.matches(glance):
                rule.before.add(glance.key)

    def _meet_late(self, glance: Glance, heard_ns: int) -> None:
        self._judge(glance, heard_ns, [rule for rule in self.rules.values() if glance.key not in rule.before])

    def _judge(self, glance: Glance, heard_ns: int, rules: Iterable[ArmedRule]) -> None:
        is_missed = False
        for rule in rules:
            if glance.key in rule.caught:
                continue
            if rule.matcher.matches(glance):
                self._catch(rule, glance, heard_ns)
            elif glance.is_over:
                is_missed |= rule.matcher.could_have_meant(glance)
        if is_missed:
            self._count_unseen()

    def _catch(self, rule: ArmedRule, glance: Glance, heard_ns: int) -> None:
        key, order = glance.key, rule.order
        rule.note_caught(key)
        left: list[Refusal] = []
        is_held = key in self._holds
        if order.hold and not is_held and not glance.is_over:
            refusal = self._hold(rule, glance, heard_ns)
            is_held = refusal is None
            left += [refusal] if refusal else []
        if order.trace is not None and not glance.is_over:
            why_not = self._traces.trace(key, glance.name, rule.id, order.trace, any_status=order.any_status)
            left += [why_not] if why_not else []
        self._link.tell(
            "caught", id=rule.id, pid=key.pid, started=key.started, name=glance.name, heard_ns=heard_ns,
            held=is_held, role=glance.finding.role.value, open=rule.matcher.is_open,
        )  # fmt: skip
        charge = None if glance.is_over else self._charges.take(glance)
        if charge is None:
            self._holds.forget(key)
            self._link.tell("ended", id=rule.id, pid=key.pid, started=key.started)
            return
        charge.rule_ids.add(rule.id)
        if order.want_ready:
            self._charges.await_ready(charge)
        for refusal in left:
            refusal.tell(self._link, key, rule.id)

    def _hold(self, rule: ArmedRule, glance: Glance, heard_ns: int) -> Refusal | None:
        """Stops a process for a rule; why not, where it is left running."""
        name, pid, order = glance.name, glance.key.pid, rule.order
        if not order.hold_services and glance.finding.role in SERVICES:
            return refusals.service(name, pid)
        if glance.is_stopped:
            return refusals.stopped(name, pid)
        if self._holds.of_rule(rule.id) >= max(1, order.count):
            return refusals.enough(name, pid)
        slug = self._holds.stop(glance.key, glance.descriptor, name, order.hold_seconds, rule.by, rule.id, heard_ns)
        return refusals.not_held(name, pid, slug) if slug else None

    def _catch_named(self, rule: ArmedRule, key: ProcessKey) -> None:
        glance = Glance.at(key.pid)
        if glance is None:
            refusals.gone(key.pid).tell(self._link, key, rule.id)
            return
        with closing(glance):
            if glance.key != key or glance.is_over:
                refusals.gone(key.pid).tell(self._link, key, rule.id)
            else:
                self._catch(rule, glance, time.monotonic_ns())

    def _count_unseen(self) -> None:
        """Tells now and then of processes that ended before it could be seen what they were."""
        if self._unseen == self._unseen_told:
            self._loop.later(UNSEEN_SECONDS, self._tell_unseen)
        self._unseen += 1

    def _tell_unseen(self) -> None:
        count, self._unseen_told = self._unseen - self._unseen_told, self._unseen
        self._link.tell("unseen", count=count)
