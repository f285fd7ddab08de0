"""The way to the sentry: started when it is first needed, heard as long as it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from octotui.dumps.catching.port import Message, SentryPort, StartSentry
from octotui.dumps.catching.tasks import Tasks


class SentryLink:
    """`hear` gets every message, `gone` is called when the sentry has ended without being asked to."""

    def __init__(
        self, start: StartSentry, tasks: Tasks, hear: Callable[[Message], None], gone: Callable[[], None]
    ) -> None:
        self._start = start
        self._tasks = tasks
        self._hear = hear
        self._gone = gone
        self._sentry: SentryPort | None = None
        self._starting = asyncio.Lock()
        self._is_closed = False

    async def open(self) -> None:
        """Starts the sentry unless it is there. Raises OctotuiError."""
        async with self._starting:
            if self._sentry is None and not self._is_closed:
                self._sentry = await self._start()
                self._hear({**self._sentry.ready, "news": "ready"})
                self._tasks.run(self._listen(self._sentry), "sentry")

    def send(self, order: Message) -> None:
        """An order to a sentry that is not there is nobody's: nothing is held or traced then."""
        if self._sentry is not None:
            self._sentry.send(order)

    async def _listen(self, sentry: SentryPort) -> None:
        async for message in sentry.news():
            self._hear(message)
        self._sentry = None
        await sentry.aclose()
        if not self._is_closed:
            self._gone()

    async def aclose(self) -> None:
        self._is_closed = True
        if self._sentry is not None:
            await self._sentry.aclose()
