"""The steps of a hold that a rule wants: stopped for a person to look, let go, stopped again for its capture.

A process that is stopped at its exec has no runtime, so a dump of it would fail or be empty: it runs in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.dumps.arming.decisions import Decision, Hold, Release
from octotui.dumps.arming.state import Stage
from octotui.dumps.arming.track import HoldPhase, Track
from octotui.dumps.model import Severity
from octotui.processes.model import ProcessKey
from octotui.units import seconds_text

if TYPE_CHECKING:
    from octotui.dumps.arming.armed import ArmedRule

CAPTURE_HOLD_SECONDS = 60.0
"""What a hold that is for a capture may last beyond the time that was given to look."""


def looked_at(rule: ArmedRule, track: Track, now: float, *, is_early: bool) -> list[Decision]:
    """It stands still for a person to look; let go at once where more stand still already than can be captured."""
    standing = sum(other.hold is HoldPhase.LOOK for other in rule.tracks.values())
    if standing >= min(rule.rule.max_parallel, rule.rule.count - rule.taken):
        track.hold = HoldPhase.DONE if rule.rule.take.has_dump else HoldPhase.LETTING_GO
        return [Release(rule.id, track.key), *rule.advance(track, now)]
    track.hold, track.look_until = HoldPhase.LOOK, now + rule.rule.hold_seconds
    where = "at its start, before it has a runtime" if is_early else "as it is"
    note = f"held {where}, for you to look, for {seconds_text(rule.rule.hold_seconds)} at most"
    track.move(Stage.HELD, now, note)
    return [rule.say(f"{track.name} {track.key.pid}: {note}", track.key, Severity.WARNING)]


def look_is_over(rule: ArmedRule, track: Track, now: float) -> list[Decision]:
    """The time to look is up: without a runtime it runs on until it has one, else its capture is due as it stands.

    For its stacks it runs on in any case.
    """
    if not rule.rule.take.has_dump:
        track.hold = HoldPhase.LETTING_GO
        track.move(Stage.STARTING, now, "is let go, for its stacks")
        return [Release(rule.id, track.key), rule.say(f"{track.name} {track.key.pid}: {track.note}", track.key)]
    if not track.is_ready:
        return _until_ready(rule, track, now)
    track.hold = HoldPhase.CAPTURE
    return []


def _until_ready(rule: ArmedRule, track: Track, now: float) -> list[Decision]:
    track.hold = HoldPhase.ASKED_WHEN_READY
    track.move(Stage.STARTING, now, "runs until its runtime is ready, to be held again for its capture")
    words = f"{track.name} {track.key.pid}: {track.note}"
    return [Hold(rule.id, track.key, CAPTURE_HOLD_SECONDS, when_ready=True), rule.say(words, track.key)]


def ask_for_hold(rule: ArmedRule, track: Track, now: float) -> list[Decision]:
    """Orders the stop that comes before a capture, with time for a look where it had none yet."""
    is_look = track.hold is HoldPhase.NONE
    track.hold = HoldPhase.ASKED_LOOK if is_look else HoldPhase.ASKED_CAPTURE
    track.move(Stage.WAITING, now, "is being stopped" if is_look else "is being stopped for its capture")
    return [Hold(rule.id, track.key, CAPTURE_HOLD_SECONDS + (rule.rule.hold_seconds if is_look else 0.0))]


def held(rule: ArmedRule, key: ProcessKey, now: float) -> list[Decision]:
    """It stands still, as the rule wanted."""
    track = rule.tracks.get(key)
    if track is None:
        return []
    if track.hold is HoldPhase.ASKED_LOOK:
        return looked_at(rule, track, now, is_early=False)
    if track.hold in (HoldPhase.ASKED_CAPTURE, HoldPhase.ASKED_WHEN_READY):
        track.is_ready = track.is_ready or track.hold is HoldPhase.ASKED_WHEN_READY
        track.hold = HoldPhase.CAPTURE
        return rule.advance(track, now)
    return []


def written(rule: ArmedRule, key: ProcessKey) -> list[Decision]:
    """Its dump is written, and is verified while it runs again already."""
    track = rule.tracks.get(key)
    if track is None or not track.is_held:
        return []
    track.hold = HoldPhase.DONE
    return [Release(rule.id, key)]


def released(rule: ArmedRule, key: ProcessKey, now: float) -> list[Decision]:
    """It runs again, whoever let it go: that ends the look, not the rule."""
    track = rule.tracks.get(key)
    if track is None or not track.is_held:
        return []
    if track.hold is HoldPhase.LOOK and not track.is_ready and rule.rule.take.has_dump:
        return _until_ready(rule, track, now)
    track.hold = HoldPhase.DONE
    return [] if track.is_at_work else rule.advance(track, now)


def not_held(rule: ArmedRule, key: ProcessKey, now: float, why: str) -> list[Decision]:
    """The stop that was ordered never came about: it is captured as it runs."""
    track = rule.tracks.get(key)
    if track is None:
        return []
    track.hold, track.cannot_hold = HoldPhase.DONE, True
    words = f"{track.name} {track.key.pid} is not held: {why}"
    return [rule.say(words, key, Severity.WARNING), *([] if track.is_at_work else rule.advance(track, now))]
