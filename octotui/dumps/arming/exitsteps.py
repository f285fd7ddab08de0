"""The steps of a process that is traced to its end, as its tracer tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octotui.dumps.arming.decisions import Cancel, Decision
from octotui.dumps.arming.state import Stage
from octotui.dumps.arming.words import status_words
from octotui.dumps.model import Severity
from octotui.processes.model import ProcessKey

if TYPE_CHECKING:
    from octotui.dumps.arming.armed import ArmedRule


def traced(rule: ArmedRule, key: ProcessKey, now: float, threads: int) -> list[Decision]:
    """A tracer has hold of it; it runs at full speed."""
    track = rule.tracks.get(key)
    if track is None or track.is_at_work:
        return []
    track.move(Stage.TRACED, now, f"traced ({threads} thread{'' if threads == 1 else 's'}), runs until its end")
    return [rule.say(f"{track.name} {key.pid}: {track.note}", key)]


def exiting(rule: ArmedRule, key: ProcessKey, now: float, status: int) -> list[Decision]:
    """It is about to end with that wait status."""
    track = rule.tracks.get(key)
    if track is not None:
        track.exit_status = status
        track.note = f"ends with {status_words(status)}"
    return []


def writing(rule: ArmedRule, key: ProcessKey, now: float) -> list[Decision]:
    """Its dump is begun; it is given up at once where there are enough of them already."""
    track = rule.tracks.get(key)
    if track is None:
        # The rule let it go by then; whatever its tracer began is not wanted.
        return [Cancel(rule.id, key)]
    if track.stage is Stage.WRITING:
        return []
    others = sum(other.stage is Stage.WRITING for other in rule.tracks.values())
    why = ""
    if others >= rule.rule.max_parallel:
        why = f"{others} others were being written, and --max-parallel allows no more"
    elif rule.taken + others >= rule.rule.count:
        why = "as many as were asked for are being written"
    if why:
        return [Cancel(rule.id, key), *rule.close(track, Stage.LEFT, why, now=now)]
    track.move(Stage.WRITING, now, track.note)
    words = f"{track.name} {key.pid} {track.note or 'ends'}; its dump is being written while it stands still"
    return [rule.say(words, key, Severity.WARNING)]
