"""What a capture will cost: bytes on disk and seconds that the target stands still."""

from __future__ import annotations

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.files import SPACE_FLOOR_BYTES
from octotui.dumps.history import History
from octotui.dumps.model import DumpType, Estimate

SMALL_BYTES = 6_000_000
"""A mini or triage dump of .NET 8, whatever its heap (two processes measured, 0.5 and 2.1 GB)."""

FIXED_PAUSE_SECONDS = 0.15
"""The part of the pause in which createdump looks around and writes nothing."""

BYTES_PER_SECOND = 700e6
"""Taken until this host has captures to go by."""

DEADLINE_FACTOR = 3.0
DEADLINE_EXTRA_SECONDS = 30.0
SPACE_FACTOR = 1.2

SIZE_FACTOR = 2
SIZE_EXTRA_BYTES = 1 << 30


def estimate(facts: RuntimeFacts, type: DumpType, backend: str, history: History) -> Estimate:
    """The cost of one step."""
    size = estimated_bytes(facts, type)
    fixed = history.fixed_seconds(backend) or FIXED_PAUSE_SECONDS
    if type in (DumpType.MINI, DumpType.TRIAGE):
        return Estimate(size, fixed)
    return Estimate(size, fixed + size / (history.throughput(backend, fixed) or BYTES_PER_SECOND))


def estimated_bytes(facts: RuntimeFacts, type: DumpType) -> int:
    """Bytes of the file."""
    if type in (DumpType.MINI, DumpType.TRIAGE):
        return SMALL_BYTES
    images = facts.mapped_bytes if type is DumpType.FULL else 0
    return max(SMALL_BYTES, facts.private_bytes + images)


def deadline_seconds(expected: Estimate) -> float:
    """When a capture counts as stuck."""
    return DEADLINE_FACTOR * expected.pause_seconds + DEADLINE_EXTRA_SECONDS


def most_bytes(expected: int) -> int:
    """Above this a file is not the dump that was asked for, whoever wrote it."""
    return SIZE_FACTOR * expected + SIZE_EXTRA_BYTES


def needed_bytes(total: int) -> int:
    """Free space that a plan of `total` bytes asks for: estimates are not exact, and a full disk harms the host."""
    return int(total * SPACE_FACTOR) + SPACE_FLOOR_BYTES
