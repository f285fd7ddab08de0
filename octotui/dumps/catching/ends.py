"""Captures of ends from octotui's side: the place for them, what is known of each, and the landing of its dump."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.tally import Outcome
from octotui.dumps.arming.words import status_words
from octotui.dumps.captures.workplace import Workshop
from octotui.dumps.catching.capturing import NO_ROOM, Settled
from octotui.dumps.catching.faces import Faces
from octotui.dumps.catching.landing import Landing
from octotui.dumps.catching.preflight import room_at
from octotui.dumps.catching.traced import ProcessEnd, TraceDirectory, dump_name
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.targets.waiting import in_thread
from octotui.errors import OctotuiError, Refused
from octotui.processes.model import ProcessKey


class Ends:
    """`over` is told what came of a dump, `digested` its result once its digest is known."""

    def __init__(
        self,
        workshop: Workshop,
        limits: Limits,
        faces: Faces,
        over: Callable[[int, ProcessKey, Settled, int | None], None],
        digested: Callable[[DumpResult], None],
    ) -> None:
        self._workshop = workshop
        self._limits = limits
        self._faces = faces
        self._over = over
        self._digested = digested
        self._directories: dict[int, TraceDirectory] = {}
        self._orders: dict[int, Mapping[str, Any]] = {}
        self._rules: dict[int, Rule] = {}
        self._facts: dict[ProcessKey, asyncio.Task[RuntimeFacts | None]] = {}
        self._landing: dict[ProcessKey, asyncio.Task[None]] = {}

    async def prepare(self, rule_id: int, rule: Rule) -> Mapping[str, Any]:
        """The `trace` part of orders for that rule. Raises OctotuiError when no dump can be put anywhere."""
        destination = self._destination(rule)

        def made() -> tuple[TraceDirectory, Mapping[str, Any]]:
            room = room_at(destination, self._workshop, self._limits)
            directory = TraceDirectory.make(self._workshop, destination)
            most = room.most_bytes if rule.most_bytes is None else min(rule.most_bytes, room.most_bytes)
            return directory, {
                "directory": str(directory.path),
                "most_bytes": most,
                "most_seconds": rule.most_seconds,
                "least_free_bytes": room.least_free_bytes,
            }

        try:
            self._directories[rule_id], order = await in_thread(made)
        except OSError as error:
            raise Refused(
                f"{destination} cannot be used ({error.strerror})", hint="choose another --output DIR"
            ) from error
        self._orders[rule_id], self._rules[rule_id] = order, rule
        return order

    def order(self, rule_id: int) -> Mapping[str, Any] | None:
        """The `trace` part for a rule that was prepared."""
        return self._orders.get(rule_id)

    def look(self, key: ProcessKey) -> None:
        """Notes what its runtime is while it is still there to be asked: as soon as that is known, and at its end."""
        if key not in self._facts:
            self._facts[key] = asyncio.get_running_loop().create_task(self._inspected(key), name="octotui-end-facts")

    async def _inspected(self, key: ProcessKey) -> RuntimeFacts | None:
        try:
            return await in_thread(self._workshop.inspect, key)
        except (OctotuiError, OSError):
            return None

    def forget(self, key: ProcessKey) -> None:
        """Nothing more will come of that process."""
        task = self._facts.pop(key, None)
        if task is not None:
            task.cancel()

    async def drop_half(self, rule_id: int, key: ProcessKey) -> None:
        """Removes what a tracer that was killed had written; one that gave up by itself has left nothing."""
        directory = self._directories.get(rule_id)
        if directory is not None:
            await in_thread(directory.drop, dump_name(key))

    def written(self, rule_id: int, key: ProcessKey, message: Mapping[str, Any], *, is_wanted: bool) -> None:
        """A tracer wrote a dump: it is taken, verified and put into the store, in a task."""
        directory, rule = self._directories.get(rule_id), self._rules.get(rule_id)
        if directory is None or rule is None:
            return
        ending = ProcessEnd.of(message)
        if not is_wanted:
            directory.drop(ending.path)
            self.forget(key)
            return
        task = asyncio.get_running_loop().create_task(self._land(rule_id, rule, key, directory, ending))
        self._landing[key] = task
        task.add_done_callback(lambda _: self._landing.pop(key, None))

    def is_landing(self, key: ProcessKey) -> bool:
        """Whether its dump is written and on its way into the store."""
        return key in self._landing

    async def _land(
        self, rule_id: int, rule: Rule, key: ProcessKey, directory: TraceDirectory, ending: ProcessEnd
    ) -> None:
        task = self._facts.pop(key, None)
        facts = await task if task is not None else None
        target = self._faces.target(key)
        landing = Landing(self._workshop, target, facts, self._destination(rule), rule.most_bytes)
        result = await in_thread(landing.land, directory, ending)
        words = status_words(ending.status)
        if result.outcome is JobState.FINISHED:
            settled = Settled(Outcome.CAPTURED, f"it ended with {words}", "", result)
        else:
            failure = result.failure
            code, message, hint = (failure.code, failure.message, failure.hint) if failure else ("", "", "")
            outcome = Outcome.LEFT if code in NO_ROOM else Outcome.FAILED
            settled = Settled(outcome, f"it ended with {words}: {message}", hint, result)
        self._over(rule_id, key, settled, ending.status)
        digested = await in_thread(landing.digest)
        if digested is not None:
            self._digested(digested)

    def _destination(self, rule: Rule) -> Path:
        return rule.destination.absolute() if rule.destination else self._workshop.store.directory

    async def finish(self) -> None:
        """Waits for the dumps that are landing, with their digests."""
        while self._landing:
            await asyncio.gather(*self._landing.values(), return_exceptions=True)

    async def close(self, rule_id: int) -> None:
        """Removes the place of a rule that is over, with what nobody wanted. May be called twice."""
        directory = self._directories.pop(rule_id, None)
        self._orders.pop(rule_id, None)
        if directory is not None:
            await in_thread(directory.remove)

    async def aclose(self) -> None:
        await self.finish()
        for task in self._facts.values():
            task.cancel()
        await asyncio.gather(*self._facts.values(), return_exceptions=True)
        for rule_id in list(self._directories):
            await self.close(rule_id)
