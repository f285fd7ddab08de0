"""`octotui tree`: one snapshot of the tree, as plain text or JSON."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from octotui.cli import output
from octotui.cli.arguments import named_path, parsed_filter
from octotui.units import percent_text, short_age, short_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from octotui.config import Settings
    from octotui.processes.model import Sample
    from octotui.processes.view import Row

CPU_SECONDS = 0.3
"""Time between the two scans that cpu use is computed from."""

NOTHING_RUNS = (
    "No Octopus process runs here that this user can see.",
    "  Start a deployment, or run octotui tree --all for every process, sudo octotui tree for those of other users,",
    "  octotui demo for a stand-in, octotui doctor for what this user may see.",
)


@click.command("tree")
@click.option("--all", "everything", is_flag=True, help="Every process of the host, not only those of Octopus.")
@click.option("--filter", "filter_text", metavar="TEXT", help="Only what matches these words, with its ancestors.")
@click.option("--replay", type=named_path, metavar="FILE", help="The last sample of a recording, not this host.")
@output.json_option
def command(everything: bool, filter_text: str | None, replay: Path | None, as_json: bool) -> int:
    """One snapshot of the Octopus processes and what they mean."""
    from octotui import config, locations
    from octotui.processes.view import Scope, ViewState, rows

    settings = config.load(locations.config_files(), filter=filter_text)
    everything = everything or settings.scope == "everything"
    state = ViewState(
        scope=Scope.EVERYTHING if everything else Scope(settings.scope), filter=parsed_filter(settings.filter)
    )
    sample = _sample_of_now(settings) if replay is None else _last_sample(replay)
    shown = [row for row in rows(sample, state) if row.key in sample.snapshot.processes]
    if as_json:
        output.write_json(document(sample, shown))
        return 0
    for text in lines(sample, shown):
        output.line(output.fitted(text))
    if not shown:
        for text in NOTHING_RUNS if not settings.filter else (f'Nothing matches the filter "{settings.filter}".',):
            output.line(text)
    return 0


def _sample_of_now(settings: Settings) -> Sample:
    from octotui.host import Host

    host = Host.open(settings)
    host.read_sample()
    time.sleep(CPU_SECONDS)
    return host.read_sample()


def _last_sample(path: Path) -> Sample:
    from octotui.processes.recordings.recording import Recording

    recording = Recording.open(path)
    return recording.sample(len(recording) - 1)


def document(sample: Sample, shown: list[Row]) -> dict[str, Any]:
    """The snapshot as JSON: parents before children, times in ISO 8601 UTC, field names end in their unit."""
    snapshot = sample.snapshot
    return {
        "host": snapshot.host,
        "taken_at": snapshot.taken_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "processes": [_process(sample, row) for row in shown],
    }


def _process(sample: Sample, row: Row) -> dict[str, Any]:
    process, meaning = row.process, sample.meaning(row.key)
    cpu = sample.cpu_percent.get(row.key)
    return {
        "pid": process.pid,
        "started": process.key.started,
        "ppid": process.parent_pid,
        "name": process.name,
        "command": process.command,
        "user": process.user,
        "role": meaning.role,
        "task": meaning.task,
        "instance": meaning.instance,
        "version": meaning.version,
        "dotnet": meaning.dotnet,
        "state": process.state,
        "cpu_percent": None if cpu is None else round(cpu, 1),
        "rss_bytes": process.rss_bytes,
        "threads": process.threads,
        "age_seconds": round(sample.snapshot.age_seconds(process), 1),
    }


def lines(sample: Sample, shown: list[Row]) -> list[str]:
    """The rows as aligned lines under a heading; none for none."""
    if not shown:
        return []
    cells: list[tuple[str, ...]] = [("PID", "ROLE", "CPU%", "MEM", "AGE", "TASK", "PROCESS")]
    for row in shown:
        meaning = sample.meaning(row.key)
        cpu = sample.cpu_percent.get(row.key)
        cells.append(
            (
                str(row.process.pid),
                meaning.label,
                "" if cpu is None else percent_text(cpu),
                short_bytes(row.process.rss_bytes),
                short_age(sample.snapshot.age_seconds(row.process)),
                meaning.task,
                row.guide + row.process.command,
            )
        )
    return output.columns(cells, right=frozenset({0, 2, 3, 4}))
