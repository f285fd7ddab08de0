"""What became of each thread from look to look: that is how a hang is told from slow work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from octotui.dotnet.stacks.causes import own_frame
from octotui.dotnet.stacks.model import Activity, Frame, Look, ThreadLook

IDLE_CPU_SECONDS = 0.015
"""Less than two ticks of the kernel's clock: a thread that woke up and lay down again."""


SHOWN_CPU_SECONDS = 0.005
"""Less is shown as nothing."""


class Course(StrEnum):
    """What a thread did between the first look and the last one."""

    STILL = "stood still"
    BUSY = "busy in one place"
    MOVED = "moved"
    NEW = "new"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ThreadCourse:
    """One thread over all looks. `thread` is as it was seen last; `cpu_seconds` is what it used between the first and
    the last look that it was in (None when unknown); `words` say it in a sentence."""

    thread: ThreadLook
    course: Course
    cpu_seconds: float | None
    words: str


def compare(looks: Sequence[Look]) -> Mapping[int, ThreadCourse]:
    """The course of every thread that had managed frames in one of `looks` (oldest first), by its own id.

    Nothing for fewer than two looks, nor for a thread that lives on without managed frames.
    """
    if len(looks) < 2:
        return {}
    seen: dict[int, list[ThreadLook | None]] = {}
    for place, look in enumerate(looks):
        for thread in look.threads:
            seen.setdefault(thread.own_id, [None] * len(looks))[place] = thread
    before = {other.own_id for other in looks[0].others}
    after = {other.own_id for other in looks[-1].others}
    return {
        own_id: _course(found, was_there=own_id in before)
        for own_id, found in seen.items()
        if found[-1] is not None or own_id not in after
    }


def _course(found: Sequence[ThreadLook | None], *, was_there: bool) -> ThreadCourse:
    times = [thread for thread in found if thread is not None]
    first, last = times[0], times[-1]
    used = None
    if len(times) > 1 and first.cpu_seconds is not None and last.cpu_seconds is not None:
        used = max(0.0, last.cpu_seconds - first.cpu_seconds)
    is_new = found[0] is None and not was_there
    if found[-1] is None or last.activity is Activity.ENDED:
        return ThreadCourse(last, Course.ENDED, used, f"{'began and ' if is_new else ''}ended between the looks")
    if is_new:
        return ThreadCourse(last, Course.NEW, used, "began between the looks")
    cpu = f", {used:.2f} s of CPU" if used is not None and used >= SHOWN_CPU_SECONDS else ""
    if len(times) == 1:
        return ThreadCourse(last, Course.MOVED, used, f"moved: had no managed frames in the first look{cpu}")
    where = _common(times)
    if any(thread.frames != first.frames for thread in times):
        return ThreadCourse(last, Course.MOVED, used, f"moved{f' inside {where}' if where else ''}{cpu}")
    if any(thread.activity is not Activity.WAITING for thread in times):
        return ThreadCourse(last, Course.BUSY, used, f"{Course.BUSY} in {all_looks(len(times))}{cpu}")
    if (used or 0.0) > IDLE_CPU_SECONDS:
        words = f"waited in the same place in {all_looks(len(times))}, but worked in between{cpu}"
        return ThreadCourse(last, Course.BUSY, used, words)
    return ThreadCourse(last, Course.STILL, used, f"{Course.STILL} in {all_looks(len(times))}{cpu}")


def all_looks(count: int) -> str:
    return "both looks" if count == 2 else f"all {count} looks"


def _common(times: Sequence[ThreadLook]) -> Frame | None:
    """The innermost frame of the program itself that the thread was inside in all looks."""
    stacks = [thread.frames[::-1] for thread in times]
    shared = 0
    while all(len(stack) > shared and stack[shared] == stacks[0][shared] for stack in stacks):
        shared += 1
    return own_frame(stacks[0][:shared][::-1])
