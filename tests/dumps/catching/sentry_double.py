"""A stand-in for the sentry: it keeps the orders and tells what the test has it tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from octotui.processes.model import ProcessKey


class FakeSentry:
    """Answers `arm`, `hold` and `release` as a healthy one does, unless `is_mute`; it touches no process."""

    def __init__(self) -> None:
        self.orders: list[Mapping[str, Any]] = []
        self.is_mute = False
        self.is_closed = False
        self.starts = 0
        self.ready: Mapping[str, Any] = {"news": "ready", "events": True, "reason": "", "polling_ms": 0}
        self._news: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()

    async def start(self) -> FakeSentry:
        self.starts += 1
        self._news = asyncio.Queue()
        return self

    def send(self, order: Mapping[str, Any]) -> None:
        self.orders.append(order)
        if self.is_mute:
            return
        match order["do"]:
            case "arm":
                self.tell("armed", id=order["id"])
            case "hold" if order.get("when") != "ready":
                self.about("holding", order, by=order["by"], seconds=order["seconds"])
                self.about("held", order, latency_ns=40_000)
            case "release":
                self.about("released", order, why="asked")

    def tell(self, news: str, **fields: Any) -> None:
        self._news.put_nowait({"news": news, **fields})

    def about(self, news: str, order: Mapping[str, Any], **fields: Any) -> None:
        self.tell(news, pid=order["pid"], started=order["started"], **fields)

    def of(self, news: str, key: ProcessKey, rule: int = 1, **fields: Any) -> None:
        """News about a process that a rule caught."""
        self.tell(news, id=rule, pid=key.pid, started=key.started, **fields)

    def asked(self, do: str) -> list[Mapping[str, Any]]:
        return [order for order in self.orders if order["do"] == do]

    def die(self) -> None:
        self._news.put_nowait(None)

    async def news(self) -> AsyncIterator[Mapping[str, Any]]:
        while (message := await self._news.get()) is not None:
            yield message

    async def aclose(self) -> None:
        self.is_closed = True
        self.die()
