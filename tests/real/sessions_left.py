"""Whether octotui left anything in a process: each session of a runtime has a socket and a thread there."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress


def sockets_of(pid: int) -> int:
    """Its open sockets; each session is one more."""
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return count


async def no_more_than(before: int, pid: int) -> None:
    """Until there are no more sockets than before: the runtime closes its end a moment after octotui."""
    for _ in range(1000):
        if sockets_of(pid) <= before:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{sockets_of(pid)} sockets are open in process {pid}, {before} were before")
