"""`octotui counters`: figures that a .NET process gives of itself while it runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.arguments import pid
from octotui.cli.asking import INTERRUPTED, Narrator, unless_interrupted
from octotui.cli.choosing import named_process
from octotui.errors import DiagnosticsError

if TYPE_CHECKING:
    from octotui.dotnet.counters.model import CounterReading
    from octotui.host import Host
    from octotui.processes.model import ProcessKey

LONGEST_SECONDS = 3600
_SHOWN = (
    "cpu-usage", "gc-heap-size", "alloc-rate", "time-in-gc", "threadpool-thread-count", "threadpool-queue-length",
    "monitor-lock-contention-count", "exception-count",
)  # fmt: skip
_HEADS = ("CPU", "GC heap", "allocates", "in GC", "pool threads", "pool queue", "contention", "exceptions")
_WIDTH = 12


@click.command("counters")
@click.argument("process", metavar="PID", type=pid)
@click.option(
    "--seconds",
    type=click.IntRange(1, LONGEST_SECONDS),
    default=5,
    show_default=True,
    metavar="N",
    help="How many readings, one a second.",
)
@output.json_option
def command(process: int, seconds: int, as_json: bool) -> int:
    """CPU, heap, allocations, thread pool and locks of a .NET process, once a second.

    Its runtime tells them; that costs the process about 0.3 % of a core for as long as it lasts.
    """
    from octotui import config, locations
    from octotui.host import Host

    host = Host.open(config.load(locations.config_files()))
    key = named_process(host.read_sample(), process)
    readings: list[CounterReading] = []
    narrator = Narrator(as_json=as_json)
    narrator.say("waiting for the first reading")
    whole = asyncio.run(_read(host, key, seconds, readings, as_json=as_json, narrator=narrator))
    if whole is None and not readings:
        raise click.Abort
    if whole is not None and not readings:
        raise DiagnosticsError(
            f"process {process} ended before it told a reading", hint="octotui tree", code="process-gone"
        )
    if as_json:
        from octotui.analysis.document import counters_document

        documents = [counters_document(one) for one in readings]
        output.write_json({"pid": key.pid, "started": key.started, "readings": documents})
    return 0 if whole is not None else INTERRUPTED


async def _read(
    host: Host, key: ProcessKey, count: int, readings: list[CounterReading], *, as_json: bool, narrator: Narrator
) -> bool | None:
    try:
        return await unless_interrupted(_follow(host, key, count, readings, as_json=as_json, narrator=narrator))
    finally:
        await host.observer.aclose()


async def _follow(
    host: Host, key: ProcessKey, count: int, readings: list[CounterReading], *, as_json: bool, narrator: Narrator
) -> bool:
    async with aclosing(host.observer.counters(key, on_wait=narrator.say)) as told:
        async for reading in told:
            if not as_json:
                if not readings:
                    output.line("  ".join(f"{head:>{_WIDTH}}" for head in ("time UTC", *_HEADS)))
                output.line(row(reading))
            readings.append(reading)
            if len(readings) >= count:
                break
    return True


def row(reading: CounterReading) -> str:
    """One reading in aligned columns; a dash for what this runtime does not tell."""
    from octotui.analysis.document import iso
    from octotui.analysis.text import value_text
    from octotui.dotnet.counters.catalogue import CATALOGUE, scaled

    by_name = {counter.name: counter for counter in CATALOGUE}
    cells = [iso(reading.taken_at)[11:19]]
    for name in _SHOWN:
        counter = by_name[name]
        value = scaled(counter, reading.values, reading.interval_seconds)
        cells.append("-" if value is None else value_text(value, counter.unit))
    return "  ".join(f"{cell:>{_WIDTH}}" for cell in cells)
