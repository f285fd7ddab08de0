"""The watch: rules and holds of this octotui, as the screen and the command line use them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from octotui.dumps.arming.checking import check
from octotui.dumps.arming.rule import HOLD_SECONDS, Rule
from octotui.dumps.arming.state import Ending, HoldState, News, RuleState
from octotui.dumps.catching.desk import Desk
from octotui.dumps.catching.holding import BY_YOU
from octotui.dumps.catching.port import Message, StartSentry, TakeAnalysis, about, arm_order
from octotui.dumps.catching.preflight import remarks_of
from octotui.dumps.model import Remark, Severity
from octotui.dumps.results import AnalysisResult, DumpResult
from octotui.dumps.sentry.client import Sentry
from octotui.dumps.service import DumpService
from octotui.dumps.targets.waiting import in_thread
from octotui.errors import CaptureFailed, ProcessGone, Refused
from octotui.octopus.rolenames import SERVICES
from octotui.processes.model import ProcessKey, Sample

ANSWER_SECONDS = 20.0
"""In which a sentry answers on the busiest host."""


class Watch:
    """Rules and holds live as long as this does: `aclose` undoes all of them. To be used from one event loop.

    Rules that want stacks take them by `take_analysis`. The sentry is started when the first rule or hold needs it, by
    `start_sentry` where that is given. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        service: DumpService,
        *,
        start_sentry: StartSentry | None = None,
        take_analysis: TakeAnalysis | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._desk = Desk(service, start_sentry or Sentry.start, clock, take_analysis)
        self._clock = clock
        self._is_closed = False

    @property
    def rules(self) -> tuple[RuleState, ...]:
        """Newest last; of those that are over the last twenty."""
        return self._desk.book.states

    @property
    def holds(self) -> tuple[HoldState, ...]:
        """What stands still now by octotui's will, in the order in which it was stopped."""
        return self._desk.holds.states

    @property
    def results(self) -> tuple[DumpResult, ...]:
        """Of all captures that rules made, with those that were refused or failed."""
        return self._desk.kept.dumps

    @property
    def analyses(self) -> tuple[AnalysisResult, ...]:
        """Of all looks at stacks that rules ordered, with those that were refused or failed."""
        return self._desk.kept.looks

    @property
    def reach(self) -> str:
        """What can be missed, in one sentence; "" when nothing is, or when nothing was armed yet."""
        return self._desk.reach

    @property
    def watched(self) -> frozenset[ProcessKey]:
        """The processes whose figures every sample should have."""
        return self._desk.book.watched

    @property
    def wants_samples(self) -> bool:
        """Whether a rule waits for figures or for one process, so that a sample should be taken every second."""
        return self._desk.book.wants_samples

    def subscribe(self) -> AsyncIterator[News]:
        """Sentences, as things happen; ends after `aclose`."""
        return self._desk.crier.subscribe()

    def see(self, sample: Sample) -> None:
        """Takes in a new sample: what it brings about begins at once."""
        self._desk.faces.see(sample)
        self._desk.apply(self._desk.book.see(sample, self._clock()))

    async def preflight(self, rule: Rule, sample: Sample) -> tuple[Remark, ...]:
        """What speaks against arming `rule`, and what a person should know before. Changes nothing.

        Raises UsageError for a rule that makes no sense.
        """
        check(rule)
        can_look = self._desk.looking.is_possible
        return await in_thread(remarks_of, rule, sample, self._service.workshop, self._service.limits, can_look)

    async def arm(self, rule: Rule, sample: Sample) -> RuleState:
        """Arms `rule`; processes of `sample` count where it waits for a figure or names one.

        Raises UsageError for a rule that makes no sense, Refused with what preflight says, ProcessGone when what it
        names has ended, CaptureFailed when the sentry cannot be started.
        """
        self._check_open()
        self._raise_refusal(await self.preflight(rule, sample))
        desk = self._desk
        desk.begin()
        desk.faces.see(sample)
        if rule.whom.key is None or rule.hold or rule.when.at_exit:
            await desk.link.open()
        rule_id = desk.book.arm(rule, self._clock(), sample)
        try:
            trace = await desk.ends.prepare(rule_id, rule) if rule.when.at_exit else None
            if rule.whom.key is None:
                await self._arm_sentry(rule_id, rule, trace)
        except BaseException:
            desk.apply(desk.book.disarm(rule_id, self._clock(), Ending.ERROR))
            await desk.ends.close(rule_id)
            desk.book.dismiss(rule_id)
            raise
        desk.apply(desk.book.see(sample, self._clock()))
        return next(state for state in self.rules if state.id == rule_id)

    async def _arm_sentry(self, rule_id: int, rule: Rule, trace: Message | None) -> None:
        """Orders the sentry to catch for a rule, and waits until it does."""
        at_start = self._desk.book.acts_at_start(rule_id)
        answer = self._desk.expect_armed(rule_id)
        self._desk.link.send(arm_order(rule_id, rule, trace if at_start else None, hold=rule.hold and at_start))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await answer
        except TimeoutError as error:
            words = "the process that watches does not answer"
            raise CaptureFailed(words, hint="try again; octotui doctor shows what is amiss", code="sentry") from error

    async def disarm(self, rule_id: int) -> None:
        """Ends a rule; what it holds is let go, a dump that is being made is finished. Unknown numbers are ignored."""
        self._desk.apply(self._desk.book.disarm(rule_id, self._clock()))

    def dismiss(self, rule_id: int) -> None:
        """Takes a rule that is over out of `rules`."""
        self._desk.book.dismiss(rule_id)

    async def hold(self, key: ProcessKey, seconds: float = HOLD_SECONDS, *, services: bool = False) -> HoldState:
        """Stops a process for a person, for `seconds` at most.

        Raises Refused for a Tentacle or Server without `services` and for what cannot be stopped; ProcessGone.
        """
        self._check_open()
        desk = self._desk
        process, meaning = desk.faces.meet(key)
        if meaning.role in SERVICES and not services:
            words = f"{meaning.label} {key.pid} is not held: it would answer nobody meanwhile"
            raise Refused(words, hint="confirm that it may be held all the same", code="service")
        found = desk.holds[key]
        if found is not None:
            return found
        desk.begin()
        await desk.link.open()
        desk.holds.ask(key, BY_YOU, seconds)
        answer = desk.holds.wait(key)
        desk.link.send(about("hold", key, seconds=seconds, by=BY_YOU, services=services, when="now"))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except TimeoutError as error:
            desk.link.send(about("release", key))
            words = f"{process.name} {key.pid} was not stopped in time"
            raise CaptureFailed(words, hint="try again", code="sentry") from error

    async def release(self, key: ProcessKey) -> None:
        """Lets a process go, whoever had it held."""
        self._desk.link.send(about("release", key))

    def cancel(self, key: ProcessKey) -> None:
        """Traces a process no longer; a dump of its end that is being written is given up, and it ends at once."""
        self._desk.link.send(about("cancel", key))

    async def settle(self) -> None:
        """Waits until the dumps that are being made are verified, in their place, and have their digest."""
        await self._desk.until_idle()
        await self._desk.ends.finish()

    async def aclose(self) -> None:
        """Disarms everything, lets everything go, ends the sentry. May be called twice.

        Live captures go on in the dump service, which is closed by whoever made it.
        """
        if self._is_closed:
            return
        self._is_closed = True
        desk = self._desk
        for state in self.rules:
            desk.apply(desk.book.disarm(state.id, self._clock()))
        await desk.link.aclose()
        desk.holds.clear(Refused("octotui ends"))
        await desk.ends.finish()
        desk.leave_all()
        await desk.tasks.aclose()
        await desk.ends.aclose()
        desk.crier.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise Refused("the watch is closed", hint="start octotui again")

    @staticmethod
    def _raise_refusal(remarks: tuple[Remark, ...]) -> None:
        first = next((remark for remark in remarks if remark.severity is Severity.REFUSAL), None)
        if first is not None:
            error = ProcessGone if first.code == "process-gone" else Refused
            raise error(first.message, hint=first.hint, code=first.code)
