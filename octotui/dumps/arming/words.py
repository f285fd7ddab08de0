"""The words for how things came out with a rule."""

from __future__ import annotations

import os
import signal

from octotui.dumps.arming.state import Ending, RuleState, Stage
from octotui.dumps.arming.track import Track

ENDINGS = {
    Ending.COUNT: "all that was asked for is captured",
    Ending.TIME: "its time is up",
    Ending.HAND: "it was disarmed",
    Ending.ERROR: "too much failed",
    Ending.GONE: "its process has ended",
}


def early_end(track: Track) -> tuple[Stage, str]:
    """How a process counts that ended before a dump of it was begun, and why."""
    if track.dumps:
        return Stage.CAPTURED, f"it ended after {track.dumps} dump{'s' if track.dumps > 1 else ''}"
    if track.was_due or track.stage is Stage.HELD:
        return Stage.ENDED_EARLY, "it ended before it could be captured"
    if track.is_ready:
        return Stage.PASSED, "it ended before its condition was met"
    if track.is_expected:
        return Stage.ENDED_EARLY, "it ended before its runtime was ready"
    return Stage.PASSED, "it ended without ever having a .NET runtime"


def summary(state: RuleState) -> str:
    """The counts in words: `3 seen: 1 captured, 2 passed`; those that are 0 are left out."""
    still_open = state.seen - state.captured - state.passed - state.ended_early - state.failed - state.left
    counts = {
        "captured": state.captured, "passed": state.passed, "ended early": state.ended_early,
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
