"""The progress of a capture: bars on a terminal, one line for each change elsewhere, silence with `--json`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from octotui.cli import output
from octotui.cli.plan_text import title
from octotui.cli.terminal import shows_unicode
from octotui.dumps.results import Job, JobState
from octotui.units import bytes_text, seconds_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


async def narrate(changes: AsyncIterator[Job], count: int, *, quiet: bool) -> None:
    """Shows each change until the stream ends. A reader that has gone away ends the narration, not the capture."""
    with contextlib.suppress(OSError):
        if quiet:
            async for _ in changes:
                pass
        elif output.shows_progress():
            await _bars(changes)
        else:
            await _lines(changes, count)


async def _lines(changes: AsyncIterator[Job], count: int) -> None:
    seen: dict[int, JobState] = {}
    began = 0
    async for job in changes:
        if seen.get(job.id) is job.state and not job.waits_for:
            continue
        seen[job.id] = job.state
        name = title(job.step.target)
        if job.waits_for:
            output.line(f"{name}: {job.waits_for} ...")
        elif job.state is JobState.RUNNING:
            began += 1
            output.line(f"{began} of {count}: {name}: {job.step.type.value} by {job.step.backend} ...")
        elif job.state is JobState.COPYING:
            output.line(f"{name}: runs again, copying the dump to disk ...")
        elif job.state is JobState.VERIFYING:
            written = bytes_text(job.bytes_written) if job.bytes_written else "all"
            output.line(f"{name}: {written} written, verifying ...")


async def _bars(changes: AsyncIterator[Job]) -> None:
    with _progress() as progress:
        tasks: dict[int, TaskID] = {}
        async for job in changes:
            if job.id not in tasks:
                tasks[job.id] = progress.add_task(title(job.step.target), total=1, state="")
            total = max(job.step.estimate.bytes, job.bytes_written, 1)
            is_whole = job.state in (JobState.VERIFYING, JobState.FINISHED)
            progress.update(
                tasks[job.id], total=total, completed=total if is_whole else job.bytes_written, state=_state(job)
            )


def _state(job: Job) -> str:
    if job.state is JobState.COPYING:
        words = f"copying {bytes_text(job.bytes_written)} of ~{bytes_text(job.step.estimate.bytes)}"
        return f"{words}, was paused {seconds_text(job.pause_seconds)}"
    if job.state is not JobState.RUNNING:
        return job.waits_for or job.state.value
    whole = f"~{bytes_text(job.step.estimate.bytes)}"
    words = f"{bytes_text(job.bytes_written)} of {whole}" if job.bytes_written else f"looking at its memory, {whole}"
    if job.pause_seconds > 0:
        words += f", {'paused' if job.is_paused else 'was paused'} {seconds_text(job.pause_seconds)}"
    return words


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    bars = [BarColumn(bar_width=24)] if shows_unicode() else []
    return Progress(
        TextColumn("{task.description}", markup=False),
        *bars,
        TextColumn("{task.fields[state]}", markup=False),
        console=Console(highlight=False),
        transient=True,
    )
