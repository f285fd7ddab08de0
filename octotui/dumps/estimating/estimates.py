"""What a capture will cost: bytes on disk and seconds that the target stands still."""

from __future__ import annotations

from octotui.dotnet.model import RuntimeFacts
from octotui.dotnet.runtime import gcore_bytes
from octotui.dumps.disk.files import SPACE_FLOOR_BYTES
from octotui.dumps.estimating.history import Entry, History, device_name
from octotui.dumps.estimating.learning import GDB, Line, Shape, learned_pause, learned_size
from octotui.dumps.model import DumpType, Estimate, Medium
from octotui.dumps.results import DumpResult

SMALL_BYTES = 6_000_000
"""A mini or triage dump of .NET 5 and later, whatever its heap; a heap dump holds as much beside the heap."""

SMALL_BYTES_OF_OLD = 2_100_000
"""The same of .NET Core 3.1, whose createdump writes less of the runtime's own state."""

FIRST_VERSION_THAT_LOOKS_LONG = 5

FIXED_PAUSE_SECONDS = 0.15
"""The part of the pause in which createdump looks around and writes nothing."""

FIXED_PAUSE_SECONDS_OF_OLD = 0.05

BYTES_PER_SECOND = 700e6
"""Taken until this host has captures to go by."""

DEADLINE_FACTOR = 3.0
DEADLINE_EXTRA_SECONDS = 30.0
SPACE_FACTOR = 1.2

SIZE_FACTOR = 2
SIZE_EXTRA_BYTES = 1 << 30


def estimate(
    facts: RuntimeFacts,
    type: DumpType,
    backend: str,
    history: History,
    medium: Medium = Medium.DISK,
    device: str = "",
) -> Estimate:
    """The cost of one step that is written to `medium`; `device` is the number of the disk, "" when unknown."""
    entries = history.entries()
    foreseen = foreseen_bytes(facts, type, backend)
    runtime = major_version(facts.version)
    shape = Shape(backend, type.value, medium.value, device, runtime, foreseen)
    size = learned_size(shape, foreseen, entries)
    is_old = _is_old(facts)
    usual = Line(FIXED_PAUSE_SECONDS_OF_OLD if is_old else FIXED_PAUSE_SECONDS, 1 / BYTES_PER_SECOND)
    shape = Shape(backend, type.value, medium.value, device, runtime, size)
    return Estimate(size, learned_pause(shape, usual, entries))


def estimated_bytes(facts: RuntimeFacts, type: DumpType) -> int:
    """Bytes of the file by what `/proc` says, before anything learned is applied to it."""
    small = SMALL_BYTES_OF_OLD if _is_old(facts) else SMALL_BYTES
    if type in (DumpType.MINI, DumpType.TRIAGE):
        return small
    return facts.private_bytes + (facts.mapped_bytes if type is DumpType.FULL else small)


def foreseen_bytes(facts: RuntimeFacts, type: DumpType, backend: str) -> int:
    """The same for the file that `backend` writes: gdb's also holds what was set aside and never touched."""
    whole = gcore_bytes(facts.key) if backend == GDB else 0
    return whole or estimated_bytes(facts, type)


def major_version(version: str) -> str:
    """`8` of `8.0.4`, "" when it is unknown."""
    major = version.partition(".")[0]
    return major if major.isdecimal() else ""


def _is_old(facts: RuntimeFacts) -> bool:
    major = major_version(facts.version)
    return bool(major) and int(major) < FIRST_VERSION_THAT_LOOKS_LONG


def lesson_of(result: DumpResult, facts: RuntimeFacts, device: int, *, was_alone: bool = True) -> Entry:
    """What a finished capture teaches; `device` is the number of what was written to while the target stood still.

    Captures that shared cores and disk say nothing of the pause that one alone costs, but all of its size.
    """
    return Entry(
        backend=result.backend,
        type=result.type.value,
        bytes=result.bytes,
        seconds=result.seconds,
        pause_seconds=(result.pause_seconds or 0.0) if was_alone else 0.0,
        medium=result.medium.value,
        device=device_name(device),
        foreseen_bytes=foreseen_bytes(facts, result.type, result.backend),
        runtime=major_version(facts.version),
    )


def deadline_seconds(expected: Estimate) -> float:
    """When a capture counts as stuck."""
    return DEADLINE_FACTOR * expected.pause_seconds + DEADLINE_EXTRA_SECONDS


def most_bytes(expected: int) -> int:
    """Above this a file is not the dump that was asked for, whoever wrote it."""
    return SIZE_FACTOR * expected + SIZE_EXTRA_BYTES


def needed_bytes(total: int) -> int:
    """Free space that a plan of `total` bytes asks for: estimates are not exact, and a full disk harms the host."""
    return int(total * SPACE_FACTOR) + SPACE_FLOOR_BYTES
