"""Whether the kernel tells octotui of each start and end of a process, how well, and what is done where it does not."""

from __future__ import annotations

import os
from collections.abc import Callable

from octotui.cli.doctor.check import Check, ok, warning
from octotui.dumps.commands import as_root
from octotui.processes.events import BUFFER_BYTES, EventsUnavailable, ProcessEvents
from octotui.units import bytes_text

TITLE = "process events"
POLLING = "octotui polls instead, and can miss processes that live shorter than its interval"
ENOUGH_BYTES = 8 << 20
"""A buffer, as the kernel counts it, that outlasts a stall of a quarter second under a storm of forks."""


def event_source(subscribe: Callable[[], ProcessEvents] = ProcessEvents.open) -> Check:
    """The check: subscribes, looks at what was granted, and unsubscribes."""
    try:
        with subscribe() as events:
            return _heard(events)
    except EventsUnavailable as refusal:
        is_for_root = refusal.code == "events-need-root" and os.geteuid() != 0
        return warning(
            TITLE, f"not available ({refusal.reason}): {POLLING}", as_root() if is_for_root else refusal.hint
        )


def _heard(events: ProcessEvents) -> Check:
    filtered = "threads left out by the kernel" if events.is_filtered else "threads left out by octotui"
    masked = "kinds chosen by its mask" if events.is_masked else "kinds not chosen by a mask (before Linux 6.6)"
    words = f"on: buffer of {bytes_text(events.buffer_bytes)}, {filtered}, {masked}"
    if events.buffer_bytes >= ENOUGH_BYTES:
        return ok(TITLE, words)
    return ok(
        TITLE,
        f"{words}; a storm of processes can overflow this buffer, and then octotui scans",
        f"sudo sysctl -w net.core.rmem_max={BUFFER_BYTES}",
    )
