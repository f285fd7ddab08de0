"""A stand-in for octotui that tests kill: `sentry_owner.py PID STARTED [DIRECTORY]` arms a hold below that process, or
with a directory a capture at the end, writes the pid of its sentry and then who is traced."""

from __future__ import annotations

import asyncio
import sys

from octotui.dumps.sentry.client import Sentry


async def main() -> None:
    sentry = await Sentry.start()
    whom = {"name": "Calamari", "under": [int(word) for word in sys.argv[1:3]]}
    trace = {"directory": sys.argv[3]} if len(sys.argv) > 3 else None
    sentry.send(
        {"do": "arm", "id": 1, "whom": whom, "hold": not trace, "count": 100, "at_exit": bool(trace), "trace": trace}
    )
    async for news in sentry.news():
        if news["news"] == "armed":
            print(sentry.pid, flush=True)
        elif news["news"] == "tracing":
            print("tracing", news["pid"], flush=True)


asyncio.run(main())
