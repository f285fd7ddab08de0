"""The reader on streams that real runtimes sent: the same events however they come, and losses that are counted."""

from __future__ import annotations

import pytest
from fake_runtime import EMPTY_STREAM, recorded

from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event, utf16
from octotui.dotnet.stacks.methods import RUNDOWN
from octotui.dotnet.stacks.recording import PROFILER

NAMES = ["net8-first", "net8-later", "net31-first", "net31-later"]


def read(
    stream: bytes, piece: int = 1 << 20, wanted: set[tuple[str, int | None]] | None = None
) -> tuple[NettraceReader, list[Event]]:
    events: list[Event] = []
    reader = NettraceReader(events.append, wanted)
    for start in range(0, len(stream), piece):
        reader.feed(stream[start : start + piece])
    return reader, events


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_stream_is_read_to_its_end_without_a_loss(name: str) -> None:
    reader, events = read(recorded(name))
    assert reader.is_complete
    assert reader.lost_events == 0
    assert reader.bytes_read == len(recorded(name))
    assert reader.events == len(events) > 10
    assert reader.trace is not None
    assert (reader.trace.pointer_bytes, reader.trace.ticks_per_second) == (8, 1_000_000_000)


@pytest.mark.parametrize("piece", [1, 3, 97, 4096])
@pytest.mark.parametrize("name", ["net8-later", "net31-later"])
def test_events_are_the_same_in_pieces_of_any_size(name: str, piece: int) -> None:
    assert read(recorded(name), piece)[1] == read(recorded(name))[1]


@pytest.mark.parametrize("name", NAMES)
def test_only_events_that_are_wanted_are_told(name: str) -> None:
    everything = read(recorded(name))[1]
    wanted = read(recorded(name), wanted={(PROFILER, None)})[1]
    assert wanted == [event for event in everything if event.provider == PROFILER]
    assert wanted
    assert all(event.stack for event in wanted)
    methods = read(recorded(name), wanted={(RUNDOWN, 144)})[1]
    assert methods == [event for event in everything if (event.provider, event.id) == (RUNDOWN, 144)]


def test_methods_of_a_rundown_have_their_names_in_their_payloads() -> None:
    methods = read(recorded("net8-first"), wanted={(RUNDOWN, 144)})[1]
    names = set()
    for event in methods:
        owner, offset = utf16(event.payload, 36)
        names.add(f"{owner}.{utf16(event.payload, offset)[0]}")
    assert {"Standin.HoldLock", "Standin.WaitForLock", "System.Threading.Thread.Sleep"} <= names


def test_events_come_in_the_order_of_their_thread_and_their_clock_runs_forward() -> None:
    samples = read(recorded("net8-later"), wanted={(PROFILER, None)})[1]
    for thread in {event.thread for event in samples}:
        times = [event.time for event in samples if event.thread == thread]
        assert times == sorted(times)


@pytest.mark.parametrize("name", ["net8-later", "net31-later"])
def test_no_beginning_of_a_stream_is_complete_and_none_raises(name: str) -> None:
    stream = recorded(name)
    for length in range(0, len(stream) - 1, 7):
        assert not read(stream[:length])[0].is_complete


def test_a_stream_without_events_is_a_stream() -> None:
    reader, events = read(EMPTY_STREAM)
    assert (reader.is_complete, events, reader.lost_events) == (True, [], 0)


@pytest.mark.parametrize("stream", [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3, b"\0" * 100, b"Nettrace" + b"\xff" * 100])
def test_something_else_is_refused_in_words(stream: bytes) -> None:
    with pytest.raises(BadStream) as raised:
        read(stream)
    assert raised.value.code == "diagnostics-garbled"
    assert raised.value.hint
