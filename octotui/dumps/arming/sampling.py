"""What a sample says of the processes of one rule: whom it has to be asked of, and what its figures bring about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from octotui.dumps.arming.conditions import Reading
from octotui.dumps.arming.decisions import Decision
from octotui.dumps.arming.state import Ending
from octotui.processes.forest import Forest
from octotui.processes.model import ProcessInfo, Sample

if TYPE_CHECKING:
    from octotui.dumps.arming.armed import ArmedRule

READY_SECONDS = 2.0
"""Age from which a process that no event told of is taken to have its runtime, where .NET can be told at all."""


def candidates(rule: ArmedRule, sample: Sample) -> Iterator[ProcessInfo]:
    """The processes of a sample that the rule has to be asked of; a copy, for what it says may be long."""
    key = rule.rule.whom.key
    if key is None:
        yield from sample.snapshot.processes.values()
    elif (process := sample.snapshot.processes.get(key)) is not None:
        yield process


def told_by(rule: ArmedRule, sample: Sample, now: float, forest: Forest | None) -> list[Decision]:
    """What a sample says of the open processes of one rule."""
    found: list[Decision] = []
    snapshot = sample.snapshot
    for track in list(rule.tracks.values()):
        process = snapshot.processes.get(track.key)
        if process is None or process.state in ("Z", "X"):
            found += rule.ended(track.key, now) if track.was_sampled else []
            continue
        track.was_sampled = True
        if snapshot.fresh is None or track.key in snapshot.fresh:
            children = frozenset(forest.children(track.key)) if forest is not None else frozenset()
            rate = sample.cpu_percent.get(track.key)
            track.conditions.read(Reading(snapshot.monotonic, rate, process.rss_bytes, process.threads, children))
        is_settled = sample.meaning(track.key).dotnet is True or snapshot.age_seconds(process) >= READY_SECONDS
        if not track.is_ready and is_settled and rule.waits_for_condition:
            found += rule.ready(track.key, now)
        found += rule.advance(track, now)
    under, key = rule.rule.whom.under, rule.rule.whom.key
    if under is not None and under not in snapshot.processes:
        found += rule.ancestor_gone(now)
    if key is not None and key not in snapshot.processes and not rule.tracks and rule.ending is None:
        found += rule.end(Ending.GONE, now)
    return found
