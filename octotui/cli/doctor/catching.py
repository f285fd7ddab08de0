"""Whether processes can be caught here however short they live, and whether their ends can be captured."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from octotui.cli.doctor.check import Check, Status, failure, ok, warning
from octotui.dumps.commands import as_root
from octotui.dumps.rights import Rights, read_rights, why_not_trace_ends

CATCH = "catching"
EXITS = "at exit"
_SECONDS = "60"


def catching(events: Check, rights: Rights | None = None) -> Check:
    """Whether `octotui catch` hears of each start, or what it can miss and what helps. `events` is the line on them."""
    from octotui.dumps.sentry.polling import SHORTEST_MS

    if events.status is Status.OK or events.detail.startswith("on:"):
        return ok(CATCH, "processes of any length: the kernel tells of each at its start")
    words = f"octotui polls for new processes: those shorter than about {SHORTEST_MS} ms can be missed"
    is_root = (rights or read_rights()).is_root
    return warning(CATCH, words, events.fix if is_root else as_root("catch", "--role", "calamari"))


def at_exit(rights: Rights | None = None, proc: Path = Path("/proc"), trial: Callable[[], str] | None = None) -> Check:
    """Whether a process can be traced to its end here: the machine, Yama, capabilities, and a trial of it."""
    from octotui.dumps.exits.machine import this_machine

    rights = rights or read_rights()
    if this_machine() is None:
        words = f"processes are captured at their exit on x86-64 only, this is {os.uname().machine}"
        return warning(EXITS, words, "capture them while they run: octotui catch without --at-exit")
    why_not, hint = why_not_trace_ends(rights, proc)
    if why_not:
        severe = failure if rights.ptrace_scope >= 3 else warning
        return severe(EXITS, f"no process can be captured at its exit: {why_not}", hint)
    problem = (trial or try_to_trace)()
    if problem:
        words = f"no process can be captured at its exit: the kernel refuses the trace ({problem}), seccomp most likely"
        return warning(EXITS, words, "run octotui on the host, or start the container with --cap-add SYS_PTRACE")
    if not rights.is_root:
        words = "only processes of this user can be captured at their exit"
        return warning(EXITS, words, as_root("catch", "--role", "calamari", "--at-exit"))
    return ok(EXITS, "processes can be captured at their exit: octotui catch --at-exit")


def try_to_trace() -> str:
    """Traces a process of our own for an instant; what the kernel said when it would not, "" when it did."""
    from octotui.dumps.exits import ptrace

    try:
        child = subprocess.Popen(["sleep", _SECONDS], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    except OSError:
        # Where nothing can be started nothing is known.
        return ""
    try:
        ptrace.seize(child.pid, 0)
    except OSError as error:
        return error.strerror or "no"
    else:
        return ""
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.wait()
