"""Asks every .NET process of a tree, one after the other or again and again, and keeps what it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from octotui.analysis.hostfacts import read_host_facts
from octotui.analysis.model import Analysis, HostFacts, ProcessAnalysis
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.stacks.model import Look
from octotui.errors import OctotuiError, Refused
from octotui.octopus.secrets import redact_text
from octotui.processes.model import ProcessKey, Sample

COUNTERS_SECONDS = 5.0
"""How long the first reading of counters is waited for; runtimes before .NET 5 take two seconds."""


class Asks(Protocol):
    """What is used of an observer; `octotui.dotnet.observer.Observer` is one."""

    async def look(self, key: ProcessKey) -> Look: ...

    def counters(self, key: ProcessKey) -> AsyncGenerator[CounterReading, None]: ...


async def take(
    observer: Asks,
    sample: Sample,
    keys: Sequence[ProcessKey],
    *,
    host: HostFacts | None = None,
    samples: int = 1,
    every_seconds: float = 5.0,
    with_counters: bool = False,
    on_step: Callable[[str], None] | None = None,
    on_round: Callable[[Analysis], None] | None = None,
) -> Analysis:
    """The processes of `keys`, in that order, with `samples` looks at each, `every_seconds` from start to start.

    All are looked at at the same time in each round. One that cannot be asked has its `failure` and does not
    keep the others waiting. `on_step` gets what is done now, `on_round` what is known after each round of looks:
    whoever is cut off has that. Raises nothing of its own.
    """
    began, taken_at = time.monotonic(), time.time()
    facts = await asyncio.to_thread(read_host_facts) if host is None else host
    found = {key: _process(sample, key, keys) for key in dict.fromkeys(keys) if key in sample.snapshot.processes}
    asked = [key for key, one in found.items() if one.is_dotnet]

    def so_far() -> Analysis:
        return Analysis(taken_at, time.monotonic() - began, facts, tuple(found.values()))

    for number in range(samples):
        if on_step is not None and asked:
            on_step(f"look {number + 1} of {samples}" if samples > 1 else "looking at the threads")
        round_began = time.monotonic()
        answers = await asyncio.gather(*(_looked(observer, found[key]) for key in asked))
        found.update((one.key, one) for one in answers)
        asked = [one.key for one in answers if one.failure is None and one.is_dotnet]
        if on_round is not None:
            on_round(so_far())
        if not asked:
            break
        if number + 1 < samples:
            await asyncio.sleep(max(0.0, round_began + every_seconds - time.monotonic()))
    if with_counters and asked:
        if on_step is not None:
            on_step("reading counters")
        found.update((one.key, one) for one in await asyncio.gather(*(_counted(observer, found[key]) for key in asked)))
    return so_far()


async def _looked(observer: Asks, process: ProcessAnalysis) -> ProcessAnalysis:
    try:
        look = await observer.look(process.key)
    except Refused as error:
        if error.code == "not-dotnet":
            return replace(process, is_dotnet=False)
        return replace(process, failure=_without_places(error, process.key.pid))
    except OctotuiError as error:
        return replace(process, failure=_without_places(error, process.key.pid))
    return replace(process, looks=(*process.looks, _redacted(look)))


def _without_places(failure: OctotuiError, pid: int) -> OctotuiError:
    """Paths in a reason come from the environment of the process, and an analysis holds nothing of that."""
    if "/" not in failure.message and "/" not in failure.hint:
        return failure
    words, hint = f"process {pid} cannot be asked ({failure.code})", f"octotui doctor {pid} says why"
    return type(failure)(words, hint=hint, code=failure.code)


async def _counted(observer: Asks, process: ProcessAnalysis) -> ProcessAnalysis:
    try:
        async with asyncio.timeout(COUNTERS_SECONDS), aclosing(observer.counters(process.key)) as readings:
            return replace(process, counters=await anext(readings, None))
    except (OctotuiError, TimeoutError):
        # The stacks are the answer; a runtime that tells no counters does not spoil it.
        return process


def _redacted(look: Look) -> Look:
    """Thread names are the program's own text, and one can hold what octotui knows to be a secret."""
    threads = tuple(replace(thread, name=redact_text(thread.name)) for thread in look.threads)
    others = tuple(replace(thread, name=redact_text(thread.name)) for thread in look.others)
    return replace(look, threads=threads, others=others)


def _process(sample: Sample, key: ProcessKey, keys: Sequence[ProcessKey]) -> ProcessAnalysis:
    process, meaning = sample.snapshot.processes[key], sample.meaning(key)
    return ProcessAnalysis(
        key=key,
        depth=_depth(sample, key, set(keys)),
        name=redact_text(process.name),
        role=meaning.role,
        task=meaning.task,
        instance=meaning.instance,
        version=meaning.version,
        user=process.user,
        state=process.state,
        age_seconds=sample.snapshot.age_seconds(process),
        threads=process.threads,
        cpu_percent=sample.cpu_percent.get(key),
        rss_bytes=process.rss_bytes,
        is_dotnet=meaning.dotnet is not False,
    )


def _depth(sample: Sample, key: ProcessKey, keys: set[ProcessKey]) -> int:
    pids: Mapping[int, ProcessKey] = sample.snapshot.pids
    depth, seen = 0, {key}
    while (parent := pids.get(sample.snapshot.processes[key].parent_pid)) is not None and parent not in seen:
        seen.add(parent)
        depth += parent in keys
        key = parent
    return depth
