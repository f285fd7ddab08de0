"""Live counters of the process that is looked at: one session at a time, ended as soon as it is out of sight."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from textual.worker import Worker, WorkerError

from octotui.dotnet.counters.model import CounterReading
from octotui.errors import OctotuiError, ProcessGone, Refused
from octotui.processes.history import HISTORY_SECONDS
from octotui.processes.model import ProcessKey
from octotui.processes.view import Lifecycle, Row
from octotui.text import printable
from octotui.ui.lines.counters import INTERVAL_SECONDS, Live

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

REST_SECONDS = 0.7
"""How long the cursor must rest before a runtime is asked: a session is more than a read of a file."""

AGAIN_SECONDS = 5.0
"""How soon one that could not be asked for a reason that passes (stopped, traced) is asked again."""

MOST_READINGS = 120

READ_ONLY = "read-only: no session is opened in it to watch its counters"
OWN_WORD = "counters"
"""What a conversation calls this one."""


class Counting:
    """Whom it asks follows what is in sight. What was read stays until another process is."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self.key: ProcessKey | None = None
        self._readings: deque[tuple[float, CounterReading]] = deque(maxlen=MOST_READINGS)
        self._problem = self._hint = ""
        self._worker: Worker[None] | None = None
        self._is_at_rest = False

    def live(self, row: Row) -> Live | None:
        """What is known of the process of `row`; None for one that is no .NET, has ended, or is not asked."""
        if row.meaning.dotnet is not True or row.lifecycle is Lifecycle.EXITED or self._screen.host.replay is not None:
            return None
        if self._screen.settings.read_only:
            return Live(problem=READ_ONLY)
        if row.key != self.key:
            return Live()
        busy = self._screen.host.observer.conversations.busy_with(row.key)
        return Live(
            tuple(self._readings),
            time.monotonic(),
            self._problem,
            self._hint,
            "" if busy == OWN_WORD else printable(busy, 60),
        )

    def attend(self) -> None:
        """See to it that the process in sight is asked, and no other."""
        wanted = None if self._is_at_rest else self._wanted()
        if wanted == self.key:
            return
        self._cancel()
        self.key = wanted
        self._readings.clear()
        self._problem = self._hint = ""
        if wanted is not None:
            self._worker = self._screen.app.run_worker(
                self._follow(wanted), group="counters", exclusive=True, exit_on_error=False
            )

    async def rest(self) -> None:
        """End the session and open none until `wake`; returns when it is ended."""
        self._is_at_rest = True
        worker = self._worker
        self.attend()
        if worker is not None:
            with contextlib.suppress(WorkerError):
                await worker.wait()

    def wake(self) -> None:
        self._is_at_rest = False
        self.attend()

    def _cancel(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def _wanted(self) -> ProcessKey | None:
        """The .NET process whose details are in sight: on their screen, or in the pane beside the table."""
        row = self._screen.app.program.screen.row_in_detail()
        is_live = self._screen.host.replay is None and not self._screen.settings.read_only
        if row is None or not is_live or row.meaning.dotnet is not True or row.lifecycle is Lifecycle.EXITED:
            return None
        return row.key

    async def _follow(self, key: ProcessKey) -> None:
        await asyncio.sleep(REST_SECONDS)
        while True:
            try:
                await self._take(key, self._screen.host.observer.counters(key, INTERVAL_SECONDS))
                return
            except ProcessGone:
                return
            except OctotuiError as error:
                self._problem, self._hint = printable(error.message), printable(error.hint)
                self._screen.show_details()
                if not isinstance(error, Refused):
                    # One that does not answer is not asked again and again: each request may wait in its socket.
                    return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _take(self, key: ProcessKey, readings: AsyncIterator[CounterReading]) -> None:
        close = getattr(readings, "aclose", None)
        try:
            async for reading in readings:
                if self._wanted() != key:
                    # It went out of sight without a word: the next look opens a session again.
                    self.key = None
                    return
                now, is_first = time.monotonic(), not self._readings or bool(self._problem)
                self._readings.append((now, reading))
                while self._readings[0][0] < now - HISTORY_SECONDS:
                    self._readings.popleft()
                self._problem = self._hint = ""
                self._screen.inspection.freshen(at_once=is_first)
        finally:
            if close is not None:
                await close()
