"""A stand-in for octotui that tests kill: `sentry_owner.py PID STARTED` arms a hold below that process, writes the pid
of its sentry and waits."""

from __future__ import annotations

import asyncio
import sys

from octotui.dumps.sentry.client import Sentry


async def main() -> None:
    sentry = await Sentry.start()
    under = [int(word) for word in sys.argv[1:3]]
    sentry.send({"do": "arm", "id": 1, "whom": {"name": "Calamari", "under": under}, "hold": True, "count": 100})
    async for news in sentry.news():
        if news["news"] == "armed":
            print(sentry.pid, flush=True)


asyncio.run(main())
