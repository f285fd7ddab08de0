"""The steps from a process whose condition is met to the order to take what is wanted: its turn, room, a hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.dumps.arming.decisions import Capture, Decision
from octotui.dumps.arming.holdsteps import ask_for_hold
from octotui.dumps.arming.looksteps import look, wants_look
from octotui.dumps.arming.state import Stage
from octotui.dumps.arming.track import HoldPhase, Track
from octotui.units import seconds_text

if TYPE_CHECKING:
    from octotui.dumps.arming.armed import ArmedRule


def due(rule: ArmedRule, track: Track, now: float) -> list[Decision]:
    """It is captured or looked at now, stopped for that, or waits: for its turn in a series, or for others."""
    is_looked_at = wants_look(rule, track)
    if track.taken and now < track.next_at:
        what = "dump" if rule.rule.take.has_dump else "look"
        note = f"{what} {track.taken + 1} of {rule.rule.count} in {seconds_text(track.next_at - now)}"
        track.move(Stage.WAITING, now, note)
        return []
    if track.hold is HoldPhase.CAPTURE:
        return _capture(rule, track, now)
    why_not = _why_no_room(rule, track)
    if why_not:
        track.move(Stage.WAITING, now, why_not)
        return []
    # Who is stopped cannot be asked for stacks, so it is let go before, and not stopped for that again.
    if rule.rule.hold and not track.cannot_hold and (not is_looked_at or track.hold is HoldPhase.NONE):
        return ask_for_hold(rule, track, now)
    if is_looked_at:
        _begin_turn(rule, track, now)
        return look(rule, track, now)
    return _capture(rule, track, now)


def _why_no_room(rule: ArmedRule, track: Track) -> str:
    """Why it cannot be captured right now; "" when it can."""
    if rule.series not in (None, track.key):
        return "another process is captured again and again"
    busy = [t for t in rule.tracks.values() if t is not track and (t.is_at_work or (t.is_held and t.was_due))]
    if len(busy) >= rule.rule.max_parallel:
        return f"waits for {len(busy)} other capture{'s' if len(busy) > 1 else ''}"
    if rule.rule.every_seconds is None and rule.taken + len(busy) >= rule.rule.count:
        return "the captures that were asked for are under way"
    return ""


def _capture(rule: ArmedRule, track: Track, now: float) -> list[Decision]:
    if not rule.rule.take.has_stacks:
        _begin_turn(rule, track, now)
    is_held = track.hold is HoldPhase.CAPTURE
    track.move(Stage.CAPTURING, now, "held for its capture" if is_held else "")
    return [Capture(rule.id, track.key, is_held)]


def _begin_turn(rule: ArmedRule, track: Track, now: float) -> None:
    """The first step of each turn in a series."""
    if rule.rule.every_seconds is not None:
        rule.series = track.key
        track.next_at = now + rule.rule.every_seconds
