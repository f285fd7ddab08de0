"""Ends a capture whose writer writes without end, before it fills the disk or the memory that it writes to."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable

from octotui.dumps.estimating.estimates import most_bytes
from octotui.dumps.model import Medium
from octotui.dumps.targets.waiting import in_thread, unbroken
from octotui.errors import CaptureFailed
from octotui.units import bytes_text

LOOK_SECONDS = 0.25
MOST_FILES = 10_000
BLOCK_BYTES = 512
MEMORY_FACTOR = 2


def allowed_bytes(expected: int, medium: Medium) -> int:
    """What may be written at most for a dump of `expected` bytes. Memory was chosen with room for it twice over."""
    return MEMORY_FACTOR * expected if medium is Medium.MEMORY else most_bytes(expected)


async def bounded(writing: Awaitable[None], directory: int, allowed: int) -> None:
    """Waits for `writing`, which fills the open `directory`; ends it when more than `allowed` bytes lie there.

    Raises what `writing` raises, and CaptureFailed (`overrun`).
    """
    task = asyncio.ensure_future(writing)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_SECONDS)
            if not task.done() and await in_thread(used_bytes, directory) > allowed:
                break
    finally:
        if not task.done():
            task.cancel()
            await unbroken(asyncio.gather(task, return_exceptions=True))
    if not task.cancelled():
        return task.result()
    raise CaptureFailed(
        f"more than {bytes_text(allowed)} were written, which no dump of this process needs, and the capture was ended",
        hint="look at that process: it does not write what it was asked for",
        code="overrun",
    )


def used_bytes(directory: int) -> int:
    """What an open directory and all below it take on the disk; holes take nothing, nor does what cannot be read."""
    used = seen = 0
    for _, _, names, below in os.fwalk(".", dir_fd=directory):
        for name in names:
            seen += 1
            if seen > MOST_FILES:
                return used
            with contextlib.suppress(OSError):
                used += os.stat(name, dir_fd=below, follow_symlinks=False).st_blocks * BLOCK_BYTES
    return used
