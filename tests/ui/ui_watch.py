"""A stand-in for the watch: rules and holds that a test drives by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.sentence import sentence
from octotui.dumps.arming.state import Caught, Ending, HoldState, News, RuleState, Stage
from octotui.dumps.model import Remark, Severity
from octotui.dumps.results import DumpResult
from octotui.errors import OctotuiError, Refused
from octotui.processes.model import ProcessKey, Sample

_SERVICES = ("tentacle-service", "server")


class ScriptedWatch:
    """Arms what it is asked to; rules catch something only when a test says so."""

    def __init__(self) -> None:
        self.reach = ""
        self.clock: Callable[[], float] = time.monotonic
        self.results: tuple[DumpResult, ...] = ()
        self.error: OctotuiError | None = None
        self.remarks: tuple[Remark, ...] = ()
        self.asked: list[Rule] = []
        self.cancelled: list[ProcessKey] = []
        self.seen: list[Sample] = []
        self.is_closed = False
        self._rules: dict[int, RuleState] = {}
        self._holds: dict[ProcessKey, HoldState] = {}
        self._listeners: list[asyncio.Queue[News | None]] = []

    @property
    def rules(self) -> tuple[RuleState, ...]:
        return tuple(self._rules.values())

    @property
    def holds(self) -> tuple[HoldState, ...]:
        return tuple(self._holds.values())

    @property
    def watched(self) -> frozenset[ProcessKey]:
        caught = {one.key for state in self.rules if state.ending is None for one in state.caught}
        return frozenset(caught | {state.rule.whom.key for state in self.rules if state.rule.whom.key})

    @property
    def wants_samples(self) -> bool:
        return any(state.rule.when.has_trigger for state in self.rules)

    async def preflight(self, rule: Rule, sample: Sample) -> tuple[Remark, ...]:
        self.asked.append(rule)
        return self.remarks

    async def arm(self, rule: Rule, sample: Sample) -> RuleState:
        if self.error is not None:
            raise self.error
        return self.rule(rule, sample)

    def rule(self, rule: Rule, sample: Sample, *, ago: float = 0.0) -> RuleState:
        """A rule that is armed since `ago` seconds."""
        number = len(self._rules) + 1
        self._rules[number] = RuleState(number, rule, self.clock() - ago, sentence(rule, sample))
        return self._rules[number]

    async def disarm(self, rule_id: int) -> None:
        self.end(rule_id, Ending.HAND)

    def dismiss(self, rule_id: int) -> None:
        del self._rules[rule_id]

    def cancel(self, key: ProcessKey) -> None:
        self.cancelled.append(key)

    async def hold(self, key: ProcessKey, seconds: float = 60.0, *, services: bool = False) -> HoldState:
        if self.error is not None:
            raise self.error
        role = self.seen[-1].meaning(key).role
        if role in _SERVICES and not services:
            raise Refused("a Tentacle is held only when that is said", hint="--yes-hold-service")
        process = self.seen[-1].process(key)
        return self.put_hold(key, process.name if process else "?", seconds=seconds)

    async def release(self, key: ProcessKey) -> None:
        self._holds.pop(key, None)

    def see(self, sample: Sample) -> None:
        self.seen.append(sample)

    async def subscribe(self) -> AsyncIterator[News]:
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._listeners.append(queue)
        while (news := await queue.get()) is not None:
            yield news

    async def aclose(self) -> None:
        self.is_closed = True
        self._holds.clear()
        for queue in self._listeners:
            queue.put_nowait(None)

    def put_hold(
        self, key: ProcessKey, name: str, *, by: str = "you", ago: float = 0.0, seconds: float = 60.0,
        is_early: bool = False,
    ) -> HoldState:  # fmt: skip
        """A process that is held since `ago` seconds."""
        hold = HoldState(key, name, by, self.clock() - ago, seconds, is_early)
        self._holds[key] = hold
        return hold

    def catch(
        self, rule_id: int, key: ProcessKey, name: str, stage: Stage, *, note: str = "", status: int | None = None,
        ago: float = 0.0,
    ) -> None:  # fmt: skip
        """The rule has caught the process, or it has got to another stage."""
        state = self._rules[rule_id]
        others = tuple(one for one in state.caught if one.key != key)
        one = Caught(rule_id, key, name, "calamari", stage, self.clock() - ago, note, status)
        caught = (*others, one)
        self.change(
            rule_id,
            caught=caught,
            seen=len(caught),
            captured=sum(one.stage is Stage.CAPTURED for one in caught),
            passed=sum(one.stage is Stage.PASSED for one in caught),
            ended_early=sum(one.stage is Stage.ENDED_EARLY for one in caught),
            failed=sum(one.stage is Stage.FAILED for one in caught),
            left=sum(one.stage is Stage.LEFT for one in caught),
        )

    def change(self, rule_id: int, **values: object) -> None:
        self._rules[rule_id] = replace(self._rules[rule_id], **values)  # type: ignore[arg-type]

    def end(self, rule_id: int, ending: Ending) -> None:
        self.change(rule_id, ending=ending)

    def tell(
        self, text: str, *, hint: str = "", severity: Severity = Severity.NOTICE, key: ProcessKey | None = None
    ) -> None:
        for queue in self._listeners:
            queue.put_nowait(News(severity, text, hint, None, key))
