"""Objects by type from what real runtimes sent, whole, broken and forged."""

from __future__ import annotations

import contextlib
import random
import struct

import pytest
from recorded_events import RUNTIMES, RecordedSession, recorded

from octotui.dotnet.heap import census as module
from octotui.dotnet.heap import histogram as asking
from octotui.dotnet.heap.census import GC_END, NODES, RUNTIME, TYPES, WANTED, Census
from octotui.dotnet.heap.histogram import histogram
from octotui.dotnet.heap.model import HeapHistogram
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event
from octotui.errors import DiagnosticsError
from octotui.processes.model import ProcessKey

KEY, SOCKET = ProcessKey(1, 2), DiagnosticsSocket("/nowhere", 1, 0)


def event(number: int, payload: bytes, time: int = 0) -> Event:
    return Event(RUNTIME, number, "", 1, 1, time, (), payload, 1)


def nodes(*objects: tuple[int, int]) -> bytes:
    """Of (type, size)."""
    return struct.pack("<IIH", 0, len(objects), 1) + b"".join(struct.pack("<QQQQ", 9, s, t, 0) for t, s in objects)


def types(*named: tuple[int, str]) -> bytes:
    found = struct.pack("<IH", len(named), 1)
    for number, name in named:
        found += struct.pack("<QQIIB", number, 5, 0, 0, 0) + name.encode("utf-16-le") + b"\0\0"
        found += struct.pack("<IQ", 1, 7)
    return found


async def counted(session: RecordedSession, monkeypatch: pytest.MonkeyPatch, deadline: float = 20) -> HeapHistogram:
    monkeypatch.setattr(asking, "trace", session.traced())
    return await histogram(KEY, SOCKET, deadline=deadline)


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_known_objects_are_counted_with_their_sizes(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = RecordedSession(recorded("heap", runtime))
    found = await counted(session, monkeypatch)
    uses = {use.type: (use.objects, use.bytes) for use in found.types}
    assert uses["Shop.Book"] == (1000, 24000)
    assert uses["Shop.Box<Dictionary<string, int>>"] == (50, 1200)
    assert uses["Label"] == (50, 1200), "a runtime leaves out the outer type"
    assert found.objects == sum(objects for objects, _ in uses.values())
    assert found.bytes == sum(size for _, size in uses.values())
    assert [use.bytes for use in found.types] == sorted((use.bytes for use in found.types), reverse=True)
    assert 0 < found.stop_seconds < 1
    assert (found.is_whole, found.lost_events, found.remarks) == (True, 0, ())
    assert session.is_stopped
    assert session.is_over


async def test_a_stream_that_breaks_off_gives_what_came_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = recorded("heap", "8.0.4")
    found = await counted(RecordedSession(stream[:-1]), monkeypatch)
    assert not found.is_whole
    assert "broke off" in found.remarks[0]


async def test_a_stream_past_its_cap_gives_what_came_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = recorded("heap", "8.0.4")
    too_much = DiagnosticsError("too much", code="diagnostics-too-much")
    found = await counted(RecordedSession(stream[:-1], after=too_much), monkeypatch)
    assert not found.is_whole
    assert "cut" in found.remarks[0]


async def test_a_process_that_stops_telling_is_left_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = recorded("heap", "8.0.4")
    found = await counted(RecordedSession(stream[:-1], after=TimeoutError()), monkeypatch)
    assert "within" in found.remarks[0]


async def test_no_object_at_all_is_an_error_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DiagnosticsError) as raised:
        await counted(RecordedSession(recorded("counters", "8.0.4")), monkeypatch)
    assert raised.value.code == "no-heap"
    assert "octotui dump 1" in (raised.value.hint or "")


def test_types_of_one_name_are_one_line() -> None:
    census = Census()
    census.take(event(TYPES, types((1, "Shop.Book"), (2, "Shop.Book"))))
    census.take(event(NODES, nodes((1, 24), (2, 32), (1, 24), (3, 10))))
    assert [(use.type, use.objects, use.bytes) for use in census.types()] == [("Shop.Book", 3, 80), ("0x3", 1, 10)]


def test_it_is_told_once_the_oldest_generation_was_collected_and_stays_so() -> None:
    census = Census()
    census.take(event(GC_END, struct.pack("<II", 1, 2)))
    assert not census.is_told, "a collection from before, without objects"
    census.take(event(NODES, nodes((1, 24))))
    census.take(event(GC_END, struct.pack("<II", 2, 0)))
    assert not census.is_told
    census.take(event(GC_END, struct.pack("<II", 3, 2)))
    census.take(event(GC_END, struct.pack("<II", 4, 0)))
    assert census.is_told


def test_as_many_sizes_as_a_hostile_process_likes_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 100)
    census = Census()
    for first in range(0, 10_000, 50):
        census.take(event(NODES, nodes(*((1, size) for size in range(first, first + 50)))))
        assert len(census._pairs) <= 150
    (use,) = census.types()
    assert (use.objects, use.bytes) == (10_000, sum(range(10_000)))


def test_more_types_than_there_can_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 10)
    monkeypatch.setattr(module, "MOST_TYPES", 10)
    with pytest.raises(BadStream):
        Census().take(event(NODES, nodes(*((number, 8) for number in range(11)))))
    census = Census()
    census.take(event(TYPES, types(*((number, "A") for number in range(10)))))
    with pytest.raises(BadStream):
        census.take(event(TYPES, types((10, "A"))))


def test_names_of_any_length_are_printable_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NAME_BYTES", 8000)
    census = Census()
    census.take(event(TYPES, types((1, "A\x1b[2J\u202eB" * 2000), (2, "B" * 9000), (3, "C" * 9000))))
    census.take(event(NODES, nodes((1, 8), (2, 8), (3, 8))))
    names = [use.type for use in census.types()]
    assert all(len(name) <= 320 and "\x1b" not in name and "\u202e" not in name for name in names)
    assert "0x3" in names, "no room for its name"


@pytest.mark.parametrize("payload", [b"", b"\0" * 9, nodes((1, 2))[:-1], struct.pack("<IIH", 0, 1 << 31, 1)])
def test_a_short_event_of_objects_is_a_broken_stream(payload: bytes) -> None:
    with pytest.raises(BadStream):
        Census().take(event(NODES, payload))


@pytest.mark.parametrize("payload", [b"", struct.pack("<IH", 5, 0), types((1, "A"))[:-10]])
def test_a_short_event_of_types_is_a_broken_stream(payload: bytes) -> None:
    with pytest.raises(BadStream):
        Census().take(event(TYPES, payload))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_broken_streams_are_one_kind_of_error(runtime: str) -> None:
    stream = recorded("heap", runtime)
    parsed = 0
    for seed in range(150):
        chance = random.Random(seed)
        broken = bytearray(stream)
        for _ in range(chance.randint(1, 20)):
            place = chance.randrange(len(broken))
            broken[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        census = Census()
        with contextlib.suppress(DiagnosticsError):
            NettraceReader(census.take, WANTED).feed(bytes(broken))
            parsed += 1
        with contextlib.suppress(BadStream):
            census.types()
    assert 0 < parsed < 150
