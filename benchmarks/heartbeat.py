"""How long an event loop is held up, measured inside the real program: `python benchmarks/heartbeat.py REPORT WORDS`.

It runs `octotui WORDS` as ever, except that a timer of 5 ms beats on whichever asyncio loop the program makes. A beat
that comes late by more than 5 ms is written to REPORT when the program ends, one a line: when it was due (seconds of
the machine's monotonic clock), milliseconds late, and the CPU milliseconds of the loop's thread and of the process
meanwhile. So work of the loop itself, waiting for another thread's GIL, and a machine that was busy elsewhere can be
told apart. With the one word `nothing` the loop only beats: what this machine does to any program.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

BEAT_SECONDS = 0.005
NOTED_SECONDS = 0.005
NOTHING = "nothing"


class Heart:
    """Beats on a loop from its first turn on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.late: list[tuple[float, float, float, float]] = []
        self._loop = loop
        loop.call_soon(self._schedule)

    def _schedule(self) -> None:
        self._due = time.monotonic() + BEAT_SECONDS
        self._own, self._all = time.thread_time(), time.process_time()
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._due > NOTED_SECONDS:
            own, everything = time.thread_time() - self._own, time.process_time() - self._all
            self.late.append((self._due, now - self._due, own, everything))
        self._schedule()

    def lines(self) -> str:
        return "".join(
            f"{at:.3f} {late * 1000:.2f} {own * 1000:.2f} {everything * 1000:.2f}\n"
            for at, late, own, everything in self.late
        )


class Policy(asyncio.DefaultEventLoopPolicy):
    """Gives each new loop a heart."""

    def __init__(self) -> None:
        super().__init__()
        self.hearts: list[Heart] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        self.hearts.append(Heart(loop))
        return loop


async def nothing() -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()


def main() -> None:
    report, words = Path(sys.argv[1]), sys.argv[2:]
    policy = Policy()
    asyncio.set_event_loop_policy(policy)
    try:
        if words == [NOTHING]:
            asyncio.run(nothing())
            return
        from octotui.cli import main as octotui

        sys.argv = ["octotui", *words]
        with contextlib.suppress(SystemExit):
            octotui()
    finally:
        report.write_text("".join(heart.lines() for heart in policy.hearts), encoding="ascii")


if __name__ == "__main__":
    main()
