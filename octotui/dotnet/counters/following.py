"""Counters for as long as somebody wants them, in turn with every other question to the same process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from octotui.dotnet import kernel
from octotui.dotnet.conversations import COUNTERS, Conversations, OnWait
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.counters.reading import readings
from octotui.dotnet.model import DiagnosticsSocket
from octotui.errors import DiagnosticsError, ProcessGone
from octotui.processes.model import ProcessKey

MOST_UNREAD = 8
"""Readings kept for somebody who does not come for them."""

ENDING_SECONDS = 0.2
PROC = Path("/proc")

Askable = Callable[[ProcessKey], Awaitable[DiagnosticsSocket]]
"""The socket of a process that may be asked now. Raises OctotuiError."""


class _Reader:
    def __init__(self, on_wait: OnWait | None) -> None:
        self.on_wait = on_wait
        self.unread: deque[CounterReading] = deque(maxlen=MOST_UNREAD)
        self.has_news = asyncio.Event()


class Following:
    """The counters of one process, for all who want them: one session in it, which gives way to other questions.

    The session is read by a task of its own, so that it gives way within a bounded time also while nobody iterates.
    """

    def __init__(self, conversations: Conversations, key: ProcessKey, askable: Askable, interval: float) -> None:
        self._conversations = conversations
        self._key = key
        self._askable = askable
        self._interval = interval
        self._readers: list[_Reader] = []
        self._is_told = self._was_told = False
        self._task = asyncio.ensure_future(self._follow())
        self._task.add_done_callback(lambda _: self._wake())

    @property
    def is_over(self) -> bool:
        return self._task.done()

    @property
    def is_wanted(self) -> bool:
        return bool(self._readers)

    async def read(self, on_wait: OnWait | None) -> AsyncGenerator[CounterReading, None]:
        """What is told from now on. Ends with the process; raises OctotuiError."""
        reader = _Reader(on_wait)
        self._readers.append(reader)
        try:
            while True:
                while reader.unread:
                    yield reader.unread.popleft()
                if self._task.cancelled():
                    return
                if self._task.done():
                    self._task.result()
                    return
                await reader.has_news.wait()
                reader.has_news.clear()
        finally:
            self._readers.remove(reader)

    async def aclose(self) -> None:
        """Ends the session. Returns once it is ended, whatever happens meanwhile."""
        await _ended(self._task)

    async def _follow(self) -> None:
        while True:
            async with self._conversations.turn(self._key, COUNTERS, self._waits) as turn:
                target = await self._target()
                if target is None:
                    return
                telling = asyncio.ensure_future(self._tell(target))
                wanted = asyncio.ensure_future(turn.wanted.wait())
                try:
                    await asyncio.wait({telling, wanted}, return_when=asyncio.FIRST_COMPLETED)
                    is_over = telling.done()
                finally:
                    wanted.cancel()
                    await _ended(telling)
            if is_over and (self._has_ended() or await self._is_ending()):
                return
            if is_over:
                if telling.exception() is not None:
                    # What can be seen from outside says more: it may have been stopped meanwhile.
                    await self._askable(self._key)
                telling.result()
                if not self._is_told:
                    words = f"process {self._key.pid} tells no counters"
                    raise DiagnosticsError(words, hint="try again", code="no-counters")
            self._was_told, self._is_told = self._was_told or self._is_told, False

    async def _target(self) -> DiagnosticsSocket | None:
        """None when it ended after it had been told of: no error then."""
        try:
            return await self._askable(self._key)
        except ProcessGone:
            if self._was_told:
                return None
            raise

    async def _is_ending(self) -> bool:
        """A process closes its files before it counts as ended."""
        await asyncio.sleep(ENDING_SECONDS)
        return self._has_ended()

    def _has_ended(self) -> bool:
        try:
            return kernel.check_identity(self._key, PROC) in "ZX"
        except ProcessGone:
            return True

    async def _tell(self, target: DiagnosticsSocket) -> None:
        async with aclosing(readings(target, self._interval)) as told:
            async for reading in told:
                self._is_told = True
                for reader in self._readers:
                    reader.unread.append(reading)
                self._wake()

    def _wake(self) -> None:
        for reader in self._readers:
            reader.has_news.set()

    def _waits(self, words: str) -> None:
        for reader in self._readers:
            if reader.on_wait is not None:
                reader.on_wait(words)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancels it and waits until it is over; a cancellation meanwhile is raised afterwards."""
    if not task.cancelling():
        # Whoever is cancelled twice has no time to end a session.
        task.cancel()
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if not task.cancelled():
        task.exception()
    if cancellation is not None:
        raise cancellation
