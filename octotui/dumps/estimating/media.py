"""What a dump is written to while its target stands still: memory only where that pays and harms nobody. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from octotui.dumps.estimating.history import Entry
from octotui.dumps.estimating.surroundings import HostMemory
from octotui.dumps.model import Medium
from octotui.units import bytes_text

WORTH_BYTES = 32 << 20
"""Below this the fixed part of a pause says more than the throughput, and staging in memory gains nothing."""

LATEST = 5
CLEARLY_BELOW = 0.7
ROOM_FACTOR = 2
MOST_PRESSURE_PERCENT = 1.0
FIXED_SECONDS = 0.15
MEMORY_BYTES_PER_SECOND = 900e6
"""Taken for what createdump gets into memory until this host has such captures to go by."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the choice depends on.

    `device` is the number of the disk as the history has it. `writer_room` is what the memory limit of the one who
    writes leaves, None for no limit, and `writer` names it. `obstacle` says why there is no place in memory at all,
    "" when there is. `taken_bytes` is what other captures of the same plan will hold in memory at the same time.
    """

    bytes: int
    type: str
    backend: str
    device: str
    host: HostMemory
    writer: str = "octotui"
    writer_room: int | None = None
    obstacle: str = ""
    taken_bytes: int = 0


@dataclass(frozen=True, slots=True)
class MediumChoice:
    """`reason` in words with figures. `is_refused`: what was asked for by name cannot be had."""

    medium: Medium
    reason: str
    is_refused: bool = False


def choose_medium(asked: Medium | None, found: Circumstances, entries: Sequence[Entry]) -> MediumChoice:
    """What the dump is written to. `asked` None leaves the choice to what is known of the disk and the memory."""
    if asked is Medium.DISK:
        return MediumChoice(Medium.DISK, "it was asked for")
    if asked is Medium.MEMORY:
        problem = why_no_room(found)
        return MediumChoice(Medium.MEMORY, problem or "it was asked for", is_refused=bool(problem))
    speaks_for, why = _is_worth_it(found, entries)
    if not speaks_for:
        return MediumChoice(Medium.DISK, why)
    problem = why_no_room(found)
    if problem:
        return MediumChoice(Medium.DISK, f"{why}, but {problem}")
    return MediumChoice(Medium.MEMORY, f"{why}; it is copied to the disk when the target runs again")


def why_no_room(found: Circumstances) -> str:
    """Why the dump must not be put into memory, in words; "" when it may."""
    if found.obstacle:
        return found.obstacle
    needed = ROOM_FACTOR * found.bytes + found.taken_bytes
    asked = f"{bytes_text(needed)} are asked for, twice the dump" + (" and the others" if found.taken_bytes else "")
    host = found.host
    if host.available_bytes < needed:
        return f"the host has {bytes_text(host.available_bytes)} of memory available and {asked}"
    if host.shared_bytes < needed:
        return f"its file system in memory has {bytes_text(host.shared_bytes)} free and {asked}"
    if found.writer_room is not None and found.writer_room < needed:
        return f"the memory limit of {found.writer} leaves {bytes_text(found.writer_room)} and {asked}"
    if host.pressure_percent is not None and host.pressure_percent > MOST_PRESSURE_PERCENT:
        return f"memory is short: processes waited for it {host.pressure_percent:.1f} % of the last minute"
    return ""


def _is_worth_it(found: Circumstances, entries: Sequence[Entry]) -> tuple[bool, str]:
    if found.bytes < WORTH_BYTES:
        return False, f"{bytes_text(found.bytes)} are written before a disk can slow it down"
    on_disk = _told(found, entries, Medium.DISK)
    if not on_disk:
        return False, "nothing is known of this disk yet"
    disk, memory, is_known = _rate(on_disk), MEMORY_BYTES_PER_SECOND, False
    if in_memory := _told(found, entries, Medium.MEMORY):
        memory, is_known = _rate(in_memory), True
    last = f"the last {len(on_disk)} captures" if len(on_disk) > 1 else "the last capture"
    took = f"this disk took {bytes_text(int(disk))} a second at {last}"
    beside = f"memory {'took' if is_known else 'takes about'} {bytes_text(int(memory))}"
    if disk >= CLEARLY_BELOW * memory:
        return False, f"{took}, {beside}: nothing is gained there"
    if found.bytes <= found.host.cache_bytes:
        return False, f"the page cache has room for {bytes_text(found.host.cache_bytes)}, so the disk is not waited for"
    return True, f"{took}, {beside}"


def _told(found: Circumstances, entries: Sequence[Entry], medium: Medium) -> list[Entry]:
    """The last captures that say how fast the medium takes such a dump: of this type and size rather than others."""
    told = [
        entry
        for entry in entries
        if entry.medium == medium
        and entry.pause_seconds > 0
        and entry.bytes >= WORTH_BYTES
        and (medium is Medium.MEMORY or entry.device == found.device)
    ]
    # A smaller dump may have found room in the page cache where this one will not.
    for wanted in (
        [entry for entry in told if entry.type == found.type and entry.bytes >= found.bytes / 2],
        [entry for entry in told if entry.type == found.type],
    ):
        if wanted:
            return wanted[-LATEST:]
    return told[-LATEST:]


def _rate(entries: Sequence[Entry]) -> float:
    """Median bytes per second once the writing has begun."""
    return median(e.bytes / max(e.pause_seconds - FIXED_SECONDS, e.pause_seconds / 2) for e in entries)
