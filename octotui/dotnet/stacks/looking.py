"""One look at the managed stacks of a process: samples, names, threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from octotui.dotnet.ipc import RuntimeInfo, process_info
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts
from octotui.dotnet.sessions import Rundown
from octotui.dotnet.stacks.methods import MethodTable, unknown
from octotui.dotnet.stacks.model import Activity, Frame, Look, OtherThread, ThreadLook
from octotui.dotnet.stacks.recording import SampleRecord, Samples, record
from octotui.dotnet.stacks.threads import KernelThread, read_threads
from octotui.errors import DiagnosticsError

SAMPLING_SECONDS = 0.005
LONGER_SECONDS = 0.15
"""For a busy machine, on which the profiler did not come to a single sample in the usual time."""

DEADLINE_SECONDS = 10.0
_ASKING_SECONDS = 3.0


async def look(
    facts: RuntimeFacts,
    table: MethodTable,
    *,
    sampling_seconds: float = SAMPLING_SECONDS,
    deadline: float = DEADLINE_SECONDS,
    fresh_names: bool = False,
) -> Look:
    """What the threads of `facts` do now. Names are told by the runtime once, and again for code that is new.

    Raises DiagnosticsError; with the code "stacks-no-answer" when the process did not answer within `deadline`
    seconds, which is what one that is stuck in its runtime does.
    """
    if facts.socket is None:
        raise DiagnosticsError(
            f"process {facts.key.pid} cannot be asked: {facts.socket_problem or 'it has no diagnostics socket'}",
            hint=f"octotui dump {facts.key.pid}",
            code="no-socket",
        )
    began, taken_at = time.monotonic(), time.time()
    try:
        async with asyncio.timeout(deadline):
            info = await process_info(facts.socket, timeout=min(_ASKING_SECONDS, deadline))
            if info.cookie != table.cookie or fresh_names:
                table.forget(info.cookie)
            found, threads = await asyncio.gather(
                _record(facts.socket, table, sampling_seconds, began + deadline),
                asyncio.to_thread(read_threads, facts.key.pid),
            )
    except TimeoutError:
        raise _no_answer(facts, deadline) from None
    except DiagnosticsError as error:
        if error.code == "diagnostics-timeout":
            raise _no_answer(facts, deadline) from None
        raise
    return _look(facts, info, table, found, threads, taken_at, time.monotonic() - began)


async def _record(target: DiagnosticsSocket, table: MethodTable, sampling_seconds: float, end: float) -> SampleRecord:
    tries = [(Rundown.NONE, sampling_seconds)] if len(table) else []
    tries += [(Rundown.METHODS, sampling_seconds), (Rundown.NONE, LONGER_SECONDS)]
    for rundown, seconds in tries:
        left = max(0.1, end - time.monotonic())
        found = await record(target, table, sampling_seconds=seconds, rundown=rundown, deadline=left)
        if found.threads and (rundown is Rundown.METHODS or _all_named(found, table)):
            break
    return found


def _all_named(found: SampleRecord, table: MethodTable) -> bool:
    stacks = {stack for samples in found.threads.values() for stack in samples.seen}
    return all(table.find(address) is not None for stack in stacks for address in stack)


def _look(
    facts: RuntimeFacts,
    info: RuntimeInfo,
    table: MethodTable,
    found: SampleRecord,
    threads: dict[int, KernelThread],
    taken_at: float,
    seconds: float,
) -> Look:
    seen = [_thread(own_id, samples, threads.get(own_id), table) for own_id, samples in found.threads.items()]
    others = [thread for own_id, thread in threads.items() if own_id not in found.threads]
    unnamed = sum(frame.method.startswith("0x") and not frame.module for thread in seen for frame in thread.frames)
    return Look(
        facts.key,
        taken_at,
        seconds,
        info,
        tuple(sorted(seen, key=lambda thread: (thread.id or 1 << 62, thread.own_id))),
        tuple(OtherThread(one.id, one.own_id, one.name, one.state) for one in sorted(others, key=lambda one: one.id)),
        found.stops,
        found.lost_events,
        unnamed,
        tuple(_remarks(facts, info, found, unnamed, seen)),
    )


def _thread(own_id: int, samples: Samples, thread: KernelThread | None, table: MethodTable) -> ThreadLook:
    frames: tuple[Frame, ...] = tuple(table.find(address) or unknown(address) for address in samples.stack)
    if thread is None:
        activity = Activity.ENDED
    elif samples.managed:
        activity = Activity.MANAGED
    else:
        activity = Activity.NATIVE if thread.state == "R" else Activity.WAITING
    host_id, name, state = (thread.id, thread.name, thread.state) if thread else (0, "", "")
    used = thread.cpu_seconds if thread else None
    return ThreadLook(
        host_id, own_id, name, state, activity, frames, samples.count, samples.managed, len(samples.seen), used
    )


def _remarks(
    facts: RuntimeFacts, info: RuntimeInfo, found: SampleRecord, unnamed: int, seen: Iterable[ThreadLook]
) -> Iterable[str]:
    if not found.threads:
        yield "no thread was seen in managed code or below it: the machine may be too busy to sample, look again"
    if not found.is_complete:
        yield "the stream broke off before its end: threads or names may be missing"
    if found.lost_events:
        yield f"the runtime had no room for {found.lost_events} events: names or samples are missing"
    if unnamed:
        yield f"{unnamed} frames have no name: their code came after the names were told, look again"
    if any(thread.is_cut for thread in seen):
        yield "a runtime tells the 100 innermost frames of a stack: the outer ones of longer stacks are not here"
    if not info.version and facts.version.startswith("3."):
        yield "before .NET 5 threads have no names of their own and frames that only call others can be missing"


def _no_answer(facts: RuntimeFacts, deadline: float) -> DiagnosticsError:
    return DiagnosticsError(
        f"process {facts.key.pid} gave no stacks within {deadline:.3g} s: it may be stuck in its runtime",
        hint=f"take a dump: octotui dump --backend createdump {facts.key.pid}",
        code="stacks-no-answer",
    )
