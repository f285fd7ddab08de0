"""Children of the sentry that need no exec: forked warm from its one thread, with nothing of it but what they need."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Collection
from typing import NoReturn

URGENCY = -15
PRIORITY = 1
_ARGUMENTS_AT = 45
"""Where `/proc/PID/stat` has the addresses of the command line, counted behind the name."""


def fork_child(keep: Collection[int], title: str, run: Callable[[], None]) -> int:
    """Forks a child that runs `run` and ends; returns its pid. The child keeps the descriptors in `keep` alone.

    It has a session of its own and is called `title`, so that whoever ends octotui by its name does not end this one.
    Raises OSError when there can be no child.
    """
    pid = os.fork()
    if pid == 0:
        _be_child(keep, title, run)
    return pid


def _be_child(keep: Collection[int], title: str, run: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        _wake_with_parent()
        with contextlib.suppress(OSError):
            os.setsid()
        _close_all_but(keep)
        rename(title)
        run()
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    finally:
        # Nothing of what the sentry would do at its own end is this child's to do.
        os._exit(status)


def _wake_with_parent() -> None:
    # One that somebody stopped (SIGSTOP) does not see its link close, and what it traces or keeps would stand still for
    # ever. One that runs is not disturbed: it still lets go in its own order.
    from octotui.dumps.exits.ptrace import wake_with_parent

    wake_with_parent()


def _close_all_but(keep: Collection[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        if standard not in keep:
            os.dup2(nothing, standard)
    kept = sorted({*keep, 0, 1, 2})
    for low, high in zip(kept, [*kept[1:], 1 << 20], strict=True):
        if low + 1 < high:
            os.closerange(low + 1, high)


def rename(title: str) -> None:
    """Gives this process another name and command line, as far as the kernel allows."""
    raw = title.encode()
    with contextlib.suppress(OSError), open("/proc/self/comm", "wb") as stream:
        stream.write(raw[:15])
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        start, end = int(fields[_ARGUMENTS_AT]), int(fields[_ARGUMENTS_AT + 1])
        if 0 < start < end:
            with open("/proc/self/mem", "r+b", buffering=0) as memory:
                memory.seek(start)
                memory.write(raw[: end - start - 1].ljust(end - start, b"\0"))


def be_undisturbed() -> None:
    """Ignores what a terminal, a session's end or a habit sends, and survives where memory runs out."""
    unheard = (
        signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2,
        signal.SIGPIPE,
    )  # fmt: skip
    for number in unheard:
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as stream:
        stream.write("-900")


def be_urgent() -> None:
    """Gets a larger share of a busy host, where it may."""
    with contextlib.suppress(OSError):
        os.nice(URGENCY)
    # Each session is a scheduling group of its own, within which alone the number above counts.
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write(str(URGENCY))


def run_before_others() -> None:
    """Gets the processor at once, where it may: a stop that comes late is none. What is forked does not inherit it.

    Were this process ever busy for long, the kernel would leave others a share of each second (sched_rt_runtime_us).
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
