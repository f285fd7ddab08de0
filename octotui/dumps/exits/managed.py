"""Which threads had left managed code at the end, told from addresses alone: nothing of the runtime is read.

A thread that runs managed code, or waits in something that managed code called, has the address of managed code in its
program counter or on its stack. The reverse does not hold: an address may lie there from before.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.memorymap import Mapping
from octotui.dumps.exits.notes import ThreadImage
from octotui.dumps.exits.taskfiles import slurp

MOST_STACK_BYTES = 8 << 20
_AT_ONCE = 64 << 10
_RUNTIME_THREADS = b".NET "
"""How the names of the threads begin that a runtime makes for itself."""


def left_managed(
    pid: int, threads: Iterable[ThreadImage], mappings: Sequence[Mapping], memory: int, machine: Machine
) -> list[int]:
    """The threads without managed code on their stack, those of the runtime aside; [] where there is no such code.

    `memory` is an open `/proc/PID/mem`.
    """
    code = [mapping for mapping in mappings if mapping.may_hold_managed_code]
    if not code or not any(b"libcoreclr" in mapping.path for mapping in mappings):
        return []
    # Neighbours are looked up by two halves of one list: an odd place is inside.
    borders: list[int] = []
    for mapping in code:
        if borders and borders[-1] == mapping.start:
            borders[-1] = mapping.end
        else:
            borders += [mapping.start, mapping.end]
    return [
        image.thread
        for image in threads
        if not slurp(f"/proc/{pid}/task/{image.thread}/comm").startswith(_RUNTIME_THREADS)
        and not _has_managed(image, borders, mappings, memory, machine)
    ]


def _has_managed(
    image: ThreadImage, borders: list[int], mappings: Sequence[Mapping], memory: int, machine: Machine
) -> bool:
    registers = array("Q", image.general)
    if bisect_right(borders, registers[machine.code_register]) & 1:
        return True
    stack = registers[machine.stack_register] & ~7
    home = next((m for m in mappings if m.start <= stack < m.end), None)
    if home is None:
        return False
    end = min(home.end, stack + MOST_STACK_BYTES)
    low, high = borders[0], borders[-1]
    while stack < end:
        try:
            raw = os.pread(memory, min(_AT_ONCE, end - stack), stack)
        except OSError:
            return False
        if len(raw) < 8:
            return False
        words = array("Q", raw[: len(raw) & ~7])
        if any(low <= word < high and bisect_right(borders, word) & 1 for word in words):
            return True
        stack += len(raw)
    return False
