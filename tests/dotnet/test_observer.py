"""The observer: who is asked when, what gives way to what, what is kept and forgotten. No process is asked here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from octotui.demo.standin import start_ticks
from octotui.dotnet.conversations import CAPTURE, COUNTERS
from octotui.dotnet.counters import following, reading
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.heap import histogram
from octotui.dotnet.heap.plan import plan
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dotnet.observer import Observer
from octotui.dotnet.stacks import looking
from octotui.dotnet.tables import Tables
from octotui.errors import DiagnosticsError, ProcessGone, Refused
from octotui.processes.model import ProcessKey

KEY = ProcessKey(os.getpid(), start_ticks(os.getpid()))
"""A process that lives: these tests themselves."""

GONE = ProcessKey(os.getpid(), 1)
WAIT = 20


def facts(key: ProcessKey) -> RuntimeFacts:
    socket = DiagnosticsSocket("/nowhere", key.pid, os.geteuid())
    return RuntimeFacts(key, RuntimeKind.CORECLR, socket=socket, uid=os.geteuid())


class Runtime:
    """In the place of the sessions in a process: counts those that are open."""

    def __init__(self) -> None:
        self.open = self.begun = 0
        self.ends_after: int | None = None
        self.error: DiagnosticsError | None = None
        self.has_told = asyncio.Event()

    async def readings(self, target: DiagnosticsSocket, interval: float = 1.0) -> AsyncGenerator[CounterReading, None]:
        self.open += 1
        self.begun += 1
        assert self.open == 1, "two sessions at once"
        try:
            if self.error is not None:
                raise self.error
            count = 0
            while self.ends_after is None or count < self.ends_after:
                yield CounterReading(0.0, interval, {"gc-heap-size": 5.0, "number": float(count)})
                count += 1
                self.has_told.set()
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            self.open -= 1


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    made = Runtime()
    monkeypatch.setattr(following, "readings", made.readings)
    monkeypatch.setattr(reading, "readings", made.readings)
    monkeypatch.setattr(following, "ENDING_SECONDS", 0.0)
    return made


@pytest.fixture
async def observer() -> AsyncIterator[Observer]:
    made = Observer(inspect=facts)
    yield made
    async with asyncio.timeout(WAIT):
        await made.aclose()


async def test_the_session_of_counters_ends_with_the_iteration(observer: Observer, told: Runtime) -> None:
    async with aclosing(observer.counters(KEY)) as counters:
        await anext(counters)
        assert observer.conversations.busy_with(KEY) == COUNTERS
    assert told.open == 0
    assert observer.conversations.busy_with(KEY) == ""


async def test_the_session_ends_with_the_task_that_is_cancelled(observer: Observer, told: Runtime) -> None:
    async def watch() -> None:
        async with aclosing(observer.counters(KEY)) as counters:
            async for _ in counters:
                pass

    watching = asyncio.ensure_future(watch())
    await told.has_told.wait()
    watching.cancel()
    await asyncio.wait({watching})
    assert told.open == 0


def test_the_session_ends_with_the_loop(told: Runtime) -> None:
    async def leave_it_open() -> None:
        counters = Observer(inspect=facts).counters(KEY)
        await anext(counters)

    asyncio.run(leave_it_open())
    assert (told.begun, told.open) == (1, 0)


async def test_counters_give_way_though_nobody_reads_them_and_go_on_afterwards(
    observer: Observer, told: Runtime
) -> None:
    waits: list[str] = []
    async with aclosing(observer.counters(KEY, on_wait=waits.append)) as counters:
        await anext(counters)
        async with asyncio.timeout(WAIT), observer.conversations.turn(KEY, CAPTURE):
            assert told.open == 0
            await asyncio.sleep(0.01)
        before = told.begun
        async with asyncio.timeout(WAIT):
            while told.begun == before:
                await anext(counters)
    assert told.begun == 2
    assert waits == [f"waits for a capture of process {KEY.pid} to end"]


async def test_two_who_want_the_same_counters_share_a_session(observer: Observer, told: Runtime) -> None:
    async with aclosing(observer.counters(KEY)) as first, aclosing(observer.counters(KEY)) as second:
        async with asyncio.timeout(WAIT):
            await anext(first)
            await anext(second)
        assert (told.open, told.begun) == (1, 1)
        await first.aclose()
        assert told.open == 1
    assert told.open == 0


async def test_one_who_does_not_come_for_his_readings_gets_the_latest(observer: Observer, told: Runtime) -> None:
    async with aclosing(observer.counters(KEY)) as counters:
        await anext(counters)
        await asyncio.sleep(0.05)
        late = await anext(counters)
    assert late.values["number"] > following.MOST_UNREAD


async def test_counters_end_with_their_process(observer: Observer, told: Runtime) -> None:
    told.ends_after = 2
    living = iter([True, False])

    def inspect(key: ProcessKey) -> RuntimeFacts:
        if not next(living):
            raise ProcessGone("it has ended")
        return facts(key)

    mortal = Observer(inspect=inspect)
    async with asyncio.timeout(WAIT):
        assert len([one async for one in mortal.counters(KEY)]) == 2
    with pytest.raises(ProcessGone):
        await anext(Observer(inspect=lambda key: (_ for _ in ()).throw(ProcessGone("gone"))).counters(GONE))


async def test_a_process_that_tells_nothing_is_an_error_not_a_loop(observer: Observer, told: Runtime) -> None:
    told.ends_after = 0
    with pytest.raises(DiagnosticsError, match="tells no counters"):
        await anext(observer.counters(KEY))
    assert told.begun == 1


async def test_an_error_of_the_session_reaches_all_who_iterate(observer: Observer, told: Runtime) -> None:
    told.error = DiagnosticsError("broken")
    counters = [observer.counters(KEY), observer.counters(KEY)]
    found = await asyncio.gather(*(anext(one) for one in counters), return_exceptions=True)
    assert [str(error) for error in found] == ["broken", "broken"]


async def test_one_that_is_stopped_while_it_tells_is_said_to_be_stopped(told: Runtime) -> None:
    told.error = DiagnosticsError("nothing for 11 s", code="no-counters")
    states = iter("ST")

    def inspect(key: ProcessKey) -> RuntimeFacts:
        return replace(facts(key), state=next(states))

    with pytest.raises(Refused, match="is stopped"):
        await anext(Observer(inspect=inspect).counters(KEY))


async def test_nobody_is_asked_whom_something_speaks_against(told: Runtime) -> None:
    def stopped(key: ProcessKey) -> RuntimeFacts:
        return RuntimeFacts(key, RuntimeKind.CORECLR, socket=facts(key).socket, state="T")

    observer = Observer(inspect=stopped)
    found = await observer.why_not(KEY)
    assert found is not None
    for question in (observer.look(KEY), observer.heap_plan(KEY), anext(observer.counters(KEY))):
        with pytest.raises(Refused, match="is stopped"):
            await question
    assert told.begun == 0


async def test_why_not_says_that_a_process_is_gone() -> None:
    def gone(key: ProcessKey) -> RuntimeFacts:
        raise ProcessGone("it has ended")

    assert isinstance(await Observer(inspect=gone).why_not(KEY), ProcessGone)


async def test_a_heap_is_counted_only_with_the_room_that_there_is_now(
    told: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 1 << 30
    asked: list[ProcessKey] = []

    async def count(key: ProcessKey, *_: Any) -> Any:
        asked.append(key)
        return "counted"

    monkeypatch.setattr(histogram, "histogram", count)
    observer = Observer(inspect=facts, headroom=lambda pid: room)
    found = await observer.heap_plan(KEY)
    assert (found.heap_bytes, found.headroom_bytes) == (5_000_000, 1 << 30)
    assert await observer.heap(found) == "counted"
    room = 1000
    with pytest.raises(Refused, match="its container has 0 MB left"):
        await observer.heap(found)
    with pytest.raises(Refused):
        await observer.heap(plan(KEY, 1000, 0))
    assert asked == [KEY]


async def test_who_gave_no_answer_is_remembered_and_said_before_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [DiagnosticsError("stuck", code="stacks-no-answer"), "a look"]

    async def look(*_: Any, **__: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(looking, "look", look)
    observer, said = Observer(inspect=facts), []
    assert observer.caution(KEY) == ""
    with pytest.raises(DiagnosticsError):
        await observer.look(KEY)
    assert f"take a dump first (octotui dump {KEY.pid})" in observer.caution(KEY)
    await observer.look(KEY, on_wait=said.append)
    assert len(said) == 1
    assert "gave no answer" in said[0]
    assert observer.caution(KEY) == ""


async def test_closing_ends_what_goes_on_and_nothing_is_asked_afterwards(
    told: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()

    async def look(*_: Any, **__: Any) -> Any:
        began.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr(looking, "look", look)
    observer = Observer(inspect=facts)
    other = ProcessKey(os.getppid(), start_ticks(os.getppid()))
    looks = asyncio.ensure_future(observer.look(other))
    counters = observer.counters(KEY)
    await anext(counters)
    await began.wait()
    await observer.aclose()
    await observer.aclose()
    with pytest.raises(Refused):
        await looks
    assert told.open == 0
    await counters.aclose()
    with pytest.raises(Refused):
        await observer.look(KEY)
    with pytest.raises(Refused):
        await anext(observer.counters(KEY))


async def test_a_question_that_is_cancelled_gives_its_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    began = asyncio.Event()

    async def look(*_: Any, **__: Any) -> Any:
        began.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr(looking, "look", look)
    observer = Observer(inspect=facts)
    asking = asyncio.ensure_future(observer.look(KEY))
    await began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert observer.conversations.busy_with(KEY) == ""


def test_names_of_processes_that_ended_are_dropped_and_there_are_never_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octotui.dotnet.tables.MOST_TABLES", 2)
    tables = Tables()
    tables.of(GONE)
    mine = tables.of(KEY)
    assert len(tables) == 1
    parent, first = (ProcessKey(pid, start_ticks(pid)) for pid in (os.getppid(), 1))
    tables.of(parent)
    assert tables.of(KEY) is mine
    tables.of(first)
    assert len(tables) == 2
    assert tables.of(KEY) is mine
