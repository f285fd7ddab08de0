"""What a session told: samples, stops without those of collections, threads; and streams that somebody broke."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest
from fake_runtime import recorded
from stacks_fakes import event

from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event
from octotui.dotnet.stacks.methods import RUNTIME, WANTED, MethodTable
from octotui.dotnet.stacks.model import MOST_FRAMES, Stops
from octotui.dotnet.stacks.recording import PROFILER, Samples, _Collector
from octotui.dotnet.stacks.suspensions import SUSPENSIONS, Suspensions
from octotui.dotnet.stacks.threads import MOST_THREADS, read_threads
from octotui.processes.model import ProcessKey

if TYPE_CHECKING:
    from conftest import FakeProc

OTHER, FOR_COLLECTION, BEFORE_COLLECTION = 0, 1, 6


def begins(time: int, reason: int = OTHER, thread: int = 1) -> Event:
    return event(9, struct.pack("<IIH", reason, 0, 0), provider=RUNTIME, thread=thread, time=time)


def ends(time: int, thread: int = 1) -> Event:
    return event(3, struct.pack("<H", 0), provider=RUNTIME, thread=thread, time=time)


def stops(*events: Event) -> Stops:
    found = Suspensions()
    for one in events:
        found.take(one)
    return found.stops(1000)


def test_a_stop_lasts_from_the_first_thread_that_stops_to_the_last_that_runs_again() -> None:
    assert stops(begins(100), ends(103), begins(200), ends(201), begins(300), ends(305)) == Stops(
        3, 0.003, 0.005, 0.009
    )


def test_stops_for_collections_are_not_those_of_the_look() -> None:
    assert stops(begins(1, FOR_COLLECTION), ends(900), begins(1000, BEFORE_COLLECTION), ends(1900)) == Stops()
    assert stops(begins(1, FOR_COLLECTION, 2), begins(10), ends(12), ends(900, 2)).longest_seconds == 0.002


@pytest.mark.parametrize(
    "events", [[], [begins(1)], [ends(1)], [begins(5), ends(4)], [begins(1, thread=1), ends(9, 2)]]
)
def test_half_a_stop_is_none(events: list[Event]) -> None:
    assert stops(*events) == Stops()


def test_a_payload_that_is_cut_short_is_taken_for_an_ordinary_stop() -> None:
    assert stops(event(9, b"\1", provider=RUNTIME, time=1), ends(3)).count == 1


def sampled(*stacks: tuple[int, ...], kind: int = 1) -> dict[int, Samples]:
    collector = _Collector(MethodTable())
    for stack in stacks:
        collector.take(Event(PROFILER, 0, "", 0, 7, 0, stack, struct.pack("<I", kind), 1))
    return collector.samples


def test_samples_tell_the_last_stack_and_how_many_differ() -> None:
    found = sampled((1, 2), (3, 2), (1, 2), kind=2)[7]
    assert (found.stack, found.count, found.managed, len(found.seen)) == ((1, 2), 3, 3, 2)
    assert sampled((1, 2))[7].managed == 0


def test_a_thread_without_managed_frames_is_no_sample() -> None:
    assert sampled(()) == {}


def test_a_stack_of_a_hostile_process_is_cut_at_what_a_runtime_gives() -> None:
    assert len(sampled(tuple(range(5000)))[7].stack) == MOST_FRAMES


def test_what_a_hostile_process_makes_up_is_bounded() -> None:
    collector = _Collector(MethodTable())
    for number in range(MOST_THREADS + 5):
        collector.take(Event(PROFILER, 0, "", 0, number, 0, (1,), b"", 1))
    for number in range(500):
        collector.take(Event(PROFILER, 0, "", 0, 1, 0, (number,), b"", 1))
    assert len(collector.samples) == MOST_THREADS
    assert len(collector.samples[1].seen) < 100


def test_names_of_threads_are_made_printable_and_groups_of_a_user_are_no_obstacle(fake_proc: FakeProc) -> None:
    key = fake_proc.add(812)
    directory = fake_proc.root / "812" / "task" / "813"
    directory.mkdir(parents=True)
    groups = " ".join(map(str, range(100_000, 102_000)))
    (directory / "status").write_text(
        f"Name:\tevil\\nname\x1b[31m\nState:\tR (running)\nGroups:\t{groups}\nNSpid:\t813\t14\t2\n"
    )
    (fake_proc.root / "812" / "task" / "nonsense").mkdir()
    (fake_proc.root / "812" / "task" / "814").mkdir()
    (found,) = read_threads(key, fake_proc.root).values()
    assert (found.id, found.own_id, found.name, found.state) == (813, 2, "evil↵name␛[31m", "R")
    assert found.cpu_seconds is None


def test_threads_of_a_process_that_ended_or_whose_pid_is_anothers_are_none(fake_proc: FakeProc) -> None:
    key = fake_proc.add(812)
    directory = fake_proc.root / "812" / "task" / "812"
    directory.mkdir(parents=True)
    (directory / "status").write_text("Name:\tname\nState:\tS (sleeping)\nNSpid:\t812\n")
    assert list(read_threads(key, fake_proc.root)) == [812]
    assert read_threads(ProcessKey(812, key.started + 1), fake_proc.root) == {}
    assert read_threads(ProcessKey(4000, 1), fake_proc.root) == {}


@pytest.mark.parametrize("name", ["net8-first", "net31-first", "net8-later"])
@pytest.mark.parametrize("seed", range(25))
def test_a_broken_stream_gives_an_error_or_harmless_names(name: str, seed: int) -> None:
    stream = _broken(bytearray(recorded(name)), random.Random(seed))
    table = MethodTable()
    collector = _Collector(table)
    reader = NettraceReader(collector.take, WANTED | SUSPENSIONS | {(PROFILER, None)})
    try:
        for start in range(0, len(stream), 50_000):
            reader.feed(stream[start : start + 50_000])
    except BadStream:
        table.drop()
    table.settle()
    collector.suspensions.stops(reader.trace.ticks_per_second if reader.trace else 1)
    for samples in collector.samples.values():
        for frame in map(table.find, samples.stack):
            assert frame is None or (len(frame.method) <= 300 and "\x1b" not in str(frame))


def _broken(stream: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(stream))
        match chance.choice(["flip", "cut", "insert", "large"]):
            case "flip":
                stream[place] = chance.randrange(256)
            case "cut":
                del stream[place : place + chance.randint(1, 4000)]
            case "insert":
                stream[place:place] = chance.randbytes(chance.randint(1, 40))
            case "large":
                stream[place : place + 8] = chance.choice([b"\xff" * 8, b"\xff\xff\xff\x7f" * 2, bytes(8)])
    return bytes(stream)
