"""The words for how things came out with a rule."""

from __future__ import annotations

import os
import signal

from octotui.dumps.arming.rule import Rule, Take
from octotui.dumps.arming.state import Ending, RuleState, Stage
from octotui.dumps.arming.track import Track

ENDINGS = {
    Ending.COUNT: "all that was asked for is captured",
    Ending.TIME: "its time is up",
    Ending.HAND: "it was disarmed",
    Ending.ERROR: "too much failed",
    Ending.GONE: "its process has ended",
}


def ending_words(ending: Ending, rule: Rule) -> str:
    """Why a rule is over."""
    if ending is Ending.COUNT and not rule.take.has_dump:
        return "all stacks that were asked for are taken"
    return ENDINGS[ending]


def early_end(track: Track, take: Take) -> tuple[Stage, str]:
    """How a process counts that ended before the next of it could be taken, and why."""
    if track.taken:
        stage, what = (Stage.CAPTURED, "dump") if take.has_dump else (Stage.LOOKED, "look")
        return stage, f"it ended after {track.taken} {what}{'s' if track.taken > 1 else ''}"
    if track.was_looked_at:
        return Stage.ENDED_EARLY, "it ended after its stacks were asked for, before its dump could be made"
    if track.was_due and not take.has_dump:
        return Stage.ENDED_EARLY, "it ended before its stacks could be taken"
    if track.was_due or track.stage is Stage.HELD:
        return Stage.ENDED_EARLY, "it ended before it could be captured"
    if track.is_ready:
        return Stage.PASSED, "it ended before its condition was met"
    if track.is_expected:
        return Stage.ENDED_EARLY, "it ended before its runtime was ready"
    return Stage.PASSED, "it ended without ever having a .NET runtime"


def summary(state: RuleState) -> str:
    """The counts in words: `3 seen: 1 captured, 2 passed`; those that are 0 are left out."""
    closed = (state.captured, state.looked, state.passed, state.ended_early, state.failed, state.left)
    still_open = state.seen - sum(closed)
    counts = {
        "captured": state.captured, "looked at": state.looked, "passed": state.passed, "ended early": state.ended_early,
        "failed": state.failed, "left": state.left, "open": still_open,
    }  # fmt: skip
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    lost = f"; the kernel dropped events {state.lost} times, so more may have come and gone" if state.lost else ""
    if state.unseen:
        lost += f"; {state.unseen} ended before it could be told what they were"
    return (f"{state.seen} seen: {words}" if words else "nothing was seen") + lost


def status_words(status: int) -> str:
    """A wait status in words: `exit code 3`, `killed by SIGKILL`."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"killed by {signal.Signals(number).name}"
        except ValueError:
            return f"killed by signal {number}"
    return f"exit code {os.WEXITSTATUS(status)}"
