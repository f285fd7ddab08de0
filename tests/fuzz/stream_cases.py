"""Mutated event streams of real runtimes, through reader, names and looks: harmless values or a BadStream, in time."""

from __future__ import annotations

import gzip
import struct
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from mutations import mutate_bytes
from verifier_cases import Figures

from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import BadStream, Event
from octotui.dotnet.stacks.methods import RUNTIME, WANTED, MethodTable
from octotui.dotnet.stacks.names import LONGEST
from octotui.dotnet.stacks.recording import PROFILER
from octotui.dotnet.stacks.suspensions import SUSPENSIONS, Suspensions
from octotui.text import printable

STREAMS = {
    path.name.partition(".")[0]: gzip.decompress(path.read_bytes())
    for path in sorted((Path(__file__).parents[1] / "fixtures" / "stacks").glob("*.gz"))
}
MOST_NAMED = 200
"""Frames that are named of one stream: all others are named the same way."""

_HUGE = (b"\xff" * 8, b"\xff\xff\xff\x7f" * 2, bytes(8), b"\x80" * 16)
_TEXT = (b"\x00\xd8", b"\x00\xdc", b"\x1b\x00", b"\x2e\x20", b"<\x00", b">\x00", b"[\x00", b"`\x00", b"+\x00")


class StreamFuzzer:
    """Each case depends on the seed and its number alone."""

    def __init__(self) -> None:
        self.current = ""

    def run(self, seed: int, number: int, figures: Figures) -> None:
        random = Random(f"{seed}:{number}")
        name = random.choice(sorted(STREAMS))
        kind, change = random.choice(_CHANGES)
        self.current = f"case {number}: {kind} of {name}"
        stream = change(STREAMS[name], random)
        begun = time.process_time()
        is_refused = _is_refused(stream, random.choice((7_001, 70_000, len(stream) + 1)))
        figures.count(f"{kind}-{name}", time.process_time() - begun, is_refused=is_refused)


def _is_refused(stream: bytes, piece: int) -> bool:
    table, suspensions, stacks = MethodTable(), Suspensions(), []

    def take(event: Event) -> None:
        if event.provider == PROFILER:
            stacks.append(event.stack)
        elif (event.provider, event.id) in SUSPENSIONS:
            suspensions.take(event)
        else:
            table.take(event)
            starts.append(int.from_bytes(event.payload[16:24], "little"))

    starts: list[int] = []
    reader = NettraceReader(take, WANTED | SUSPENSIONS | {(PROFILER, None), (RUNTIME, None)})
    is_refused = False
    try:
        for start in range(0, len(stream), piece):
            reader.feed(stream[start : start + piece])
    except BadStream:
        is_refused = True
    assert reader.lost_events >= 0
    table.settle(is_whole=not is_refused)
    suspensions.stops(reader.trace.ticks_per_second if reader.trace else 1)
    addresses = [address for stack in stacks for address in stack][:MOST_NAMED] + starts[:MOST_NAMED]
    for frame in map(table.find, addresses):
        if frame is not None:
            assert len(frame.method) <= LONGEST
            assert str(frame) == printable(str(frame))
    return is_refused


def _huge(stream: bytes, random: Random) -> bytes:
    """A number that cannot be, in the head of a block or anywhere."""
    at = random.choice((random.randrange(min(4000, len(stream))), random.randrange(len(stream))))
    value = random.choice(_HUGE)
    return stream[:at] + value + stream[at + len(value) :]


def _words(stream: bytes, random: Random) -> bytes:
    """Other letters in names: those that compilers use, broken ones, and such as drive a terminal."""
    changed = bytearray(stream)
    for _ in range(400):
        at = random.randrange(len(changed) // 2) * 2
        if changed[at + 1 : at + 2] == b"\0" and 32 < changed[at] < 127:
            changed[at : at + 2] = random.choice(_TEXT)
    return bytes(changed)


def _cut(stream: bytes, random: Random) -> bytes:
    at, count = random.randrange(len(stream)), random.choice((1, 2, 4, 80, 5000))
    return stream[:at] + stream[at + count :]


def _twice(stream: bytes, random: Random) -> bytes:
    """A piece of it again: blocks, events and names that were there already."""
    at, count = random.randrange(len(stream)), random.choice((16, 400, 30_000))
    return stream[: at + count] + stream[at:]


def _numbered(stream: bytes, random: Random) -> bytes:
    """Many pieces of the length of a number by random ones."""
    changed = bytearray(stream)
    for _ in range(random.randint(1, 30)):
        struct.pack_into("<I", changed, random.randrange(len(changed) - 4), random.getrandbits(32))
    return bytes(changed)


_CHANGES: tuple[tuple[str, Callable[[bytes, Random], bytes]], ...] = (
    ("whole", lambda stream, random: stream),
    ("mutated", mutate_bytes),
    ("mutated", mutate_bytes),
    ("huge", _huge),
    ("huge", _huge),
    ("words", _words),
    ("cut", _cut),
    ("twice", _twice),
    ("numbered", _numbered),
)
