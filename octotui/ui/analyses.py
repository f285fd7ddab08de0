"""Analyses for the screen: taken in the background, written where analyses are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.ui.background import in_daemon_thread

if TYPE_CHECKING:
    from octotui.analysis.model import Analysis
    from octotui.ui.ports import HostPort
    from octotui.ui.screens.processes import ProcessesScreen


class Analyses:
    """`AnalysisPort` by the observer of a host."""

    def __init__(self, host: HostPort) -> None:
        self._host = host

    async def take(
        self, sample: Sample, keys: Sequence[ProcessKey], on_step: Callable[[str], None] | None = None
    ) -> Analysis:
        from octotui.analysis.taking import take

        return await take(self._host.observer, sample, keys, with_counters=True, on_step=on_step)

    async def write(self, analysis: Analysis) -> tuple[Path, ...]:
        from octotui.analysis.files import write
        from octotui.locations import analyses_directory

        files = await in_daemon_thread(lambda: write(analysis, analyses_directory()))
        return files.text, files.document


async def analysis_written(
    processes: ProcessesScreen, key: ProcessKey, say: Callable[[str], None]
) -> tuple[tuple[str, ...], bool]:
    """Takes and writes the analysis of the tree of `key`; what came of it in sentences, and whether it failed."""
    sample, keys = processes.model.latest, processes.model.tree_of(key)
    if sample is None or not keys:
        return ("The process has ended; there is nothing left to analyse",), True
    try:
        analysis = await processes.analyses.take(sample, keys, say)
        paths = await processes.analyses.write(analysis)
    except OctotuiError as error:
        return (error.message, error.hint) if error.hint else (error.message,), True
    count = "1 process" if len(analysis.processes) == 1 else f"{len(analysis.processes)} processes"
    return (f"Written: the analysis of {count}, no values and no secrets", *map(str, paths)), False
