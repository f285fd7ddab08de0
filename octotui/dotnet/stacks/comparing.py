"""What became of each thread from look to look: that is how a hang is told from slow work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from octotui.dotnet.stacks.causes import own_frame
from octotui.dotnet.stacks.model import Activity, Frame, Look, ThreadLook

IDLE_CPU_SECONDS = 0.015
"""Less than two ticks of the kernel's clock: a thread that woke up and lay down again."""


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

    Nothing for fewer than two looks.
    """
    if len(looks) < 2:
        return {}
    seen: dict[int, list[ThreadLook | None]] = {}
    for place, look in enumerate(looks):
        for thread in look.threads:
            seen.setdefault(thread.own_id, [None] * len(looks))[place] = thread
    return {own_id: _course(found) for own_id, found in seen.items()}


def _course(found: Sequence[ThreadLook | None]) -> ThreadCourse:
    times = [thread for thread in found if thread is not None]
    first, last = times[0], times[-1]
    used = None
    if len(times) > 1 and first.cpu_seconds is not None and last.cpu_seconds is not None:
        used = max(0.0, last.cpu_seconds - first.cpu_seconds)
    if found[-1] is None or last.activity is Activity.ENDED:
        return ThreadCourse(last, Course.ENDED, used, "ended between the looks")
    if found[0] is None:
        return ThreadCourse(last, Course.NEW, used, "began between the looks")
    cpu = "" if used is None else f", {used:.2f} s of CPU"
    if all(thread.frames == first.frames for thread in times):
        is_busy = any(thread.activity is not Activity.WAITING for thread in times) or (used or 0.0) > IDLE_CPU_SECONDS
        course = Course.BUSY if is_busy else Course.STILL
        return ThreadCourse(last, course, used, f"{course} in {all_looks(len(times))}{cpu}")
    where = _common(times)
    inside = f" inside {where}" if where else ""
    return ThreadCourse(last, Course.MOVED, used, f"moved{inside}{cpu}")


def all_looks(count: int) -> str:
    return "both looks" if count == 2 else f"all {count} looks"


def _common(times: Sequence[ThreadLook]) -> Frame | None:
    """The innermost frame of the program itself that the thread was inside in all looks."""
    stacks = [thread.frames[::-1] for thread in times]
    shared = 0
    while all(len(stack) > shared and stack[shared] == stacks[0][shared] for stack in stacks):
        shared += 1
    return own_frame(stacks[0][:shared][::-1])
