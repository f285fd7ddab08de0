"""A host on which processes come by the thousand: nothing that matches is missed, and what the kernel lost is found."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sentry_world import Children, listening, ours, program, until

SMALL_BUFFER = """
import functools, sys
from octotui.dumps.sentry import hearing
from octotui.dumps.sentry.__main__ import main
class Small:
    open = staticmethod(functools.partial(hearing.ProcessEvents.open, buffer_bytes=1))
hearing.ProcessEvents = Small
sys.exit(main())
"""


@pytest.mark.usefixtures("events")
async def test_calamaris_among_a_thousand_short_processes_are_all_caught(made: Children, home: Path) -> None:
    async with listening() as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()})
        storm = made.start(program(home, "spawner"), "spawn", program(home, "other"), "1000", "500", "live", "0")
        calamaris = made.start(program(home, "spawner"), "spawn", program(home), "40", "5000", "live", "50000")
        assert calamaris.stdout is not None and storm.stdout is not None
        pids = sorted(int(line) for line in calamaris.stdout)
        await until(lambda: sorted(news["pid"] for news in ears.of("caught")) == pids, "all are caught", seconds=10)


@pytest.mark.usefixtures("events")
async def test_what_began_while_events_were_lost_is_found_and_the_loss_is_told(made: Children, home: Path) -> None:
    before = made.start(program(home), "run").pid
    async with listening(command=("-I", "-c", SMALL_BUFFER)) as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True, count=9)
        first = made.start(program(home), "run").pid
        await ears.until("held", pid=first)
        os.kill(ears.sentry.pid, signal.SIGSTOP)
        made.start(program(home, "spawner"), "spawn", program(home, "other"), "300", "0", "live", "0").wait()
        late = made.start(program(home), "run").pid
        os.kill(ears.sentry.pid, signal.SIGCONT)
        assert (await ears.until("lost"))["count"] > 0
        await ears.until("caught", pid=late, held=True)
        assert ears.of("caught", pid=before) == []
        assert len(ears.of("caught", pid=first)) == 1
