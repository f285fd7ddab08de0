"""Tells everyone who listens what happens, and keeps the last of it for those who come later."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from octotui.dumps.arming.state import News

MOST_WAITING = 1000


class Listener:
    """Every news from now on. An async iterator; it ends when the watch is closed."""

    def __init__(self) -> None:
        self._waiting: deque[News] = deque(maxlen=MOST_WAITING)
        self._has_more = asyncio.Event()
        self._is_over = False

    def put(self, news: News) -> None:
        """A listener that does not listen loses the oldest."""
        self._waiting.append(news)
        self._has_more.set()

    def end(self) -> None:
        self._is_over = True
        self._has_more.set()

    def __aiter__(self) -> AsyncIterator[News]:
        return self

    async def __anext__(self) -> News:
        while not self._waiting:
            if self._is_over:
                raise StopAsyncIteration
            self._has_more.clear()
            await self._has_more.wait()
        return self._waiting.popleft()


class Crier:
    """Used on the event loop only."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._is_closed = False

    def say(self, news: News) -> None:
        for listener in self._listeners:
            listener.put(news)

    def subscribe(self) -> Listener:
        listener = Listener()
        if self._is_closed:
            listener.end()
        self._listeners.append(listener)
        return listener

    def close(self) -> None:
        self._is_closed = True
        for listener in self._listeners:
            listener.end()
        self._listeners.clear()
