"""Children that fork, exec and end in known ways, and the events of theirs among those of the whole host."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from octotui.processes.events import EventKind, EventsUnavailable, ProcessEvent, ProcessEvents

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0
"""Only a failing test waits for so long."""

FORKS = """
import os, sys
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    print(pid)
"""


def subscription(*, buffer_bytes: int = 16 << 20, want: Collection[EventKind] = tuple(EventKind)) -> ProcessEvents:
    """Events of this host; skips the test where the kernel tells of none."""
    try:
        return ProcessEvents.open(buffer_bytes=buffer_bytes, want=want)
    except EventsUnavailable as refusal:
        pytest.skip(str(refusal))


def python(code: str, *arguments: object, prefix: Sequence[str] = ()) -> list[str]:
    """The command line of a Python that finds octotui and needs no site packages."""
    lead = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.dont_write_bytecode = True\n"
    return [*prefix, sys.executable, "-IS", "-c", lead + code, *map(str, arguments)]


def zero_lives(count: int) -> list[int]:
    """The pids of `count` processes that ended as soon as they were forked; none has the pid of another."""
    done = subprocess.run(python(FORKS, count), capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


def heard_of(events: ProcessEvents, pids: Collection[int], *, ends: int | None = None) -> list[ProcessEvent]:
    """The events of these processes in the order of arrival, up to the last of their ends (one each, or `ends`)."""
    wanted, found = set(pids), list[ProcessEvent]()
    missing = len(wanted) if ends is None else ends
    deadline = time.monotonic() + PATIENCE_SECONDS
    ready = select.poll()
    ready.register(events, select.POLLIN)
    while missing > 0 and time.monotonic() < deadline:
        ready.poll(1000)
        heard = events.drain()
        assert not heard.was_lost
        mine = [event for event in heard.events if event.pid in wanted]
        missing -= sum(event.kind is EventKind.EXIT for event in mine)
        found += mine
    assert missing <= 0, f"{missing} ends were not heard of"
    return found
