"""On-demand facts of the process under the cursor: how it would be captured, and what is too dear for every scan."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from octotui.dumps.model import DumpPlan, DumpRequest
from octotui.errors import OctotuiError, ProcessGone
from octotui.processes.detail import ProcessDetail, detail
from octotui.processes.model import ProcessInfo, ProcessKey, Sample
from octotui.processes.view import Lifecycle, Row
from octotui.text import printable
from octotui.ui.background import in_daemon_thread
from octotui.ui.lines.details import Subject
from octotui.ui.replay import NOT_LIVE

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REST_SECONDS = 0.3
"""How long the cursor must rest before anything is read."""

FACTS_SECONDS = 4.0
"""How long facts count as fresh: reading them takes about a millisecond."""
PLAN_SECONDS = 30.0
"""How long a plan does: it reads the target's memory map."""

SOON_SECONDS = 3.0
"""Figures wait so long for the next sample, not longer."""

READING = "reading…"
ENDED = "the process has ended"


class Inspection:
    """Reads the facts of one process at a time, in a worker, after the cursor has rested on it."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self._key: ProcessKey | None = None
        self._reading: ProcessKey | None = None
        self._facts_at = self._plan_at = 0.0
        self._plan: DumpPlan | None = None
        self._plan_problem = ""
        self._detail: ProcessDetail | None = None
        self._detail_problem = ""
        self._start: tuple[ProcessKey, datetime] | None = None
        self._above: tuple[ProcessKey, tuple[ProcessInfo, ...]] | None = None

    def subject(self, row: Row) -> Subject:
        """What is known of the process of `row` by now. Of one that has ended it is the last that was known."""
        model, known = self._screen.model, row.key == self._key
        sample = model.sample
        if sample is not None and row.is_folded:
            row = _of_itself(row, sample)
        return Subject(
            row,
            self._line_above(row),
            self._plan if known else None,
            self._plan_problem if known else READING,
            model.history.of(row.key),
            model.history.now,
            self._started(row.process, sample) if sample is not None else None,
            self._detail if known else None,
            self._detail_problem if known else READING,
            self._screen.counting.live(row),
        )

    def attend(self, row: Row) -> None:
        """Turn to the process of `row`; what was known of another one is forgotten."""
        if self._screen.host.replay is not None:
            self._key, self._plan, self._detail = row.key, None, None
            self._plan_problem = self._detail_problem = NOT_LIVE
            return
        if row.key != self._key:
            self._key, self._plan, self._detail = row.key, None, None
            self._plan_problem = self._detail_problem = READING
            self._facts_at = self._plan_at = -FACTS_SECONDS - PLAN_SECONDS
            self._reading = None
        if row.lifecycle is Lifecycle.EXITED:
            self._plan_problem = self._detail_problem = ENDED

    def ask(self, row: Row) -> None:
        """See to it that the facts of the process attended to are read, unless they are fresh or being read.

        To be called once all that changes is told to the widgets: what wakes the screen before that has it drawn in
        two pieces, and so has a thread that reads beside the drawing.
        """
        if self._screen.host.replay is not None or row.lifecycle is Lifecycle.EXITED or self._reading == row.key:
            return
        if self._is_due(time.monotonic(), self._facts_at, FACTS_SECONDS):
            self._reading = row.key
            self._screen.call_after_refresh(self._screen.inspect, row)

    def freshen(self, *, at_once: bool) -> None:
        """Figures are others: shown in the pane with the next sample, as one repaint, where that is about to come."""
        screen = self._screen
        if at_once or screen.model.freeze is not None or screen.app.sampling.pause_seconds > SOON_SECONDS:
            screen.show_details()

    async def read(self, row: Row) -> None:
        """Read what is due of the process of `row`; the first time once the cursor has rested on it."""
        try:
            if self._detail is None:
                await asyncio.sleep(REST_SECONDS)
            await self._read_detail(row)
            if self._is_due(time.monotonic(), self._plan_at, PLAN_SECONDS):
                plan, problem = await self._planned(row)
                if row.key == self._key:
                    self._plan, self._plan_problem, self._plan_at = plan, problem, time.monotonic()
                    self._screen.show_details()
        finally:
            if self._reading == row.key:
                self._reading = None

    async def _read_detail(self, row: Row) -> None:
        try:
            found, problem = await read_facts(row.process), ""
        except ProcessGone:
            # What was known stays: the next sample says that the process has ended.
            found, problem = None, ENDED
        except OctotuiError as error:
            found, problem = None, printable(error.message)
        if row.key == self._key:
            is_news = self._detail is None or problem != self._detail_problem
            self._detail = found or self._detail
            self._detail_problem, self._facts_at = problem, time.monotonic()
            self.freshen(at_once=is_news)

    async def _planned(self, row: Row) -> tuple[DumpPlan | None, str]:
        sample = self._screen.model.sample
        if row.meaning.dotnet is False or sample is None:
            return None, "none: not a .NET process"
        request = DumpRequest((row.key,), frozenset((row.key,)), destination=self._screen.settings.output)
        try:
            return await self._screen.dumps.plan(request, sample), ""
        except OctotuiError as error:
            return None, printable(str(error))

    def _line_above(self, row: Row) -> tuple[ProcessInfo, ...]:
        """The ancestors of the process; of one that has left the sample those that it had."""
        above = self._screen.model.ancestors(row.key)
        if above:
            self._above = (row.key, above)
        return above if above or self._above is None or self._above[0] != row.key else self._above[1]

    def _started(self, process: ProcessInfo, sample: Sample) -> datetime:
        """The start in local time, worked out once: clock and uptime drift apart by milliseconds, and a second must
        not flicker."""
        if self._start is None or self._start[0] != process.key:
            ago = sample.snapshot.uptime_seconds - process.started_seconds
            self._start = (process.key, (sample.snapshot.taken_at - timedelta(seconds=ago)).astimezone())
        return self._start[1]

    @staticmethod
    def _is_due(now: float, read_at: float, seconds: float) -> bool:
        return now - read_at >= seconds


async def read_facts(process: ProcessInfo) -> ProcessDetail:
    return await in_daemon_thread(partial(detail, process))


def _of_itself(row: Row, sample: Sample) -> Row:
    """A folded row carries the sums of what is below it; the details are of the process alone."""
    rss = sample.snapshot.processes[row.key].rss_bytes if row.key in sample.snapshot.processes else 0
    return replace(row, cpu_percent=sample.cpu_percent.get(row.key), rss_bytes=rss)
