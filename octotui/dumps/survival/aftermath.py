"""What a killed octotui left running or standing: the tool that still writes its dump, the target that stands still."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from octotui.dumps.estimating.estimates import deadline_seconds
from octotui.dumps.keeping.records import parsed_time
from octotui.dumps.model import Estimate
from octotui.dumps.staged.journal import Entry
from octotui.dumps.staged.staging import Staging
from octotui.dumps.targets.target import PROC, HeldTarget, read_status
from octotui.errors import ProcessGone

LONGEST_COMMAND = 16_384
EXEC_SECONDS = 0.5
"""In which a tool that was being started when octotui was ended shows its command line, on a busy host too."""


def is_being_written(entry: Entry, staging: Staging | None) -> bool:
    """True while a tool is at work on the capture: it started before octotui ended and runs on without it.

    A tool that is long past the deadline of its capture is ended first: nobody else watches over it any more.
    """
    if not entry.is_of_this_boot:
        return False
    if _end_overdue(entry):
        return True
    if _is_at_work(entry, staging):
        return True
    if staging is None:
        return False
    # Between fork and exec a tool has the command line of octotui or of the target, and for an instant none at all.
    wait(EXEC_SECONDS)
    return _is_at_work(entry, staging)


def wait(seconds: float) -> None:
    """Blocks for so long."""
    time.sleep(seconds)


def _is_at_work(entry: Entry, staging: Staging | None) -> bool:
    if staging is not None and staging.is_being_written():
        return True
    status = read_status(entry.target_pid)
    is_traced = status is not None and status.started == entry.target_started and status.tracer_pid != 0
    return is_traced or next(_tools(entry), None) is not None


def continue_if_left_stopped(entry: Entry, *, is_whole: bool) -> bool:
    """Continues a target that the capture left stopped, now that no tool is at work on it. True when it had to be.

    A target that someone had stopped before is not touched; nor is one whose dump is whole, unless octotui itself held
    it: a tool that came to its end let go of it, so that someone else has stopped it since.
    """
    if entry.was_stopped or not entry.is_of_this_boot or (is_whole and not entry.is_held):
        return False
    try:
        held = HeldTarget.open(entry.target)
    except ProcessGone:
        return False
    try:
        return held.resume_if_left_stopped(was_stopped=False)
    finally:
        held.close()


def _end_overdue(entry: Entry) -> bool:
    """Kills the tools of a capture that should have been over long ago. True when there were any."""
    began = parsed_time(entry.record.get("captured_at"))
    if began is None or time.time() - began.timestamp() < _deadline(entry):
        return False
    was_any = False
    for pid in _tools(entry):
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(pid)
            try:
                # What the pidfd names is looked at once more: the pid may have changed hands before it was open.
                if _is_tool(entry, pid):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    was_any = True
            finally:
                os.close(descriptor)
    return was_any


def _deadline(entry: Entry) -> float:
    """Seconds from the begin of the capture, with the time that planning and queue may have taken."""
    estimate = entry.record.get("estimate")
    pause = estimate.get("pause_seconds") if isinstance(estimate, dict) else None
    expected = Estimate(0, float(pause) if isinstance(pause, int | float) else 0.0)
    return 2 * deadline_seconds(expected)


def _tools(entry: Entry) -> Iterator[int]:
    """Processes that were told to write into the staging directory, whose name nobody could guess."""
    for name in os.listdir(PROC):
        if name.isdigit() and _is_tool(entry, int(name)):
            yield int(name)


def _is_tool(entry: Entry, pid: int) -> bool:
    try:
        with open(PROC / str(pid) / "cmdline", "rb") as stream:
            command = stream.read(LONGEST_COMMAND)
    except OSError:
        return False
    if os.fsencode(f"/{Path(entry.staging).name}/") not in command:
        return False
    status = read_status(pid)
    # A person who looks at the file (less, tail) is none of them: a tool runs as the writer or is started by root.
    return status is not None and status.state not in "ZX" and status.name in TOOLS and status.uid == entry.writer_uid


TOOLS = frozenset({"createdump", "gcore", "gdb", "dotnet-dump", "dotnet"})
"""Names (as the kernel keeps them) of what backends start to write a dump."""
