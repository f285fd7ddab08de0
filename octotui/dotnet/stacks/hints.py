"""What the stacks of a process say as a whole. Each hint is a fact that stands in the frames; none names a culprit."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.dotnet.stacks.causes import Cause, cause, is_pool_worker, own_frame
from octotui.dotnet.stacks.comparing import Course, all_looks, compare
from octotui.dotnet.stacks.model import Activity, Look, ThreadLook

FEWEST_STARVED = 3
MOST_NAMED = 3


def hints(looks: Sequence[Look]) -> tuple[str, ...]:
    """Sentences on the newest of `looks` (oldest first), and on what changed since the first."""
    if not looks:
        return ()
    threads = looks[-1].threads
    found = []
    if lockers := [thread for thread in threads if cause(thread.frames) is Cause.LOCK]:
        found.append(f"{_count(lockers)} for a lock, {_places(lockers)}; who holds it is not told from outside")
    workers = [thread for thread in threads if is_pool_worker(thread) and cause(thread.frames) is not Cause.WORK]
    blocked = [thread for thread in workers if cause(thread.frames) is Cause.TASK]
    if len(blocked) >= FEWEST_STARVED and len(blocked) == len(workers):
        found.append(
            f"all {len(workers)} thread pool workers with work wait for tasks, {_places(blocked)}: "
            "new work of the pool waits behind them"
        )
    if children := [thread for thread in threads if cause(thread.frames) is Cause.CHILD]:
        found.append(f"{_count(children)} for a child process, {_places(children)}: look at what it started")
    courses = compare(looks).values()
    if courses and all(one.course is Course.STILL for one in courses):
        found.append(f"no thread moved in {looks[-1].taken_at - looks[0].taken_at:.0f} s")
    busy = [one.thread for one in courses if one.course is Course.BUSY and one.thread.activity is Activity.MANAGED]
    if busy:
        found.append(f"{_names(busy)} ran in one place in {all_looks(len(looks))}, {_places(busy)}")
    return tuple(found)


def _count(threads: Sequence[ThreadLook]) -> str:
    return f"{_names(threads)} waits" if len(threads) == 1 else f"{len(threads)} threads wait"


def _names(threads: Sequence[ThreadLook]) -> str:
    named = [f"thread {one.id} {one.name}".rstrip() for one in threads[:MOST_NAMED]]
    more = len(threads) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _places(threads: Sequence[ThreadLook]) -> str:
    """Where in the program they are, each place once."""
    places = dict.fromkeys(str(frame) for thread in threads if (frame := own_frame(thread.frames)))
    shown = list(places)[:MOST_NAMED]
    more = len(places) - len(shown)
    return "in " + ", ".join(shown) + (f" and {more} more places" if more > 0 else "") if shown else "in the framework"
