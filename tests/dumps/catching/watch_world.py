"""A watch with a store of its own, a scripted backend, and a sentry that does as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from dump_doubles import ScriptedBackend, facts_of, info, sample_of
from sentry_double import FakeSentry

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.arming.rule import Rule, When, Whom
from octotui.dumps.arming.state import News, RuleState
from octotui.dumps.catching.watch import Watch
from octotui.dumps.keeping.store import Store
from octotui.dumps.rights import Rights
from octotui.dumps.service import DumpService
from octotui.processes.model import ProcessInfo, ProcessKey, Sample

CALAMARI = Whom(role="calamari")


class WatchWorld:
    """`sees` are the processes of the next sample. Closed with its test."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory / "dumps")
        self.backend = ScriptedBackend()
        self.sentry = FakeSentry()
        self.facts: dict[ProcessKey, RuntimeFacts] = {}
        self.service = DumpService(
            self.store, backends=[self.backend], rights=Rights(0, 0), inspect=lambda k: self.facts.get(k) or facts_of(k)
        )
        self.watch = Watch(self.service, start_sentry=self.sentry.start)
        self.news: list[News] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for news in self.watch.subscribe():
            self.news.append(news)

    @property
    def rule(self) -> RuleState:
        return self.watch.rules[-1]

    @property
    def said(self) -> str:
        return "\n".join(news.text for news in self.news)

    def sample(self, *keys: ProcessKey) -> Sample:
        return sample_of(*(self.process(key) for key in keys))

    def process(self, key: ProcessKey) -> ProcessInfo:
        return info(key)

    async def arm(
        self, when: When | None = None, whom: Whom = CALAMARI, sample: Sample | None = None, **more: object
    ) -> RuleState:
        rule = Rule(whom, when or When(), **more)  # type: ignore[arg-type]
        return await self.watch.arm(rule, sample or self.sample())

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        for _ in range(3000):
            if is_so():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"it never came about: {what}; said: {self.said}; {self.watch.rules}")

    def leftovers(self) -> list[str]:
        """Staging directories and journal entries."""
        found = [str(path) for path in self.store.state.rglob(".octotui-*")]
        return found + [str(path) for path in self.store.jobs.iterdir()]

    async def aclose(self) -> None:
        await self.watch.aclose()
        await self.service.aclose()
        await self._reader
