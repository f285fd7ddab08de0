"""Counters from what real runtimes sent, whole and broken, and the table of those that are shown."""

from __future__ import annotations

import asyncio
import contextlib
import random
from contextlib import aclosing

import pytest
from recorded_events import RUNTIMES, RecordedSession, recorded

from octotui.dotnet.counters import reading as module
from octotui.dotnet.counters.catalogue import CATALOGUE, Unit, scaled
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.counters.reading import MOST_COUNTERS, Collector, readings
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.values import Event
from octotui.errors import DiagnosticsError
from octotui.text import printable

SOCKET = DiagnosticsSocket("/nowhere", 1, 0)


async def taken(session: RecordedSession, monkeypatch: pytest.MonkeyPatch, most: int = 99) -> list[CounterReading]:
    monkeypatch.setattr(module, "trace", session.traced())
    found = []
    async with aclosing(readings(SOCKET)) as told:
        async for one in told:
            found.append(one)
            if len(found) == most:
                break
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_each_interval_is_one_reading_of_all_counters(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = RecordedSession(recorded("counters", runtime))
    found = await taken(session, monkeypatch)
    assert {counter.name for counter in CATALOGUE} <= found[1].values.keys()
    assert found[1].values.keys() == found[-1].values.keys()
    assert len(found[1].values) == (27 if runtime == "8.0.4" else 19)
    assert found[1].values["threadpool-queue-length"] == 0
    assert 20 < found[1].values["working-set"] < 60
    assert session.is_over


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_an_interval_is_as_long_as_it_was(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await taken(RecordedSession(recorded("counters", runtime)), monkeypatch)
    assert all(0.9 < one.interval_seconds < 1.1 for one in found)


def told(collector: Collector, seconds: float, **values: float) -> None:
    """As a runtime tells: `cpu=5.0` of so many seconds."""
    for name, value in values.items():
        fields = {"": {"Payload": {"Name": name, "Mean": value, "IntervalSec": seconds}}}
        collector.reader.fields = lambda event, fields=fields: fields  # type: ignore[method-assign]
        collector._take(Event("System.Runtime", 1, "EventCounters", 1, 1, 1, (), b"", 1))


def test_two_milliseconds_after_a_whole_second_are_no_reading() -> None:
    """Rates would be hundreds of times too high."""
    collector = Collector(1.0)
    told(collector, 0.998, cpu=5.0, heap=7.0)
    told(collector, 0.002, cpu=66.0, heap=7.0)
    told(collector, 1.001, cpu=6.0, heap=8.0)
    assert [(one.values["cpu"], one.interval_seconds) for one in collector.ready] == [(5.0, 0.998), (6.0, 1.001)]


def test_an_interval_that_cannot_be_is_taken_for_the_one_that_was_asked_for() -> None:
    collector = Collector(1.0)
    told(collector, -5.0, cpu=5.0)
    told(collector, 1e30, cpu=6.0)
    told(collector, float("nan"), cpu=7.0)
    assert {one.interval_seconds for one in collector.ready} == {1.0}


async def test_the_session_ends_with_the_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    session = RecordedSession(recorded("counters", "8.0.4"))
    assert len(await taken(session, monkeypatch, most=1)) == 1
    assert session.is_over


async def test_a_runtime_that_tells_nothing_is_an_error_not_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(RecordedSession):
        async def read(self) -> bytes:
            await asyncio.sleep(3600)
            return b""

    monkeypatch.setattr(module, "MOST_SILENT_SECONDS", -0.95)
    with pytest.raises(DiagnosticsError, match="no counters"):
        await taken(Silent(b""), monkeypatch)


async def test_a_session_of_hours_ends_so_that_a_new_one_can_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 5000)
    session = RecordedSession(recorded("counters", "8.0.4"), after=AssertionError("it reads on"))
    await taken(session, monkeypatch)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_broken_streams_are_one_kind_of_error_and_make_no_endless_values(runtime: str) -> None:
    stream = recorded("counters", runtime)
    for seed in range(300):
        chance = random.Random(seed)
        broken = bytearray(stream)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if chance.random() < 0.3:
            del broken[chance.randrange(len(broken)) :]
        collector = Collector(1.0)
        with contextlib.suppress(DiagnosticsError):
            collector.reader.feed(bytes(broken))
        collector.finish()
        for found in collector.ready:
            assert len(found.values) <= MOST_COUNTERS
            assert all(name == printable(name, 64) for name in found.values)
            assert 0 < found.interval_seconds <= 3600


def test_the_catalogue_makes_rates_by_the_second_and_sizes_in_bytes() -> None:
    by_name = {counter.name: counter for counter in CATALOGUE}
    assert scaled(by_name["alloc-rate"], {"alloc-rate": 3000.0}, 2.0) == 1500.0
    assert scaled(by_name["gc-heap-size"], {"gc-heap-size": 1.5}, 1.0) == 1_500_000
    assert scaled(by_name["time-in-gc"], {}, 1.0) is None
    assert by_name["cpu-usage"].unit is Unit.PERCENT
    assert len(by_name) == len(CATALOGUE)
