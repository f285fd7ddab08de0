"""How fast the reader takes event streams: `python benchmarks/nettrace.py [--rounds 15]`.

Megabytes of stream a second of this thread's CPU time, the median and the slowest of `--rounds`, in pieces of the size
that a session reads. The recorded streams are those of the tests, what real runtimes sent; the larger ones are made
here as a runtime writes them: the rundown of 20,000 methods, and the same with none of its events wanted. `names` also
fills the table of methods, as a look does.
"""

from __future__ import annotations

import argparse
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "dotnet")]

from accounting import load  # noqa: E402
from made_streams import MadeStream, kind, squeezed, text  # noqa: E402
from read_streams import STREAMS  # noqa: E402
from report import print_table, run  # noqa: E402

from octotui.dotnet.nettrace.reader import NettraceReader  # noqa: E402
from octotui.dotnet.nettrace.values import Event  # noqa: E402
from octotui.dotnet.sessions import PIECE_BYTES  # noqa: E402
from octotui.dotnet.stacks.methods import RUNDOWN, WANTED, MethodTable  # noqa: E402

METHODS = 20_000
GOAL = 40.0
"""Megabytes a second, of the rundown of a large process: what it sends has to be read while it sends."""

_METHOD_END, _IL_MAP = 144, 150
_BLOCK_EVENTS = 400


def made_rundown(methods: int = METHODS) -> bytes:
    """Of each method its name and the map of its IL, as a runtime before .NET 9 sends them."""
    stream = MadeStream()
    stream.kinds(kind(1, RUNDOWN, _METHOD_END), kind(2, RUNDOWN, _IL_MAP))
    ticks = 40
    for first in range(0, methods, _BLOCK_EVENTS):
        events = bytearray()
        for number in range(first, min(first + _BLOCK_EVENTS, methods)):
            fixed = struct.pack("<QQQIII", number, 0x7F00, 0x7F0000000000 + number * 256, 200, 0x06000001, 0x8)
            name = text(f"Company.Product.Area{number % 300}.Type{number % 2000}") + text(f"DoSomething{number}")
            events += squeezed(1, fixed + name + text("instance void  (class System.String,int32)") + bytes(10))
            offsets = struct.pack("<24I", *range(24))
            events += squeezed(2, struct.pack("<QQBH", number, 0, 0, 12) + offsets + bytes(2), ticks=ticks)
        stream.events(bytes(events))
    return stream.whole


def speed(stream: bytes, make: Callable[[], NettraceReader], rounds: int) -> list[float]:
    """Megabytes a second of each round."""
    found = []
    for _ in range(rounds):
        pieces = [stream[at : at + PIECE_BYTES] for at in range(0, len(stream), PIECE_BYTES)]
        reader = make()
        start = time.thread_time()
        for piece in pieces:
            reader.feed(piece)
        found.append(len(stream) / 1e6 / (time.thread_time() - start))
    return found


def ignored(event: Event) -> None:
    pass


WAYS: dict[str, Callable[[], NettraceReader]] = {
    "names": lambda: NettraceReader(MethodTable().take, WANTED),
    "all events": lambda: NettraceReader(ignored),
    "none wanted": lambda: NettraceReader(ignored, ()),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="megabytes a second of the reader of event streams")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(load(), flush=True)
    made = f"made, {METHODS:,} methods"
    streams = {
        "recorded rundown, .NET 8.0": STREAMS["net8-first"],
        "recorded rundown, .NET 3.1": STREAMS["net31-first"],
        "recorded heap, .NET 8.0": STREAMS["heap-8.0.4"],
        made: made_rundown(),
    }
    rows, reached = [], 0.0
    for name, stream in streams.items():
        found = {way: speed(stream, make, rounds) for way, make in WAYS.items()}
        counter = NettraceReader(ignored, ())
        counter.feed(stream)
        spreads = [f"{median(values):.0f} ({min(values):.0f})" for values in found.values()]
        rows.append((name, f"{len(stream) / 1e3:,.0f}", f"{counter.events:,}", *spreads))
        if name == made:
            reached = median(found["names"])
    print(f"\nMB/s of CPU time, median of {rounds}, slowest in brackets\n")
    print_table(("stream", "KB", "events", *WAYS), rows)
    verdict = "reached" if reached >= GOAL else "**missed**"
    print(f"{made}, with names: {reached:.0f} MB/s, goal at least {GOAL:.0f}: {verdict}")


if __name__ == "__main__":
    run(main)
