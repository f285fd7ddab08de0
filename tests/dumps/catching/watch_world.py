"""A watch with a store of its own, a scripted backend, and a sentry that does as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Files:
    text: Path
    document: Path


class FakeTaker:
    """Writes two files for each look, fails, or waits, as the test says."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.asked: list[tuple[ProcessKey, Path | None]] = []
        self.fails: Exception | None = None
        self.holds = False
        self.release = asyncio.Event()
        self.step = ""

    async def __call__(
        self, sample: Sample, key: ProcessKey, directory: Path | None, on_step: Callable[[str], None]
    ) -> Files:
        assert key in sample.snapshot.processes
        self.asked.append((key, directory))
        if self.step:
            on_step(self.step)
        if self.holds:
            await self.release.wait()
        if self.fails is not None:
            raise self.fails
        stem = (directory or self.directory) / f"analysis-{key.pid}-{len(self.asked)}"
        return Files(stem.with_suffix(".txt"), stem.with_suffix(".json"))


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
        self.taker = FakeTaker(directory / "analyses")
        self.watch = Watch(self.service, start_sentry=self.sentry.start, take_analysis=self.taker)
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

    async def watch_is_heard(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        for _ in range(3000):
            if is_so():
                # What was said of it is read by a task of its own.
                await self.watch_is_heard()
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
