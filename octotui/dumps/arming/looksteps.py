"""The steps of a process whose managed stacks are taken: as all that the rule wants, or before its dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.dumps.arming.decisions import Decision, TakeStacks
from octotui.dumps.arming.state import Stage
from octotui.dumps.arming.tally import STAGE_OF, Outcome
from octotui.dumps.arming.track import Track
from octotui.dumps.arming.words import early_end
from octotui.dumps.model import Severity
from octotui.processes.model import ProcessKey

if TYPE_CHECKING:
    from octotui.dumps.arming.armed import ArmedRule


def wants_look(rule: ArmedRule, track: Track) -> bool:
    """Whether the next that is taken of it are its stacks."""
    return rule.rule.take.has_stacks and not track.was_looked_at


def look(rule: ArmedRule, track: Track, now: float) -> list[Decision]:
    """Its stacks are taken now."""
    track.move(Stage.LOOKING, now)
    return [TakeStacks(rule.id, track.key)]


def told(rule: ArmedRule, key: ProcessKey, note: str) -> list[Decision]:
    """What a look waits for, or does."""
    track = rule.tracks.get(key)
    if track is not None and track.stage is Stage.LOOKING:
        track.note = note
    return []


def looked(rule: ArmedRule, key: ProcessKey, outcome: Outcome, now: float, note: str) -> list[Decision]:
    """What came of a look. A dump that is wanted too is made whether there are stacks or not."""
    track = rule.tracks.get(key)
    if track is None:
        return []
    if outcome is Outcome.CAPTURED:
        track.looks += 1
        rule.tally.looks += 1
    if not rule.rule.take.has_dump:
        return rule.settled(key, outcome, now, note)
    track.was_looked_at = True
    if outcome in (Outcome.GONE, Outcome.PASSED):
        return [*rule.close(track, STAGE_OF[outcome], note, now=now), *rule.go_on(now)]
    if track.has_ended:
        return [*rule.close(track, *early_end(track, rule.rule.take), now=now), *rule.go_on(now)]
    if rule.ending is not None:
        return [*rule.close(track, Stage.LEFT, "its rule was over before its dump was begun", now=now)]
    track.move(Stage.WAITING, now, "its stacks are taken" if outcome is Outcome.CAPTURED else f"no stacks: {note}")
    said = rule.say(f"{track.name} {key.pid}: no stacks, {note}", key, Severity.WARNING)
    return [*([] if outcome is Outcome.CAPTURED else [said]), *rule.advance(track, now), *rule.go_on(now)]
