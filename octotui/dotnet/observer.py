"""Everything that a live .NET process can be asked, one question at a time, for both faces of octotui."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from octotui.dotnet import asking, runtime
from octotui.dotnet.conversations import COUNTERS, HEAP, STACKS, Conversations, OnWait
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts
from octotui.errors import DiagnosticsError, OctotuiError, Refused
from octotui.processes.model import ProcessKey

if TYPE_CHECKING:
    from octotui.dotnet.counters.model import CounterReading
    from octotui.dotnet.heap.model import HeapHistogram, HeapPlan
    from octotui.dotnet.stacks.methods import MethodTable
    from octotui.dotnet.stacks.model import Look

MOST_TABLES = 16
"""Processes whose method names are kept: a large one has some ten megabytes of them."""

DEADLINE_SECONDS = 10.0
FIRST_READING_SECONDS = 5.0

# What speaks with runtimes is loaded when the first one is asked: the screen starts without it.


class Observer:
    """Asks processes by their diagnostics sockets. Used on one event loop; `aclose` ends what still goes on.

    `inspect` gives the facts of a process, `headroom` the bytes that its container has left (None without a limit);
    both block. Every question raises Refused when it would make no sense or could do harm, DiagnosticsError when the
    answer fails, ProcessGone when the process ended.
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
        self._tables: OrderedDict[ProcessKey, MethodTable] = OrderedDict()

    async def why_not(self, key: ProcessKey) -> OctotuiError | None:
        """What speaks against asking this process, with the next step; None when it can be asked. Asks it nothing."""
        try:
            return asking.why_not(await asyncio.to_thread(self._inspect, key))
        except OctotuiError as error:
            return error

    async def look(
        self,
        key: ProcessKey,
        *,
        fresh_names: bool = False,
        on_wait: OnWait | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> Look:
        """The managed stacks of the process now."""
        from octotui.dotnet.stacks.looking import look

        async with self.conversations.turn(key, STACKS, on_wait):
            facts, _ = await self._askable(key)
            return await look(facts, self._table(key), fresh_names=fresh_names, deadline=deadline)

    async def counters(
        self, key: ProcessKey, interval: float = 1.0, on_wait: OnWait | None = None
    ) -> AsyncGenerator[CounterReading, None]:
        """What its runtime says of itself, once in each interval (seconds), until the iteration or the process ends.

        Gives way to every other question and goes on after it.
        """
        from octotui.dotnet.counters.reading import readings

        while True:
            async with self.conversations.turn(key, COUNTERS, on_wait) as turn:
                _, socket = await self._askable(key)
                async with aclosing(readings(socket, interval)) as told:
                    wanted = asyncio.ensure_future(_set(turn.wanted))
                    try:
                        while (reading := await _next_unless(told, wanted)) is not None:
                            yield reading
                    finally:
                        wanted.cancel()
                if not turn.wanted.is_set():
                    return
            # Whoever waited has the process before this comes back for it.
            await asyncio.sleep(0)

    async def heap_plan(self, key: ProcessKey, on_wait: OnWait | None = None) -> HeapPlan:
        """What a histogram of its heap would cost it. Takes a second or two: its runtime is asked how large it is."""
        from octotui.dotnet.counters.reading import readings
        from octotui.dotnet.heap.plan import plan

        async with self.conversations.turn(key, HEAP, on_wait):
            _, socket = await self._askable(key)
            try:
                async with asyncio.timeout(FIRST_READING_SECONDS), aclosing(readings(socket)) as told:
                    reading = await anext(told, None)
            except TimeoutError:
                reading = None
            size = reading.values.get("gc-heap-size") if reading else None
            if size is None:
                raise DiagnosticsError(
                    f"process {key.pid} did not say how large its heap is", hint="try again", code="no-heap-size"
                )
            return plan(key, max(0, round(size * 1e6)), await asyncio.to_thread(self._headroom, key.pid))

    async def heap(
        self, plan: HeapPlan, on_progress: Callable[[int], None] | None = None, on_wait: OnWait | None = None
    ) -> HeapHistogram:
        """The histogram that was planned. Cancelling it ends it in the process too."""
        from octotui.dotnet.heap.histogram import histogram

        if plan.refusal:
            raise Refused(plan.refusal, hint=plan.hint, code="no-headroom")
        async with self.conversations.turn(plan.key, HEAP, on_wait):
            _, socket = await self._askable(plan.key)
            return await histogram(plan.key, socket, on_progress)

    async def aclose(self) -> None:
        """Forget what is known of the processes. Questions end with the tasks that ask them."""
        self._tables.clear()

    async def _askable(self, key: ProcessKey) -> tuple[RuntimeFacts, DiagnosticsSocket]:
        facts = await asyncio.to_thread(self._inspect, key)
        problem = asking.why_not(facts)
        if problem is not None:
            raise problem
        assert facts.socket is not None
        return facts, facts.socket

    def _table(self, key: ProcessKey) -> MethodTable:
        from octotui.dotnet.stacks.methods import MethodTable

        table = self._tables.setdefault(key, MethodTable())
        self._tables.move_to_end(key)
        while len(self._tables) > MOST_TABLES:
            self._tables.popitem(last=False)
        return table


async def _next_unless(told: AsyncGenerator[CounterReading, None], wanted: asyncio.Task[None]) -> CounterReading | None:
    """The next reading; None when there is none, or `wanted` comes first."""

    async def following() -> CounterReading | None:
        return await anext(told, None)

    coming = asyncio.ensure_future(following())
    both: set[asyncio.Task[Any]] = {coming, wanted}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else None
    finally:
        if not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _set(event: asyncio.Event) -> None:
    await event.wait()
