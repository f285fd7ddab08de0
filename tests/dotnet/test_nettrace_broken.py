"""Event streams that a hostile or broken process sends: refused as BadStream, with bounded memory and time."""

from __future__ import annotations

import contextlib
import copy
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_streams import END, HEAD, MadeStream, field, kind, plain, squeezed
from read_streams import STREAMS, read

from octotui.dotnet.nettrace import blobs, stackblocks
from octotui.dotnet.nettrace import reader as module
from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event

P = "Made-Provider"


def refused(stream: bytes) -> str:
    with pytest.raises(BadStream) as raised:
        read(stream)
    return str(raised.value)


@pytest.mark.parametrize(
    "fields",
    [
        [field(18, "Text")],
        [field(9, "Signed")],
        [field(17, "Guid")],
        [field(77, "Unknown")],
        [field(1, "Object", *[field(6, "x")] * 300)],
        [field(1, "Object", *[field(1, "Empty")] * 250)] * 2,
    ],
    ids=["string", "number", "guid", "type", "wide", "many"],
)
def test_a_payload_that_is_not_what_its_kind_says_is_refused(fields: list[bytes]) -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11, fields))
    stream.events(squeezed(1, b"x"))
    reader, (event,) = read(stream.whole)
    with pytest.raises(BadStream):
        reader.fields(event)


def test_objects_inside_objects_without_an_end_are_refused() -> None:
    nested = field(6, "x")
    for _ in range(2000):
        nested = field(1, "o", nested)
    stream = MadeStream()
    stream.kinds(kind(1, P, 11, [nested]))
    stream.events(squeezed(1, b"x"))
    reader, (event,) = read(stream.whole)
    with pytest.raises(BadStream, match="without an end"):
        reader.fields(event)


def test_an_event_of_another_stream_has_no_fields_here() -> None:
    with pytest.raises(BadStream, match="unknown kind"):
        NettraceReader(lambda event: None).fields(Event(P, 1, "", 1, 1, 1, (), b"", 3))


def made(**said: object) -> bytes:
    """A stream with one block of its own."""
    stream = MadeStream()
    for what, value in said.items():
        getattr(stream, what)(*value if isinstance(value, tuple) else (value,))
    return stream.whole


