"""Blocking calls in threads that quitting never waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, ClassVar, TypeVar

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

    _Worker.idle().give(work)
    return await future


class _Worker:
    """A daemon thread that does one thing after the other, and is found again by whoever needs one next.

    A thread for each call would have the C library spread their memory over arenas that are never given back.
    """

    _idle: ClassVar[list[_Worker]] = []
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        threading.Thread(target=self._run, name="octotui-scan", daemon=True).start()

    @classmethod
    def idle(cls) -> _Worker:
        """One that has nothing to do; a new one when all are at work, or hang in the kernel."""
        with cls._lock:
            if cls._idle:
                return cls._idle.pop()
        return cls()

    def give(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def _run(self) -> None:
        while True:
            self._work.get()()
            with self._lock:
                self._idle.append(self)
