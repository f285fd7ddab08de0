"""Short-lived C programs under the names of Octopus, and a sentry whose news are kept as they come."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from octotui.dumps.sentry.client import News, Sentry
from octotui.dumps.sentry.glance import stat_of
from octotui.processes.model import ProcessKey

SOURCE = Path(__file__).with_name("mayfly.c")
PATIENCE_SECONDS = 30.0
"""Only a failing test waits for so long."""

LOOK_SECONDS = 0.003


@cache
def _built() -> bytes:
    path = Path(f"/tmp/octotui-mayfly-{os.getpid()}")
    try:
        subprocess.run(["gcc", "-O2", "-Wall", "-o", str(path), str(SOURCE)], check=True)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def program(directory: Path, name: str = "Calamari") -> Path:
    """The program of mayfly.c under a name of its own."""
    path = directory / name
    if not path.exists():
        path.write_bytes(_built())
        path.chmod(0o755)
    return path


def state_of(pid: int) -> str:
    """The kernel's letter, "" for none."""
    stat = stat_of(pid)
    return stat.state if stat is not None else ""


def ours() -> ProcessKey:
    """The ancestor that rules name here: other Calamaris of this host are nobody's to catch."""
    return key_of(os.getpid())


def key_of(pid: int) -> ProcessKey:
    stat = stat_of(pid)
    assert stat is not None
    return ProcessKey(pid, stat.started)


class Children:
    """Processes that a test starts; `close` ends and collects each."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *words: str | Path, **options: Any) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options
        )
        self._started.append(child)
        return child

    def close(self) -> None:
        for child in self._started:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()


@contextlib.contextmanager
def children() -> Iterator[Children]:
    made = Children()
    try:
        yield made
    finally:
        made.close()


class Listening:
    """A sentry and all its news so far."""

    def __init__(self, sentry: Sentry) -> None:
        self.sentry = sentry
        self.heard: list[News] = []
        self._came = asyncio.Event()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for news in self.sentry.news():
            self.heard.append(news)
            self._came.set()
        self.heard.append({"news": "over"})
        self._came.set()

    def of(self, *kinds: str, **fields: Any) -> list[News]:
        """The news of these kinds that have these fields."""
        return [
            news for news in self.heard if news["news"] in kinds and all(news.get(k) == v for k, v in fields.items())
        ]

    async def until(self, *kinds: str, count: int = 1, seconds: float = PATIENCE_SECONDS, **fields: Any) -> News:
        """The `count`-th news of these kinds with these fields, waited for."""
        try:
            async with asyncio.timeout(seconds):
                while len(found := self.of(*kinds, **fields)) < count:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"never told: {kinds} {fields}; told: {self.heard[-20:]}") from None
        return found[count - 1]

    async def arm(self, rule_id: int = 1, **fields: Any) -> None:
        """Arms a rule of these fields and waits until it is."""
        self.sentry.send({"do": "arm", "id": rule_id, **fields})
        await self.until("armed", "refused", id=rule_id)
        assert self.of("armed", id=rule_id), self.heard

    async def stop(self) -> None:
        await self.sentry.aclose()
        await self._task


@contextlib.asynccontextmanager
async def listening(*, events: bool = True, command: Sequence[str] = ()) -> AsyncIterator[Listening]:
    """A sentry that runs inside and has ended afterwards."""
    made = Listening(await Sentry.start(events=events, command=command))
    try:
        yield made
    finally:
        await made.stop()


async def until(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Looks every few milliseconds."""
    for _ in range(int(seconds / LOOK_SECONDS)):
        if is_so():
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError(f"it never came about: {what}")


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def has_gcc() -> bool:
    return shutil.which("gcc") is not None
