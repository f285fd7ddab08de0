"""What a person has to know before a rule is armed, and what speaks against arming it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from octotui.dotnet.asking import why_not
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.sentence import named
from octotui.dumps.captures.workplace import Workshop
from octotui.dumps.catching.landing import BACKEND
from octotui.dumps.disk.files import SPACE_FLOOR_BYTES
from octotui.dumps.disk.filesystems import file_system_of
from octotui.dumps.estimating.estimates import estimate
from octotui.dumps.exits.machine import this_machine
from octotui.dumps.keeping.limits import Bound, Limits
from octotui.dumps.keeping.usage import used_bytes
from octotui.dumps.model import DumpType, Remark, Severity
from octotui.dumps.plans.destination import why_not_usable
from octotui.dumps.rights import why_not_trace_ends
from octotui.errors import OctotuiError
from octotui.octopus.rolenames import SERVICES, roles_named
from octotui.processes.model import ProcessKey, Sample
from octotui.units import bytes_text, seconds_text

LEAST_ROOM_BYTES = 256 << 20
"""Less than this holds no dump with all memory of a .NET process."""

USUAL_BYTES_PER_SECOND = 150_000_000
LONGEST_ENVIRONMENT = 1 << 20
_UNASKABLE = frozenset({"not-dotnet", "unreadable", "no-socket", "denied"})
CRASH_DUMP_VARIABLES = (b"DOTNET_DbgEnableMiniDump=1", b"COMPlus_DbgEnableMiniDump=1")


@dataclass(frozen=True, slots=True)
class Room:
    """What a dump may take at `destination`, in bytes, and what has to stay free on that disk."""

    most_bytes: int
    least_free_bytes: int
    free_bytes: int


def room_at(destination: Path, workshop: Workshop, limits: Limits) -> Room:
    """Blocks for milliseconds. Raises OSError when the disk cannot be asked."""
    disk = file_system_of(destination)
    floor = max(limits.keep_free.of(disk.total_bytes), SPACE_FLOOR_BYTES)
    most = max(0, disk.free_bytes - floor)
    store = workshop.store.directory
    if destination == store and limits.quota != Bound():
        most = min(most, max(0, limits.quota.of(disk.total_bytes) - used_bytes(store)))
    return Room(most, floor, disk.free_bytes)


def remarks_of(
    rule: Rule, sample: Sample, workshop: Workshop, limits: Limits, can_look: bool = True
) -> tuple[Remark, ...]:
    """Refusals, warnings and notices, in that order. Reads `/proc` and the file system, changes nothing; blocks.

    `can_look`: stacks can be taken at all.
    """
    found = [*_on_process(rule, sample), *_on_hold(rule, sample)]
    if rule.take.has_stacks and not any(remark.severity is Severity.REFUSAL for remark in found):
        found += _on_stacks(rule, workshop, can_look)
    if rule.when.at_exit and not any(remark.severity is Severity.REFUSAL for remark in found):
        found += _on_trace(rule, sample, workshop, limits)
    order = list(Severity)
    return tuple(sorted(found, key=lambda remark: order.index(remark.severity)))


def _on_process(rule: Rule, sample: Sample) -> Iterator[Remark]:
    for key in (rule.whom.key, rule.whom.under):
        process = sample.snapshot.processes.get(key) if key is not None else None
        if key is not None and (process is None or process.state in ("Z", "X")):
            words = f"process {key.pid} has ended"
            yield Remark(Severity.REFUSAL, "process-gone", words, "look at the tree again: octotui tree", key)


def _on_hold(rule: Rule, sample: Sample) -> Iterator[Remark]:
    if not rule.hold:
        return
    key = rule.whom.key
    roles = {sample.meaning(key).role} if key is not None else roles_named(rule.whom.role)
    if roles & SERVICES and not rule.hold_services:
        words = "a Tentacle or a Server that stands still answers nobody, so neither is held"
        yield Remark(Severity.REFUSAL, "service", words, "leave out --hold, or add --yes-hold-service", key)
        return
    seconds = seconds_text(rule.hold_seconds)
    after = "and for its capture after that" if rule.take.has_dump else "and is let go for its stacks"
    words = f"the process stands still for up to {seconds} to be looked at, {after}"
    yield Remark(Severity.WARNING, "hold", words, "the deployment waits for it meanwhile", key)
    if not rule.hold_services and not roles:
        yield Remark(Severity.NOTICE, "service", "Tentacle and Server are not held", "add --yes-hold-service")


def _on_stacks(rule: Rule, workshop: Workshop, can_look: bool) -> Iterator[Remark]:
    key = rule.whom.key
    if not can_look:
        yield Remark(
            Severity.REFUSAL, "no-stacks", "stacks cannot be taken here", "take a dump: leave out --stacks", key
        )
    facts = _facts(key, workshop) if key is not None else None
    error = why_not(facts) if facts is not None else None
    if error is None:
        return
    # What is stopped, traced or starting now may be free when its condition is met; the rest does not change.
    is_final = error.code in _UNASKABLE and not rule.take.has_dump
    yield Remark(Severity.REFUSAL if is_final else Severity.WARNING, error.code, error.message, error.hint, key)


def _on_trace(rule: Rule, sample: Sample, workshop: Workshop, limits: Limits) -> Iterator[Remark]:
    why_not, hint = why_not_trace_ends(workshop.rights)
    if this_machine() is None:
        why_not, hint = f"this is {os.uname().machine}, and it is done on x86-64 only", "leave out --at-exit"
    if why_not:
        words = f"no process can be traced to its end: {why_not}"
        yield Remark(Severity.REFUSAL, "no-trace", words, hint, rule.whom.key)
        return
    yield from _on_room(rule, workshop, limits)
    key = rule.whom.key
    facts = _facts(key, workshop) if key is not None else None
    if key is not None and facts is not None:
        yield from _on_target(named(key, sample), key, facts)
    yield Remark(
        Severity.WARNING,
        "tracer",
        "while it is traced no other tool can dump or debug it (createdump, dotnet-dump, gdb, strace), its own crash "
        "dump (DOTNET_DbgEnableMiniDump) is not written, and it makes new threads more slowly",
        "disarm the rule, and it is as before",
        key,
    )
    yield Remark(
        Severity.WARNING,
        "waits",
        _waiting_words(facts, workshop),
        "Ctrl+C, or x on the screen, gives the dump up and lets it end",
        key,
    )
    words = "one that returned from Main by itself has left its main thread's managed code by then; its heap is whole"
    yield Remark(Severity.NOTICE, "returned", words, key=key)
    if not workshop.rights.is_root:
        words = f"only processes of uid {workshop.rights.uid} can be traced"
        yield Remark(Severity.NOTICE, "own-user", words, "run it with sudo for those of others", key)


def _on_room(rule: Rule, workshop: Workshop, limits: Limits) -> Iterator[Remark]:
    store = workshop.store
    destination = rule.destination.absolute() if rule.destination else store.directory
    try:
        problem, hint = why_not_usable(destination, is_store=destination == store.directory)
        if problem:
            yield Remark(Severity.REFUSAL, "destination", problem, hint)
            return
        room = room_at(destination, workshop, limits)
    except OSError as error:
        words = f"{destination} cannot be looked at ({error.strerror})"
        yield Remark(Severity.REFUSAL, "destination", words, "choose another --output DIR")
        return
    if room.most_bytes < LEAST_ROOM_BYTES:
        kept = bytes_text(room.least_free_bytes)
        words = (
            f"there is room for {bytes_text(room.most_bytes)} in {destination} ({bytes_text(room.free_bytes)} free, "
            f"of which {kept} have to stay free), which holds no dump with all memory"
        )
        yield Remark(Severity.REFUSAL, "no-space", words, "octotui dumps prune, or choose another --output DIR")


def _on_target(name: str, key: ProcessKey, facts: RuntimeFacts) -> Iterator[Remark]:
    if facts.tracer_pid:
        words = f"{name} is traced already, by {facts.tracer_name or 'process'} {facts.tracer_pid}"
        yield Remark(Severity.REFUSAL, "traced", words, "end that first", key)
    if writes_crash_dumps(key):
        words = f"{name} is set up to write its own crash dump (DOTNET_DbgEnableMiniDump), and will not while traced"
        yield Remark(Severity.WARNING, "crash-dump", words, "octotui's dump of its end takes that place", key)


def writes_crash_dumps(key: ProcessKey) -> bool:
    """Whether its environment, as it was at its start, tells the runtime to write a dump when it crashes."""
    try:
        with open(f"/proc/{key.pid}/environ", "rb") as stream:
            variables = stream.read(LONGEST_ENVIRONMENT).split(b"\0")
    except OSError:
        return False
    return any(variable in CRASH_DUMP_VARIABLES for variable in variables)


def _facts(key: ProcessKey, workshop: Workshop) -> RuntimeFacts | None:
    try:
        return workshop.inspect(key)
    except (OctotuiError, OSError):
        return None


def _waiting_words(facts: RuntimeFacts | None, workshop: Workshop) -> str:
    words = "its end, and so the deployment, waits while the dump is written"
    if facts is not None and os.path.isdir(f"/proc/{facts.key.pid}"):
        cost = estimate(facts, DumpType.FULL, BACKEND, workshop.history)
        return f"{words}: about {bytes_text(cost.bytes)} in {seconds_text(cost.pause_seconds)}, were it to end now"
    rate = bytes_text(USUAL_BYTES_PER_SECOND)
    return f"{words}: all its memory, on a common disk about one second for each {rate}"
