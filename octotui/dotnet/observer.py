"""Everything that a live .NET process can be asked, one question at a time, for both faces of octotui."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from octotui.dotnet import asking, runtime
from octotui.dotnet.conversations import HEAP, STACKS, Conversations, OnWait
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts
from octotui.errors import DiagnosticsError, OctotuiError, Refused
from octotui.processes.model import ProcessKey

if TYPE_CHECKING:
    from octotui.dotnet.counters.following import Following
    from octotui.dotnet.counters.model import CounterReading
    from octotui.dotnet.heap.model import HeapHistogram, HeapPlan
    from octotui.dotnet.stacks.model import Look
    from octotui.dotnet.tables import Tables

DEADLINE_SECONDS = 10.0
FIRST_READING_SECONDS = 5.0
MOST_REMEMBERED = 64

_NO_ANSWER = frozenset({"stacks-no-answer", "diagnostics-timeout"})

Answer = TypeVar("Answer")

# What speaks with runtimes is loaded when the first one is asked: the screen starts without it.


class Observer:
    """Asks processes by their diagnostics sockets. Used on one event loop; `aclose` ends what still goes on.

    `inspect` gives the facts of a process, `headroom` the bytes that its container has left (None without a limit);
    both block. Every question raises Refused when it would make no sense or could do harm, DiagnosticsError when the
    answer fails, ProcessGone when the process ended. Cancelling a question ends it in the process too.
    """

    def __init__(
        self,
        conversations: Conversations | None = None,
        *,
        inspect: Callable[[ProcessKey], RuntimeFacts] = runtime.inspect,
        headroom: Callable[[int], int | None] = lambda pid: None,
    ) -> None:
        self.conversations = conversations or Conversations()
        self._inspect = inspect
        self._headroom = headroom
        self._tables: Tables | None = None
        self._followings: dict[ProcessKey, Following] = {}
        self._questions: set[asyncio.Task[Any]] = set()
        self._silent: dict[ProcessKey, float] = {}
        self._is_closed = False

    async def why_not(self, key: ProcessKey) -> OctotuiError | None:
        """What speaks against asking this process, with the next step; None when it can be asked. Asks it nothing."""
        try:
            return asking.why_not(await asyncio.to_thread(self._inspect, key))
        except OctotuiError as error:
            return error

    def caution(self, key: ProcessKey) -> str:
        """What to know before this process is asked again, which gave no answer the last time; else ""."""
        if key not in self._silent:
            return ""
        ago = time.monotonic() - self._silent[key]
        return f"process {key.pid} gave no answer {ago:.0f} s ago: take a dump first (octotui dump {key.pid})"

    async def look(
        self,
        key: ProcessKey,
        *,
        fresh_names: bool = False,
        on_wait: OnWait | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> Look:
        """The managed stacks of the process now. What `caution` says is said by `on_wait` too."""
        from octotui.dotnet.stacks.looking import look
        from octotui.dotnet.tables import Tables

        async def asked() -> Look:
            if on_wait is not None and (words := self.caution(key)):
                on_wait(words)
            if self._tables is None:
                self._tables = Tables()
            async with self.conversations.turn(key, STACKS, on_wait):
                facts, _ = await self._askable(key)
                return await look(facts, self._tables.of(key), fresh_names=fresh_names, deadline=deadline)

        return await self._answer(key, asked())

    async def counters(
        self, key: ProcessKey, interval: float = 1.0, on_wait: OnWait | None = None
    ) -> AsyncGenerator[CounterReading, None]:
        """What its runtime says of itself, once in each interval (seconds), until the iteration or the process ends.

        Gives way to every other question and goes on after it. Several who want them share one session, with the
        interval of the first. The session ends with the last of them.
        """
        from octotui.dotnet.counters.following import Following

        self._check_open()
        following = self._followings.get(key)
        if following is None or following.is_over:
            following = Following(self.conversations, key, self._socket, interval)
            self._followings[key] = following
        try:
            async with aclosing(following.read(on_wait)) as told:
                async for reading in told:
                    yield reading
        finally:
            if not following.is_wanted:
                if self._followings.get(key) is following:
                    del self._followings[key]
                await following.aclose()

    async def heap_plan(self, key: ProcessKey, on_wait: OnWait | None = None) -> HeapPlan:
        """What a histogram of its heap would cost it. Takes a second or two: its runtime is asked how large it is."""
        from octotui.dotnet.counters.reading import readings
        from octotui.dotnet.heap.plan import plan

        async def asked() -> HeapPlan:
            async with self.conversations.turn(key, HEAP, on_wait):
                _, socket = await self._askable(key)
                try:
                    async with asyncio.timeout(FIRST_READING_SECONDS), aclosing(readings(socket)) as told:
                        reading = await anext(told, None)
                except TimeoutError:
                    reading = None
            size = reading.values.get("gc-heap-size") if reading else None
            if size is None:
                words = f"process {key.pid} did not say how large its heap is"
                raise DiagnosticsError(words, hint="try again", code="no-heap-size")
            return plan(key, round(min(max(0.0, size), 1e9) * 1e6), await asyncio.to_thread(self._headroom, key.pid))

        return await self._answer(key, asked())

    async def heap(
        self, plan: HeapPlan, on_progress: Callable[[int], None] | None = None, on_wait: OnWait | None = None
    ) -> HeapHistogram:
        """The histogram that was planned, unless its container has become too full for it since."""
        from octotui.dotnet.heap.histogram import histogram
        from octotui.dotnet.heap.plan import plan as planned

        if plan.refusal:
            raise Refused(plan.refusal, hint=plan.hint, code="no-headroom")

        async def asked() -> HeapHistogram:
            async with self.conversations.turn(plan.key, HEAP, on_wait):
                now = planned(plan.key, plan.heap_bytes, await asyncio.to_thread(self._headroom, plan.key.pid))
                if now.refusal:
                    raise Refused(now.refusal, hint=now.hint, code="no-headroom")
                _, socket = await self._askable(plan.key)
                return await histogram(plan.key, socket, on_progress)

        return await self._answer(plan.key, asked())

    async def aclose(self) -> None:
        """Ends all that still goes on, also in the processes. May be called twice; nothing can be asked afterwards."""
        self._is_closed = True
        for following in list(self._followings.values()):
            await following.aclose()
        for question in list(self._questions):
            question.cancel()
        await asyncio.gather(*self._questions, return_exceptions=True)
        self._tables = None

    async def _answer(self, key: ProcessKey, question: Coroutine[Any, Any, Answer]) -> Answer:
        if self._is_closed:
            question.close()
        self._check_open()
        task = asyncio.ensure_future(question)
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)
        try:
            answer = await task
        except DiagnosticsError as error:
            if error.code in _NO_ANSWER:
                self._silent[key] = time.monotonic()
                while len(self._silent) > MOST_REMEMBERED:
                    del self._silent[next(iter(self._silent))]
            raise
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if self._is_closed and me is not None and not me.cancelling():
                raise Refused("octotui ends", hint="start it again", code="closed") from None
            raise
        self._silent.pop(key, None)
        return answer

    def _check_open(self) -> None:
        if self._is_closed:
            raise Refused("octotui ends and asks nobody any more", hint="start it again", code="closed")

    async def _socket(self, key: ProcessKey) -> DiagnosticsSocket:
        return (await self._askable(key))[1]

    async def _askable(self, key: ProcessKey) -> tuple[RuntimeFacts, DiagnosticsSocket]:
        facts = await asyncio.to_thread(self._inspect, key)
        problem = asking.why_not(facts)
        if problem is not None:
            raise problem
        assert facts.socket is not None
        return facts, facts.socket
