"""Where everything of a watch comes together: what the rule book decides is carried out, what comes of it noted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace

from octotui.dumps.arming.book import RuleBook
from octotui.dumps.arming.decisions import Cancel, Capture, Decision, Disarm, Hold, Release, Say, TakeStacks, Trace
from octotui.dumps.arming.state import Ending, News, RuleState
from octotui.dumps.arming.tally import Outcome
from octotui.dumps.catching.capturing import Capturing, Settled, refused_result
from octotui.dumps.catching.crier import Crier
from octotui.dumps.catching.ear import Ear
from octotui.dumps.catching.ends import Ends
from octotui.dumps.catching.faces import Faces
from octotui.dumps.catching.holding import BY_YOU, Holds, by_rule
from octotui.dumps.catching.kept import Kept
from octotui.dumps.catching.link import SentryLink
from octotui.dumps.catching.looking import Looking
from octotui.dumps.catching.port import Message, StartSentry, TakeAnalysis, about
from octotui.dumps.catching.tasks import Tasks
from octotui.dumps.model import DumpType, Severity
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.service import DumpService
from octotui.errors import CaptureFailed, OctotuiError
from octotui.octopus.rolenames import SERVICES
from octotui.processes.model import ProcessKey


class Desk:
    """Used on one event loop. `clock` is monotonic seconds."""

    def __init__(
        self,
        service: DumpService,
        start_sentry: StartSentry,
        clock: Callable[[], float],
        take_analysis: TakeAnalysis | None = None,
    ) -> None:
        self.clock = clock
        self.book = RuleBook()
        self.faces = Faces()
        self.holds = Holds()
        self.crier = Crier()
        self.tasks = Tasks()
        self.reach = ""
        self._changed = asyncio.Event()
        self.kept = Kept(self._changed.set)
        self.capturing = Capturing(service, self.faces, self.tasks, self._written, self._live_over, self.kept.dump)
        self.looking = Looking(take_analysis, self.faces, self.kept.analysis)
        self.ends = Ends(service.workshop, service.limits, self.faces, self._over, self.kept.dump)
        self.link = SentryLink(start_sentry, self.tasks, self._hear, self._sentry_gone)
        self._ear = Ear(self)
        self._arming: dict[int, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self._is_following = False
        self._service = service

    def begin(self) -> None:
        """Begins to follow the clock and the captures, once."""
        if not self._is_following:
            self._is_following = True
            self.tasks.run(self._keep_time(), "clock")
            self.tasks.run(self.capturing.follow(self._service.subscribe()), "captures")

    def expect_armed(self, rule_id: int) -> asyncio.Future[None]:
        """What the answer of the sentry to an order to arm comes by."""
        answer = self._arming[rule_id] = asyncio.get_running_loop().create_future()
        return answer

    def answer_arming(self, rule_id: int, error: OctotuiError | None) -> bool:
        """Whether somebody waited for it."""
        answer = self._arming.pop(rule_id, None)
        if answer is None or answer.done():
            return False
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)
        return True

    def apply(self, decisions: Iterable[Decision]) -> None:
        """Carries decisions out, in their order."""
        for decision in decisions:
            match decision:
                case Say(news):
                    self.crier.say(news)
                case Capture(rule_id, key):
                    self.tasks.run(self._capture(rule_id, key), f"capture-{key.pid}")
                case TakeStacks(rule_id, key):
                    self.tasks.run(self._take_stacks(rule_id, key), f"stacks-{key.pid}")
                case Hold():
                    self._hold(decision)
                case Release(_, key):
                    found = self.holds[key]
                    if found is None or found.by != BY_YOU:
                        self.link.send(about("release", key))
                case Trace(rule_id, key):
                    self._trace(rule_id, key)
                case Cancel(_, key):
                    self.link.send(about("cancel", key))
                case Disarm(rule_id):
                    self.link.send({"do": "disarm", "id": rule_id})
        self._close_places()
        self._wake.set()
        self._changed.set()

    async def until_idle(self) -> None:
        """Returns once no dump or look is being made for a rule and no live one waits for its digest."""
        while any(state.is_busy for state in self.book.states) or self.capturing.has_open:
            self._changed.clear()
            await self._changed.wait()

    def _close_places(self) -> None:
        for rule_id in self.book.finished:
            if self.ends.order(rule_id) is not None:
                self.tasks.run(self.ends.close(rule_id), f"close-{rule_id}")

    def _hold(self, order: Hold) -> None:
        rule, key, now = self.book.rule(order.rule_id), order.key, self.clock()
        _, meaning = self.faces.meet(key)
        if rule is None or (meaning.role in SERVICES and not rule.hold_services):
            why = f"a {meaning.label} is not held without --yes-hold-service"
            self.apply(self.book.not_held(order.rule_id, key, now, why))
            return
        if self.holds[key] is not None and not order.when_ready:
            self.apply(self.book.held(key, now))
            return
        by = by_rule(order.rule_id)
        self.holds.ask(key, by, order.seconds)
        when = "ready" if order.when_ready else "now"
        self.link.send(about("hold", key, seconds=order.seconds, by=by, services=rule.hold_services, when=when))

    def _trace(self, rule_id: int, key: ProcessKey) -> None:
        rule, trace = self.book.rule(rule_id), self.ends.order(rule_id)
        if rule is not None and trace is not None:
            self.link.send(about("trace", key, id=rule_id, trace=trace, any_status=rule.any_status))

    async def _capture(self, rule_id: int, key: ProcessKey) -> None:
        rule = self.book.rule(rule_id)
        settled = await self.capturing.begin(rule_id, rule, key) if rule is not None else None
        if settled is not None:
            self._live_over(rule_id, key, settled)

    async def _take_stacks(self, rule_id: int, key: ProcessKey) -> None:
        rule = self.book.rule(rule_id)
        if rule is None:
            return

        def told(note: str) -> None:
            self.apply(self.book.look_told(rule_id, key, note))

        settled = await self.looking.look(rule, key, told)
        note = settled.note
        if settled.outcome is Outcome.CAPTURED:
            self.crier.say(News(Severity.NOTICE, f"{note[:1].upper()}{note[1:]}", "", rule_id, key))
            note = ""
        found = self.book.looked(rule_id, key, settled.outcome, self.clock(), note)
        self.apply(_with_hint(decision, key, settled.hint) for decision in found)

    def _written(self, rule_id: int, key: ProcessKey) -> None:
        self.apply(self.book.written(rule_id, key))

    def _live_over(self, rule_id: int, key: ProcessKey, settled: Settled) -> None:
        self._over(rule_id, key, settled, None)

    def _over(self, rule_id: int, key: ProcessKey, settled: Settled, status: int | None) -> None:
        """What came of a capture, whichever kind."""
        if settled.result is not None:
            self.kept.dump(settled.result)
        found = self.book.settled(rule_id, key, settled.outcome, self.clock(), settled.note, status)
        self.apply(_with_hint(decision, key, settled.hint) for decision in found)

    def end_failed(
        self, rule_id: int, key: ProcessKey, outcome: Outcome, note: str, hint: str, status: int | None
    ) -> None:
        """A trace that came to its end without a dump; a failure is a result like any other."""
        result: DumpResult | None = None
        if outcome in (Outcome.FAILED, Outcome.LEFT) and self.book.is_open(rule_id, key):
            refused = refused_result(self.faces.target(key), DumpType.FULL, "end-failed", note, hint)
            result = replace(refused, outcome=JobState.FAILED, backend="octotui")
        self._over(rule_id, key, Settled(outcome, note, hint, result), status)

    def _hear(self, message: Message) -> None:
        try:
            decisions = self._ear.hear(message, self.clock())
        except (ValueError, TypeError) as error:
            self.crier.say(News(Severity.WARNING, f"the sentry said what makes no sense ({error})"))
        else:
            self.apply(decisions)

    def _sentry_gone(self) -> None:
        """It has ended unasked: what stood still was let go, and nobody hears of new processes any more."""
        error = CaptureFailed("the process that watches has ended", hint="arm the rule again", code="sentry")
        now = self.clock()
        for key in self.holds.clear(error):
            self.apply(self.book.released(key, now))
        for rule_id in list(self._arming):
            self.answer_arming(rule_id, error)
        words = f"{error.message}; what it held runs again, and its rules are over"
        self.crier.say(News(Severity.WARNING, words, error.hint))
        for state in self.book.states:
            if self.needs_sentry(state) and state.ending is None:
                self.apply(self.book.disarm(state.id, now, Ending.ERROR))
            self._give_up_writing(state, now)

    def _give_up_writing(self, state: RuleState, now: float) -> None:
        """Dumps of ends that were being written: their tracers have ended with the sentry."""
        for found in state.caught if state.rule.when.at_exit else ():
            if self.book.is_open(state.id, found.key) and not self.ends.is_landing(found.key):
                self.end_failed(state.id, found.key, Outcome.FAILED, "its tracer has ended", "", found.exit_status)

    def leave_all(self) -> None:
        """octotui ends: what is still open counts as left."""
        for state in self.book.states:
            for found in state.caught:
                if self.book.is_open(state.id, found.key) and not self.ends.is_landing(found.key):
                    self._over(state.id, found.key, Settled(Outcome.LEFT, "octotui ended"), found.exit_status)

    @staticmethod
    def needs_sentry(state: RuleState) -> bool:
        rule = state.rule
        return rule.whom.key is None or rule.hold or rule.when.at_exit

    async def _keep_time(self) -> None:
        while True:
            now = self.clock()
            self.apply(self.book.tick(now))
            at = self.book.next_look(now)
            self._wake.clear()
            # Not by wait_for, which can lose a cancellation that comes together with what is waited for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if at is None else max(0.0, at - self.clock())):
                    await self._wake.wait()


def _with_hint(decision: Decision, key: ProcessKey, hint: str) -> Decision:
    """The sentence about that process with its next step."""
    if hint and isinstance(decision, Say) and decision.news.key == key and not decision.news.hint:
        return Say(replace(decision.news, hint=hint))
    return decision
