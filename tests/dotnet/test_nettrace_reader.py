"""The reader of event streams: recorded ones in pieces of any size, and ones made by hand of every block there is."""

from __future__ import annotations

import struct

import pytest
from made_streams import MadeStream, field, kind, plain, squeezed, text
from read_streams import CUT, STREAMS, read
from recorded_events import RUNTIMES

from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import Event

P = "Made-Provider"


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_recorded_stream_in_pieces_gives_the_same_events_as_in_one(name: str, piece: int) -> None:
    whole, events = read(STREAMS[name])
    cut, again = read(STREAMS[name], piece)
    assert again == events
    assert (cut.events, cut.trace, cut.lost_events, cut.bytes_read) == (
        whole.events, whole.trace, whole.lost_events, len(STREAMS[name]),
    )  # fmt: skip
    assert whole.is_complete == cut.is_complete == (name not in CUT)
    assert whole.lost_events == 0
    assert len(events) == whole.events > 5


@pytest.mark.parametrize("name", ["net8-first", "net31-first", "names-10"])
def test_events_that_nobody_asked_for_are_counted_and_not_handed_out(name: str) -> None:
    all_of_them = read(STREAMS[name])[1]
    found: list[Event] = []
    rundown = "Microsoft-Windows-DotNETRuntimeRundown"
    reader = NettraceReader(found.append, [(rundown, 144), ("Microsoft-DotNETCore-SampleProfiler", None)])
    reader.feed(STREAMS[name])
    assert found == [
        event
        for event in all_of_them
        if (event.provider, event.id) == (rundown, 144) or event.provider == "Microsoft-DotNETCore-SampleProfiler"
    ]
    assert reader.events == len(all_of_them) > len(found) > 100


def test_sampled_stacks_are_addresses_of_the_methods_that_the_rundown_names() -> None:
    events = read(STREAMS["net8-first"])[1]
    methods = [struct.unpack_from("<QI", event.payload, 16) for event in events if event.id == 144]
    sampled = [event.stack for event in events if event.provider == "Microsoft-DotNETCore-SampleProfiler"]
    innermost = [stack[0] for stack in sampled if stack]
    assert innermost
    assert all(any(start <= address < start + size for start, size in methods) for address in innermost)


@pytest.mark.parametrize("runtime", [*RUNTIMES, "10"])
def test_a_counter_is_decoded_by_the_names_that_the_stream_itself_gives(runtime: str) -> None:
    reader, events = read(STREAMS[f"counters-{runtime}"])
    told = [reader.fields(event)[""]["Payload"] for event in events if event.name == "EventCounters"]
    by_name = {counter["Name"]: counter for counter in told}
    assert 20 < by_name["working-set"]["Mean"] < 600
    assert by_name["working-set"]["CounterType"] == "Mean"
    assert by_name["alloc-rate"]["CounterType"] == "Sum"
    assert by_name["alloc-rate"]["Increment"] >= 0
    assert by_name["gen-0-gc-count"]["DisplayName"] == "Gen 0 GC Count"


def test_compressed_headers_say_only_what_changed() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11), kind(300, P, 12))
    stream.stacks(5, (0xA000, 0xB000))
    stream.events(
        squeezed(300, b"first", thread=1 << 40, stack=5, ticks=1 << 20),
        bytes([0, 3]) + b"again",
        bytes([16, 4]) + bytes(16) + b"other",
        bytes([1 | 48 | 128, 1, 0]) + bytes(32) + bytes([2]) + b"ab",
    )
    reader, (first, again, other, last) = read(stream.whole)
    assert first == Event(P, 12, "", 1, 1 << 40, 1 << 20, (0xA000, 0xB000), b"first", 300)
    assert again == first._replace(time=first.time + 3, payload=b"again")
    assert other == again._replace(time=again.time + 4, payload=b"other")
    assert last == other._replace(id=11, kind=1, payload=b"ab")
    assert reader.lost_events == 0


def test_uncompressed_headers_are_read_alike() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11), kind(2, P, 12), compressed=False)
    stream.stacks(5, (0xA000,))
    stream.events(plain(1, b"odd", stack=5, ticks=4), plain(2, sequence=2, thread=10), compressed=False)
    _, events = read(stream.whole)
    assert events == [
        Event(P, 11, "", 1, 9, 4, (0xA000,), b"odd", 1),
        Event(P, 12, "", 1, 10, 1, (), b"", 2),
    ]


