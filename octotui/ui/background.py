"""A blocking call in a thread that quitting never waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def in_daemon_thread(call: Callable[[], _T]) -> _T:
    """What `call` gives, run in a daemon thread: a read that the kernel never answers cannot hold up the exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(outcome)

    def work() -> None:
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - carried over to the awaiting task, which raises it
            problem = error
            settle(lambda: None if future.done() else future.set_exception(problem))
        else:
            settle(lambda: None if future.done() else future.set_result(value))

    threading.Thread(target=work, name="octotui-scan", daemon=True).start()
    return await future
