"""How fast event streams are read: `python benchmarks/nettrace.py [--rounds 9]`.

Recorded streams of real runtimes, several of one kind in a row until there are 8 MB, and a made one of the names of
20,000 methods as a runtime tells them at the end of a session. Each is read in the pieces in which it comes from a
socket: with all events passed over, with those handled that a look or a heap histogram asks for, and with all of them
handed out. Megabytes (10⁶) a second of one thread's own time: the median of the rounds.
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
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "dotnet")]

from made_streams import MadeStream, kind, squeezed, text  # noqa: E402
from read_streams import STREAMS  # noqa: E402
from report import print_table, run  # noqa: E402

from octotui.dotnet.heap.census import WANTED as HEAP  # noqa: E402
from octotui.dotnet.heap.census import Census  # noqa: E402
from octotui.dotnet.nettrace.reader import NettraceReader  # noqa: E402
from octotui.dotnet.sessions import PIECE_BYTES  # noqa: E402
from octotui.dotnet.stacks.methods import RUNDOWN, WANTED, MethodTable  # noqa: E402

METHODS, BLOCK_METHODS = 20_000, 300
LEAST_BYTES = 8_000_000
GOAL = 40
METHOD_END_VERBOSE = 144
Make = Callable[[], NettraceReader]
RECORDED = {
    "net8-first": "look with names, .NET 8.0",
    "net31-first": "look with names, .NET 3.1",
    "names-10": "look with names, .NET 10",
    "heap-8.0.4": "heap, .NET 8.0",
    "heap-3.1": "heap, .NET 3.1",
}
MADE = f"made, {METHODS:,} methods"


def made() -> bytes:
    """The names of `METHODS` methods."""
    stream = MadeStream()
    stream.kinds(kind(1, RUNDOWN, METHOD_END_VERBOSE))
    for first in range(0, METHODS, BLOCK_METHODS):
        numbers = range(first, min(first + BLOCK_METHODS, METHODS))
        stream.events(*(squeezed(1, _method(number), ticks=40) for number in numbers))
    return stream.whole


def _method(number: int) -> bytes:
    fixed = struct.pack("<QQQIII", number, 1, 0x7F00_0000_0000 + number * 256, 200, 0x0600_0000 + number, 0x10)
    names = f"Octopus.Made.Namespace{number % 97}.Type{number % 977}`1[System.Int32]", f"Method{number}"
    return fixed + text(names[0]) + text(names[1]) + text("instance void  (class System.String,int32)") + bytes(10)


def speed(stream: bytes, make: Make, rounds: int) -> float:
    """Megabytes a second, the median. A stream is read again by a new reader until there are `LEAST_BYTES`."""
    found = []
    for _ in range(rounds):
        seconds, done = 0.0, 0
        while done < LEAST_BYTES:
            reader = make()
            begun = time.thread_time()
            for start in range(0, len(stream), PIECE_BYTES):
                reader.feed(stream[start : start + PIECE_BYTES])
            seconds += time.thread_time() - begun
            done += len(stream)
        found.append(done / 1e6 / seconds)
    return median(found)


def asked(name: str) -> Make:
    """The reader of a look, or of a heap histogram."""
    if name.startswith("heap"):
        return lambda: NettraceReader(Census().take, HEAP)
    return lambda: NettraceReader(MethodTable().take, WANTED)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    rows, slowest = [], float("inf")
    for name, title in {**RECORDED, "made": MADE}.items():
        stream = made() if name == "made" else STREAMS[name]
        counting = NettraceReader(lambda _: None)
        counting.feed(stream)
        speeds = [
            speed(stream, make, rounds)
            for make in (
                lambda: NettraceReader(lambda _: None, ()),
                asked(name),
                lambda: NettraceReader(lambda _: None),
            )
        ]
        slowest = min(slowest, speeds[1])
        rows.append((title, f"{len(stream) / 1e3:,.0f}", f"{counting.events:,}", *(f"{one:,.0f}" for one in speeds)))
    print_table(("stream", "KB", "events", "passed over MB/s", "as asked for MB/s", "all handed out MB/s"), rows)
    verdict = "reached" if slowest >= GOAL else "**missed**"
    print(f"goal: at least {GOAL} MB/s as asked for; the slowest {slowest:.0f} MB/s: {verdict}")


if __name__ == "__main__":
    run(main)