def test_addresses_of_a_32_bit_process_have_four_bytes() -> None:
    stream = MadeStream(pointer_bytes=4)
    stream.kinds(kind(1, P, 11))
    stream.stacks(1, (0xF7000001, 2, 3), ())
    stream.events(squeezed(1, stack=1), squeezed(1, stack=2))
    reader, events = read(stream.whole)
    assert [event.stack for event in events] == [(0xF7000001, 2, 3), ()]
    assert reader.trace is not None
    assert (reader.trace.pointer_bytes, reader.trace.pid) == (4, 812)


def test_stacks_are_forgotten_at_a_sequence_point() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11))
    stream.stacks(1, (1,))
    stream.sequence_point()
    stream.events(squeezed(1, stack=1))
    assert read(stream.whole)[1][0].stack == ()


def test_events_that_the_runtime_had_no_room_for_are_counted_by_the_gaps_in_their_numbers() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11))
    stream.events(squeezed(1), bytes([0, 1]), squeezed(1, step=5))
    assert read(stream.whole)[0].lost_events == 5
    stream.events(squeezed(1, step=8), squeezed(1, step=3, capturer=8))
    assert read(stream.whole)[0].lost_events == 5 + 12


@pytest.mark.parametrize("lost", [0, 1, 2, 300])
def test_threads_that_come_later_and_ids_that_are_used_again_are_no_losses(lost: int) -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11))
    # The second thread's first event is its number 1, which in a header is the distance from the first one's 2.
    back_to_one = (1 << 32) - 2
    stream.events(squeezed(1), squeezed(1), squeezed(1, step=back_to_one + lost, capturer=8))
    assert read(stream.whole)[0].lost_events == lost
    stream.events(squeezed(1, capturer=8), squeezed(1, step=1, capturer=7))
    assert read(stream.whole)[0].lost_events == lost


def test_losses_go_on_from_block_to_block_and_end_with_what_a_sequence_point_says() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11))
    stream.events(plain(1, sequence=1), plain(1, sequence=4), compressed=False)
    assert read(stream.whole)[0].lost_events == 2
    stream.sequence_point((7, 10), (99, 20))
    assert read(stream.whole)[0].lost_events == 2 + 6 + 20
    stream.events(plain(1, sequence=11), compressed=False)
    assert read(stream.whole)[0].lost_events == 28


def test_blocks_of_a_later_format_are_passed_over() -> None:
    stream = MadeStream()
    stream.kinds(kind(1, P, 11))
    stream.block("LabelBlock", b"whatever it is")
    stream.events(squeezed(1, b"x"))
    assert [event.payload for event in read(stream.whole)[1]] == [b"x"]


def test_events_of_kinds_that_were_never_told_are_counted_only() -> None:
    stream = MadeStream()
    stream.events(squeezed(1), squeezed(2))
    reader, events = read(stream.whole)
    assert (reader.events, events) == (2, [])


def test_nothing_is_kept_of_what_follows_the_end() -> None:
    reader, _ = read(MadeStream().whole + b"\5" * 100)
    reader.feed(b"\5" * 1000)
    assert reader.is_complete
    assert not reader._buffer
    assert reader.bytes_read == len(MadeStream().whole) + 1100


def test_fields_of_every_type_are_decoded_by_name() -> None:
    inner = field(1, "Inner", field(18, "Text"), field(1, "Deeper", field(9, "Signed")))
    numbers = {3: "<I", 4: "<H", 5: "<b", 6: "<B", 7: "<h", 8: "<H", 9: "<i", 10: "<I", 11: "<q", 12: "<Q", 13: "<f"}
    fields = [field(code, f"n{code}") for code in numbers]
    stream = MadeStream()
    stream.kinds(kind(1, P, 11, [inner, *fields, field(14, "Double"), field(17, "Guid"), field(16, "When")]))
    payload = text("Ünïcode") + struct.pack("<i", -5)
    payload += b"".join(struct.pack(form, 1) for form in numbers.values())
    stream.events(squeezed(1, payload + struct.pack("<d", 2.5) + bytes(range(16)) + struct.pack("<q", 99)))
    reader, (event,) = read(stream.whole)
    assert reader.fields(event) == {
        "Inner": {"Text": "Ünïcode", "Deeper": {"Signed": -5}},
        **{f"n{code}": 1 for code in numbers},
        "Double": 2.5,
        "Guid": bytes(range(16)),
        "When": 99,
    }
