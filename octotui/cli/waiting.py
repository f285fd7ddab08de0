"""What `octotui catch` says while it waits: news on lines of their own, and on a terminal one line that is redrawn."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from octotui.cli import output
from octotui.dumps.arming.state import AT_WORK, CLOSED, Caught, News, RuleState
from octotui.dumps.model import Severity
from octotui.dumps.results import Job
from octotui.units import bytes_text, seconds_text

REDRAW_SECONDS = 1.0


class WaitingLine:
    """`is_silent`: nothing at all is written, as with `--json`."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent
        self._is_live = not is_silent and output.shows_progress()
        self._began = time.monotonic()
        self._shown_at = -REDRAW_SECONDS
        self._text = ""

    async def tell(self, news: AsyncIterator[News]) -> None:
        """Writes each piece of news until they end. A reader that has gone away ends the telling, not the watch."""
        with contextlib.suppress(OSError):
            async for found in news:
                if not self._is_silent:
                    self._tell(found)
            return
        async for _ in news:
            pass

    def _tell(self, news: News) -> None:
        self.clear()
        mark = "Warning: " if news.severity is Severity.WARNING else ""
        output.line(f"{datetime.now():%H:%M:%S}  {mark}{output.clean(news.text)}")
        if news.hint:
            output.line(f"          next step: {output.clean(news.hint)}")
        self._draw()

    def show(self, state: RuleState, jobs: Sequence[Job] = ()) -> None:
        """Redraws the line, at most once a second."""
        if not self._is_live or time.monotonic() - self._shown_at < REDRAW_SECONDS:
            return
        self._shown_at = time.monotonic()
        self._text = f"{seconds_text(time.monotonic() - self._began)}  {words(state, jobs)}"
        self._draw()

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_live and self._text:
            self._write("\r\x1b[K")

    def _draw(self) -> None:
        if self._is_live and self._text:
            self._write("\r" + output.encodable(output.fitted(self._text)) + "\x1b[K")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stdout.write(text)
            sys.stdout.flush()


def words(state: RuleState, jobs: Sequence[Job] = ()) -> str:
    """The rule as it stands: `2 seen, 1 captured; Calamari 14220: waiting, memory 1.2 GB of 2.0 GB`."""
    counts = {
        "seen": state.seen, "captured": state.captured, "looked at": state.looked, "passed": state.passed,
        "ended early": state.ended_early, "failed": state.failed, "left": state.left,
    }  # fmt: skip
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing seen yet"
    still_open = [found for found in state.caught if found.stage not in CLOSED]
    if not still_open:
        return f"waiting: {told}"
    more = f" (and {len(still_open) - 1} more)" if len(still_open) > 1 else ""
    return f"{told}; {_of(_most_telling(still_open), jobs)}{more}"


def _most_telling(caught: Sequence[Caught]) -> Caught:
    """Whom to show: one of which something is being taken, else the one that was caught last."""
    return next((c for c in caught if c.stage in AT_WORK), caught[-1])


def _of(caught: Caught, jobs: Sequence[Job]) -> str:
    note = f", {caught.note}" if caught.note else ""
    job = next((job for job in reversed(jobs) if job.key == caught.key and not job.state.is_over), None)
    if job is not None and job.bytes_written:
        note = f", {bytes_text(job.bytes_written)} of ~{bytes_text(job.step.estimate.bytes)}"
    return f"{caught.name} {caught.key.pid}: {caught.stage.value}{note}"
