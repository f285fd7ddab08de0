"""All streams that real runtimes sent, by name, and how tests read a stream."""

from __future__ import annotations

import fake_runtime
import recorded_events

from octotui.dotnet.nettrace.reader import NettraceReader
from octotui.dotnet.nettrace.values import Event

STREAMS = {
    **{name: fake_runtime.recorded(name) for name in ("net8-first", "net8-later", "net31-first", "net31-later")},
    **{
        f"{what}-{runtime}": recorded_events.recorded(what, runtime)
        for what in ("counters", "heap")
        for runtime in recorded_events.RUNTIMES
    },
    **{f"{what}-10": recorded_events.recorded(what, "10") for what in ("names", "later", "counters")},
}
CUT = frozenset({"names-10", "counters-10", *(f"counters-{runtime}" for runtime in recorded_events.RUNTIMES)})
"""Those that were recorded without their end: counters of a session that went on, and the beginning of many names."""


def read(stream: bytes, piece: int | None = None) -> tuple[NettraceReader, list[Event]]:
    found: list[Event] = []
    reader = NettraceReader(found.append)
    for start in range(0, len(stream), piece or len(stream)):
        reader.feed(stream[start : start + (piece or len(stream))])
    return reader, found
