"""What the stacks of a process say as a whole. Each hint is a fact that stands in the frames; none names a culprit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from octotui.dotnet.stacks.causes import Cause, is_pool_worker, own_frame, reason
from octotui.dotnet.stacks.comparing import Course, ThreadCourse, all_looks, compare
from octotui.dotnet.stacks.model import Activity, Look, ThreadLook

FEWEST_STARVED = 3
MOST_NAMED = 3

_WAITS = {
    Cause.LOCK: ("for a lock", "who holds it is not told from outside"),
    Cause.BELOW: ("in native code or for a lock", "this runtime does not tell which, nor who would hold it"),
    Cause.TASK: ("for a task", ""),
    Cause.THREAD: ("for a thread to end", ""),
    Cause.CHILD: ("for a child process", "look at what it started"),
    Cause.NETWORK: ("on the network", ""),
}
"""Waits that are worth a sentence: what for, and what else is to be known of such a one."""


def hints(looks: Sequence[Look]) -> tuple[str, ...]:
    """Sentences on the newest of `looks` (oldest first), and on what changed since the first."""
    if not looks:
        return ()
    courses = compare(looks)
    threads = [thread for thread in looks[-1].threads if thread.activity is Activity.WAITING]
    starved = _starved(looks[-1].threads)
    found = [_starvation(starved, looks[-1].threads)] if starved else []
    for cause, (what, more) in _WAITS.items():
        waiters = [one for one in threads if reason(one) is cause and own_frame(one.frames) and one not in starved]
        if cause is Cause.BELOW and courses:
            # For a moment any thread waits there.
            waiters = [one for one in waiters if courses[one.own_id].course is Course.STILL]
        if waiters:
            still = f" in {all_looks(len(looks))}" if _stood_still(waiters, courses) else ""
            verb = f"{_names(waiters)} waits" if len(waiters) == 1 else f"{len(waiters)} threads wait"
            found.append(f"{verb} {what}{still}, {_places(waiters)}{f'; {more}' if more else ''}")
    if courses and all(one.course is Course.STILL for one in courses.values()):
        found.append(f"no thread moved in {looks[-1].taken_at - looks[0].taken_at:.0f} s")
    busy = [one.thread for one in courses.values() if one.course is Course.BUSY and _runs(one.thread)]
    if busy:
        found.append(f"{_names(busy)} ran in one place in {all_looks(len(looks))}, {_places(busy)}")
    if looks[-1].threads and not any(map(_is_at_work, looks[-1].threads)):
        found.append("no thread is in the program's own code now; async methods that await something are on no stack")
    return tuple(found)


def _is_at_work(thread: ThreadLook) -> bool:
    """Whether a thread is in its program's own code, and not only to wait for a task."""
    return own_frame(thread.frames) is not None and reason(thread) is not Cause.TASK


def _starved(threads: Sequence[ThreadLook]) -> list[ThreadLook]:
    """Workers of the thread pool that wait for tasks, when they are most of those that have work."""
    workers = _workers(threads)
    blocked = [thread for thread in workers if reason(thread) is Cause.TASK]
    return blocked if len(blocked) >= FEWEST_STARVED and 2 * len(blocked) > len(workers) else []


def _starvation(blocked: Sequence[ThreadLook], threads: Sequence[ThreadLook]) -> str:
    count = len(_workers(threads))
    behind = ": new work of the pool waits behind them" if len(blocked) == count else ""
    return f"{len(blocked)} of {count} thread pool workers with work wait for tasks, {_places(blocked)}{behind}"


def _workers(threads: Sequence[ThreadLook]) -> list[ThreadLook]:
    return [thread for thread in threads if is_pool_worker(thread) and reason(thread) is not Cause.WORK]


def _stood_still(threads: Sequence[ThreadLook], courses: Mapping[int, ThreadCourse]) -> bool:
    return all(thread.own_id in courses and courses[thread.own_id].course is Course.STILL for thread in threads)


def _runs(thread: ThreadLook) -> bool:
    return thread.activity is Activity.MANAGED


def _names(threads: Sequence[ThreadLook]) -> str:
    named = [f"thread {one.id or one.own_id} {one.name}".rstrip() for one in threads[:MOST_NAMED]]
    more = len(threads) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _places(threads: Sequence[ThreadLook]) -> str:
    """Where in the program they are, each place once."""
    places = dict.fromkeys(str(frame) for thread in threads if (frame := own_frame(thread.frames)))
    shown = list(places)[:MOST_NAMED]
    more = len(places) - len(shown)
    return "in " + ", ".join(shown) + (f" and {more} more places" if more > 0 else "") if shown else "in the framework"
