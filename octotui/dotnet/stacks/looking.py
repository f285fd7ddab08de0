"""One look at the managed stacks of a process: samples, names, threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from octotui.dotnet.ipc import RuntimeInfo, process_info
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts
from octotui.dotnet.sessions import END_SECONDS, Rundown
from octotui.dotnet.stacks.methods import MOST_METHODS, MethodTable, unknown
from octotui.dotnet.stacks.model import MOST_FRAMES, Activity, FrameKind, Look, OtherThread, ThreadLook
from octotui.dotnet.stacks.recording import SampleRecord, Samples, learn, record
from octotui.dotnet.stacks.threads import MOST_THREADS, KernelThread, read_threads
from octotui.errors import DiagnosticsError

SAMPLING_SECONDS = 0.005
LONGER_SECONDS = 0.15
"""For a busy machine, on which the profiler did not come to a single sample in the usual time."""

DEADLINE_SECONDS = 10.0
_SESSION_SERVER = "System.Diagnostics.Tracing.EventPipe"
_PROC = Path("/proc")
_ASKING_SECONDS = 3.0


async def look(
    facts: RuntimeFacts,
    table: MethodTable,
    *,
    sampling_seconds: float = SAMPLING_SECONDS,
    deadline: float = DEADLINE_SECONDS,
    fresh_names: bool = False,
    clock: Callable[[], float] = time.time,
    proc: Path = _PROC,
) -> Look:
    """What the threads of `facts` do now. Names are told by the runtime once, and again for code that is new.

    All of it takes at most `deadline` seconds, the last `END_SECONDS` of which are for ending a session that gives no
    answer (at least half of a shorter deadline is left for the answer). The runtime's command line is left out.
    Raises DiagnosticsError; with the code "stacks-no-answer" when the process did not answer in time, which is what
    one does that is stuck in its runtime.
    """
    if facts.socket is None:
        raise DiagnosticsError(
            f"process {facts.key.pid} cannot be asked: {facts.socket_problem or 'it has no diagnostics socket'}",
            hint=f"take a dump instead: octotui dump {facts.key.pid}",
            code="no-socket",
        )
    began, taken_at = time.monotonic(), clock()
    try:
        async with asyncio.timeout(max(deadline - END_SECONDS, deadline / 2)):
            info = await process_info(facts.socket, timeout=min(_ASKING_SECONDS, deadline))
            if info.cookie != table.cookie:
                table.forget(info.cookie)
            asked = partial(_asked, facts.socket, table, partial(read_threads, facts.key, proc))
            found = await asked(sampling_seconds, wants_names=fresh_names or not len(table))
    except TimeoutError:
        raise _no_answer(facts.key.pid, deadline) from None
    except DiagnosticsError as error:
        if error.code == "diagnostics-timeout":
            raise _no_answer(facts.key.pid, deadline) from None
        raise
    info = replace(info, command="", version=info.version or facts.version)
    return _look(facts, info, table, found, taken_at, time.monotonic() - began)


async def _asked(
    target: DiagnosticsSocket,
    table: MethodTable,
    read: Callable[[], dict[int, KernelThread]],
    seconds: float,
    *,
    wants_names: bool,
) -> SampleRecord:
    """Samples once, and once more and longer when none came; then names when an address has none."""
    once = partial(record, target, table, begin_seconds=DEADLINE_SECONDS, read_threads=read)
    found = await once(sampling_seconds=seconds, rundown=Rundown.METHODS if wants_names else Rundown.NONE)
    if not found.samples:
        found = _later(found, await once(sampling_seconds=max(LONGER_SECONDS, seconds), rundown=Rundown.NONE))
    if any(map(table.needs_rundown, found.addresses)):
        lost = await learn(target, table, begin_seconds=DEADLINE_SECONDS)
        found = replace(found, lost_events=found.lost_events + lost)
        for address in found.addresses:
            table.give_up(address)
    return found


def _later(first: SampleRecord, second: SampleRecord) -> SampleRecord:
    """The second record, unless only the first has samples; with the losses of both."""
    kept = second if second.samples else first
    return replace(kept, lost_events=first.lost_events + second.lost_events)


def _look(
    facts: RuntimeFacts, info: RuntimeInfo, table: MethodTable, found: SampleRecord, taken_at: float, seconds: float
) -> Look:
    everyone = [_thread(own_id, samples, found.threads.get(own_id), table) for own_id, samples in found.samples.items()]
    seen = [thread for thread in everyone if not _answers_us(thread)]
    own_ids = {thread.own_id for thread in seen}
    others = [thread for own_id, thread in found.threads.items() if own_id not in own_ids]
    unnamed = sum(frame.kind is FrameKind.UNKNOWN for thread in seen for frame in thread.frames)
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
        tuple(_remarks(info, table, found, unnamed, seen)),
    )


def _thread(own_id: int, samples: Samples, thread: KernelThread | None, table: MethodTable) -> ThreadLook:
    frames = tuple(table.find(address) or unknown(address) for address in samples.stack)
    name, state, used = (thread.name, thread.state, thread.cpu_seconds) if thread else ("", "", None)
    return ThreadLook(
        thread.id if thread else 0,
        own_id,
        name,
        state,
        _activity(samples, state) if thread else Activity.ENDED,
        frames,
        samples.count,
        samples.managed,
        len(samples.seen),
        used,
    )


def _answers_us(thread: ThreadLook) -> bool:
    """Whether it is the runtime's thread that begins and ends sessions: it does only what it is asked for here."""
    return bool(thread.frames) and thread.frames[-1].method.startswith(_SESSION_SERVER)


def _activity(samples: Samples, state: str) -> Activity:
    """One sample in managed code is weak evidence: a thread that has just woken up is taken for running too."""
    if samples.managed * 2 > samples.count or (samples.managed and (state == "R" or len(samples.seen) > 1)):
        return Activity.MANAGED
    return Activity.NATIVE if state == "R" else Activity.WAITING


def _remarks(
    info: RuntimeInfo, table: MethodTable, found: SampleRecord, unnamed: int, seen: Iterable[ThreadLook]
) -> Iterable[str]:
    if not info.cookie:
        yield (
            "before .NET 5 threads have no names of their own, frames that only call others can be missing, and the end"
            " of a session can in rare cases block the runtime: look once, not again and again"
        )
    if not found.samples:
        yield "no thread was seen in managed code or below it: the machine may be too busy to sample, look again"
    if found.lost_events:
        yield f"the runtime had no room for {found.lost_events} events: names or samples are missing"
    if table.is_cut:
        yield f"of its methods no more than {MOST_METHODS} are kept: frames may have no name"
    if unnamed:
        frames = "1 frame has" if unnamed == 1 else f"{unnamed} frames have"
        yield f"{frames} no name: the runtime tells of no method there"
    if any(thread.is_cut for thread in seen):
        yield f"a runtime tells the {MOST_FRAMES} innermost frames of a stack: outer ones of longer stacks are missing"
    if len(found.threads) >= MOST_THREADS:
        yield f"of its threads no more than {MOST_THREADS} were looked at"


def _no_answer(pid: int, deadline: float) -> DiagnosticsError:
    return DiagnosticsError(
        f"process {pid} gave no stacks within {deadline:.3g} s: its runtime may wait for a thread that cannot be"
        " stopped, and its socket answers nothing meanwhile",
        hint=f"take a dump first, in a way that asks the runtime nothing: octotui dump --backend createdump {pid}",
        code="stacks-no-answer",
    )