TWO_STACKS = struct.pack("<iiiQi", 1, 2, 8, 1, -8)
BROKEN = {
    "another head": b"Nettrace\x14\0\0\0!FastSerialization.2" + END,
    "no object": HEAD + b"\7" * 20,
    "a name without an end": bytes(MadeStream().written) + b"\5\5\1" + struct.pack("<iii", 2, 2, 3) + b"Spam",
    "a name of no letters": bytes(MadeStream().written) + b"\5\5\1" + struct.pack("<iii", 2, 2, 0) + b"\6\0\0\0\0",
    "a long name": bytes(MadeStream().written) + b"\5\5\1" + struct.pack("<iii", 2, 2, 1 << 30),
    "stacks before the head": HEAD + bytes(MadeStream().written[len(HEAD) :]).replace(b"Trace", b"Tracy") + END,
    "pointers of five bytes": bytes(MadeStream(pointer_bytes=5).written),
    "stacks of negative size": made(block=("StackBlock", TWO_STACKS)),
    "half an address": made(block=("StackBlock", struct.pack("<iii", 1, 1, 4) + bytes(4))),
    "stacks past the block": made(block=("StackBlock", struct.pack("<iii", 1, 1, 80))),
    "a negative count of stacks": made(block=("StackBlock", struct.pack("<ii", 1, -1))),
    "a sequence point past its block": made(block=("SPBlock", struct.pack("<qi", 0, 9))),
    "an empty block of events": made(block=("EventBlock", b"")),
    "an event past its block": made(events=squeezed(1, b"abc")[:-1]),
    "an event that is cut in its head": made(events=squeezed(1)[:3]),
    "a number of eleven bytes": made(events=b"\1" + b"\xff" * 11),
    "a kind without a name": made(kinds=struct.pack("<i", 1) + b"abc"),
    "a kind of -1 fields": made(kinds=kind(1, P, 11, count=-1)),
    "a kind of 257 fields": made(kinds=kind(1, P, 11, count=257)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_stream_is_refused_in_words(what: str) -> None:
    assert refused(BROKEN[what]).startswith("the process sent a broken event stream (")


@pytest.mark.parametrize("claimed", [-1, 0, 1, 40, 75, 1 << 30])
def test_events_that_lie_in_each_other_are_refused(claimed: int) -> None:
    """They would be copied over and over: 32 MB could become terabytes."""
    stream = MadeStream()
    stream.events(plain(1, b"abcd", claimed=claimed), plain(1), compressed=False)
    assert "past the end" in refused(stream.whole)


@pytest.mark.parametrize("size", [-1, module.LARGEST_BLOCK + 1, (1 << 31) - 1])
def test_a_block_that_claims_too_much_is_refused_before_it_is_waited_for(size: int) -> None:
    stream = MadeStream()
    stream.block("Whatever", b"", size=size)
    assert f"a block of {size} bytes" in refused(stream.whole)


def test_kinds_stacks_and_threads_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KINDS", 10)
    monkeypatch.setattr(stackblocks, "MOST_STACKS", 10)
    monkeypatch.setattr(blobs, "MOST_THREADS", 10)
    stream = MadeStream()
    stream.kinds(*(kind(number, P, number) for number in range(10)))
    stream.stacks(1, *[()] * 10)
    stream.events(*(squeezed(1, capturer=number) for number in range(10)))
    assert read(stream.whole)[0].is_complete
    for what, say in {
        "kinds": lambda stream: stream.kinds(kind(10, P, 10)),
        "stacks": lambda stream: stream.stacks(11, ()),
        "threads": lambda stream: stream.events(squeezed(1, capturer=10), squeezed(1)),
        "of more threads": lambda stream: stream.events(plain(1, capturer=11), compressed=False),
        "events of more threads": lambda stream: stream.sequence_point((12, 1)),
    }.items():
        more = copy.deepcopy(stream)
        say(more)
        assert what in refused(more.whole)


def test_stacks_of_more_bytes_than_are_kept_are_refused_until_a_sequence_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stackblocks, "MOST_BYTES", 100)
    stream = MadeStream()
    stream.stacks(1, range(8))
    stream.sequence_point()
    stream.stacks(2, range(8))
    assert read(stream.whole)[0].is_complete
    stream.stacks(3, range(8))
    assert "more stacks" in refused(stream.whole)


def test_a_kind_of_event_that_is_told_in_more_bytes_than_any_is_refused() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11) + bytes(module.LARGEST_KIND))
    assert "a kind of event in" in refused(stream.whole)


@pytest.mark.parametrize("pointer_bytes", [4, 8])
def test_a_second_head_cannot_change_what_stacks_mean(pointer_bytes: int) -> None:
    stream, other = MadeStream(pointer_bytes=4), MadeStream(pointer_bytes=pointer_bytes)
    stream.kinds(kind(1, P, 11))
    stream.stacks(1, (5,))
    stream.written += other.written[len(HEAD) :]
    assert "two heads" in refused(stream.whole)


@pytest.mark.parametrize("name", STREAMS)
@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_a_recorded_stream_that_was_broken_on_its_way_is_read_or_refused_and_nothing_else(
    name: str, data: st.DataObject
) -> None:
    stream = bytearray(STREAMS[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(stream) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "drop"])):
            case "flip":
                stream[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del stream[at + 1 :]
            case "insert":
                stream[at:at] = data.draw(st.binary(min_size=1, max_size=9))
            case _:
                del stream[at : at + data.draw(st.integers(1, min(9, max(1, len(stream) - 1))))]
                stream = stream or bytearray(b"x")
    found: list[Event] = []
    reader = NettraceReader(found.append)
    with contextlib.suppress(BadStream):
        reader.feed(bytes(stream))
    for event in found[:50]:
        with contextlib.suppress(BadStream):
            reader.fields(event)
    assert sum(len(event.payload) for event in found) <= len(stream)


@given(
    st.binary(max_size=300), st.booleans(), st.sampled_from(["EventBlock", "MetadataBlock", "StackBlock", "SPBlock"])
)
def test_blocks_of_any_bytes_are_read_or_refused(content: bytes, compressed: bool, name: str) -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11, [field(18, "Text")]))
    if name in ("EventBlock", "MetadataBlock"):
        stream.events(content, compressed=compressed, name=name)
    stream.block(name, content)
    with contextlib.suppress(BadStream):
        read(stream.whole)
