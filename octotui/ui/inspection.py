"""On-demand facts of the process under the cursor: how it would be captured, and what is too dear for every scan."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from octotui.dumps.model import DumpPlan, DumpRequest
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessInfo, ProcessKey
from octotui.processes.view import Lifecycle, Row
from octotui.text import printable
from octotui.ui.background import in_daemon_thread
from octotui.ui.lines.details import Subject
from octotui.ui.replay import NOT_LIVE
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.processes.detail import ProcessDetail
    from octotui.ui.screens.processes import ProcessesScreen

REST_SECONDS = 0.3
"""How long the cursor must rest before anything is read."""

FRESH_SECONDS = 30.0
"""How long what was read counts as fresh."""

Facts = tuple[tuple[str, str], ...]

REPLAYED: Facts = (("Facts", NOT_LIVE),)


class Inspection:
    """Reads the facts of one process at a time, in a worker, after the cursor has rested on it."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self._key: ProcessKey | None = None
        self._read_at = 0.0
        self._plan: DumpPlan | None = None
        self._problem = ""
        self._facts: Facts = ()

    def subject(self, row: Row) -> Subject:
        """What is known of the process of `row` by now."""
        model = self._screen.model
        cpu, memory = model.histories(row.key)
        known = row.key == self._key
        return Subject(
            row,
            model.ancestors(row.key),
            self._plan if known else None,
            self._problem if known else "reading…",
            cpu,
            memory,
            self._facts if known else (),
        )

    def attend(self, row: Row) -> None:
        """See to it that the facts of the process of `row` are read, unless they are fresh."""
        if self._screen.host.replay is not None:
            self._key, self._plan, self._problem, self._facts = row.key, None, "", REPLAYED
            return
        if row.key == self._key and time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        if row.key != self._key:
            self._key, self._plan, self._problem, self._facts = row.key, None, "reading…", ()
        self._read_at = time.monotonic()
        if row.lifecycle is Lifecycle.EXITED:
            self._problem = "the process has ended"
            return
        self._screen.inspect(row)

    async def read(self, row: Row) -> None:
        """Read the facts of the process of `row` once the cursor has rested on it."""
        await asyncio.sleep(REST_SECONDS)
        plan, problem = await self._planned(row)
        facts = await read_facts(row.process)
        if row.key == self._key:
            self._plan, self._problem, self._facts = plan, problem, facts
            self._screen.show_details()

    async def _planned(self, row: Row) -> tuple[DumpPlan | None, str]:
        sample = self._screen.model.sample
        if row.meaning.dotnet is False or sample is None:
            return None, "none: not a .NET process"
        request = DumpRequest((row.key,), frozenset((row.key,)), destination=self._screen.settings.output)
        try:
            return await self._screen.dumps.plan(request, sample), ""
        except OctotuiError as error:
            return None, printable(str(error))


async def read_facts(process: ProcessInfo) -> Facts:
    from octotui.octopus.secrets import redact
    from octotui.processes.detail import detail

    try:
        return _facts(await in_daemon_thread(partial(detail, process, redact=redact)))
    except OctotuiError as error:
        return (("Facts", printable(error.message)),)


def _facts(found: ProcessDetail) -> Facts:
    facts: list[tuple[str, str]] = []
    files = found.limit("Max open files")
    if found.open_files is not None:
        facts.append(("Files", f"{found.open_files} open" + (f" of {files.soft}" if files else "")))
    if found.listening:
        facts.append(("Listens", ", ".join(found.listening)))
    if found.memory.limit_bytes is not None:
        free = found.memory.free_bytes
        room = "" if free is None else f", {bytes_text(free)} free"
        facts.append(("Limit", f"{bytes_text(found.memory.limit_bytes)} of memory{room}"))
    if found.executable_state:
        facts.append(("Program", f"the file was {found.executable_state} since the start"))
    if found.tracer_pid:
        facts.append(("Traced", f"by {found.tracer_name or 'a process'} {found.tracer_pid}"))
    return tuple(facts)
