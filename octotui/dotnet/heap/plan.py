"""What a histogram of the heap will cost a process, said before it is made."""

from __future__ import annotations

from octotui.dotnet.heap.model import HeapPlan
from octotui.processes.model import ProcessKey

SMALL_OBJECT_BYTES = 32
"""Of an average object where all are small: the least that is likely, so that the stop is rather said too long."""

STOP_SECONDS_PER_OBJECT = 0.15e-6
STREAM_PER_HEAP = 1.6
"""Where all objects are of the smallest size: 5 million in 160 MB made a stream of 220 MB, for which their process
grew by 250 MB. Larger ones need less."""

BUFFER_MB = 256
MOST_STREAM_BYTES = 1 << 30
LONG_STOP_SECONDS = 2.0
_SPARE_BYTES = 32 << 20


def plan(key: ProcessKey, heap_bytes: int, headroom_bytes: int | None) -> HeapPlan:
    """From the live heap and from what the container of the process has left, both in bytes.

    The number of objects is known only afterwards: the estimate takes them all for small ones, which is the worst.
    """
    objects = heap_bytes // SMALL_OBJECT_BYTES
    stop = objects * STOP_SECONDS_PER_OBJECT
    memory = min(round(heap_bytes * STREAM_PER_HEAP), BUFFER_MB << 20)
    warnings, refusal, hint = [], "", ""
    if stop >= LONG_STOP_SECONDS:
        warnings.append(f"all of its threads may stand still for up to {stop:.0f} s: its clients may give up")
    if heap_bytes * STREAM_PER_HEAP > MOST_STREAM_BYTES:
        warnings.append("the heap is larger than the gigabyte of events that is taken: some objects may be missing")
    elif heap_bytes * STREAM_PER_HEAP > BUFFER_MB << 20:
        warnings.append(f"its runtime has room for {BUFFER_MB} MB of events: many small objects may not all be told")
    if headroom_bytes is not None and headroom_bytes < memory + _SPARE_BYTES:
        refusal = (
            f"process {key.pid} may need {memory >> 20} MB more while it tells, and its container has "
            f"{headroom_bytes >> 20} MB left: the kernel could end it"
        )
        hint = f"octotui stacks {key.pid} needs no memory of it"
    return HeapPlan(key, heap_bytes, stop, memory, headroom_bytes, tuple(warnings), refusal, hint, objects)
