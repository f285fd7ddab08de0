"""Stacks as lines for people: the same on the command line, in an analysis and in what is copied."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby

from octotui.dotnet.stacks.causes import cause
from octotui.dotnet.stacks.comparing import ThreadCourse, compare
from octotui.dotnet.stacks.grouping import StackGroup, grouped
from octotui.dotnet.stacks.hints import hints
from octotui.dotnet.stacks.model import Activity, Look, ThreadLook

MOST_NAMES = 8
FEWEST_REPEATED = 3
"""Calls of a method by itself that are written as one line with their number."""

INDENT = "    "


def as_text(looks: Sequence[Look], *, is_whole: bool = False, width: int | None = None) -> tuple[str, ...]:
    """The newest of `looks` (oldest first) with what became of each thread since the first.

    `is_whole` folds no frames and names every thread. With a `width` (characters) sentences are wrapped to it, and
    of longer frames the beginning of the name is left out.
    """
    if not looks:
        return ()
    look, courses = looks[-1], compare(looks)
    lines = [summary(look), *(f"! {hint}" for hint in hints(looks)), *(f"i {remark}" for remark in look.remarks)]
    for group in grouped(look):
        lines += ["", *group_lines(group, courses, is_whole=is_whole)]
    gone = [one for one in courses.values() if all(one.thread.own_id != thread.own_id for thread in look.threads)]
    if gone:
        lines += ["", f"Ended since the first look: {_listed([thread_name(one.thread) for one in gone], is_whole)}"]
    if look.others:
        lines += ["", f"Without managed frames: {_listed([f'{one.id} {one.name}' for one in look.others], is_whole)}"]
    return tuple(lines) if width is None else tuple(part for line in lines for part in _fitted(line, max(20, width)))


def summary(look: Look) -> str:
    """One line: the runtime, how many threads, what the look cost."""
    version = f".NET {look.runtime.version}" if look.runtime.version else ".NET"
    managed = f"{len(look.threads)} of {len(look.threads) + len(look.others)} threads in managed code or below it"
    return f"{version} · {managed} · taken in {look.seconds:.2f} s · {stops_text(look)}"


def stops_text(look: Look) -> str:
    """For how long the process stood still for the look, by its own events."""
    stops = look.stops
    if not stops.count:
        return "its stops were not told"
    times = "once" if stops.count == 1 else f"{stops.count} times"
    return f"stopped {times}, {milliseconds(stops.longest_seconds)} at the longest"


def milliseconds(seconds: float) -> str:
    """Two digits that matter: `0.021 ms`, `1.4 ms`, `12 ms`."""
    value = seconds * 1000
    return f"{value:.3f} ms" if value < 0.1 else f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms"


def group_lines(group: StackGroup, courses: Mapping[int, ThreadCourse], *, is_whole: bool = False) -> tuple[str, ...]:
    """A heading with the threads, then the frames, the innermost first."""
    frames = group.frames if is_whole else group.shown
    lines = [heading(group, courses, is_whole=is_whole)]
    for frame, repeated in groupby(frames):
        count = sum(1 for _ in repeated)
        if is_whole or count < FEWEST_REPEATED:
            lines += [f"{INDENT}{frame}"] * count
        else:
            lines.append(f"{INDENT}{frame} ({count} times)")
    if hidden := len(group.frames) - len(frames):
        lines.append(f"{INDENT}… {hidden} more as in other threads, the outermost is {group.frames[-1]}")
    return tuple(lines)


def heading(group: StackGroup, courses: Mapping[int, ThreadCourse], *, is_whole: bool = False) -> str:
    """Who has this stack, and what they do: `14 threads (a, b, …): waiting, sleeps`."""
    names = [thread_name(thread) for thread in group.threads]
    who = f"Thread {names[0]}" if len(names) == 1 else f"{len(names)} threads ({_listed(names, is_whole)})"
    return f"{who}: {doing(group)}{_course(group, courses)}"


def doing(group: StackGroup) -> str:
    """`waits for a lock`, `each sleeps`, `running managed code`: the reason for a wait where the frames state it."""
    if group.activity is Activity.ENDED:
        return "ended while it was looked at" if len(group.threads) == 1 else "ended while they were looked at"
    why = str(cause(group.frames)) if group.activity is Activity.WAITING else ""
    if not why:
        return str(group.activity)
    return why if len(group.threads) == 1 else f"each {why}"


def thread_name(thread: ThreadLook) -> str:
    number = thread.id or thread.own_id
    return f"{number} {thread.name}".rstrip()


def _course(group: StackGroup, courses: Mapping[int, ThreadCourse]) -> str:
    """What became of them, where that is the same for all, else for how many each is true."""
    words: dict[str, int] = {}
    if group.activity is Activity.ENDED:
        return ""
    for thread in group.threads:
        if found := courses.get(thread.own_id):
            words[found.words] = words.get(found.words, 0) + 1
    if len(words) == 1 and sum(words.values()) == len(group.threads):
        return f"; {next(iter(words))}"
    return "".join(f"; {count} {said}" for said, count in list(words.items())[:MOST_NAMES])


def _listed(names: Sequence[str], is_whole: bool) -> str:
    shown = names if is_whole or len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _fitted(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    if not line.startswith(INDENT):
        return textwrap.wrap(line, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    return [f"{INDENT}…{line[len(line) - width + len(INDENT) + 1 :]}"]
