"""`octotui stacks`: what the threads of live .NET processes do, without a dump and without a secret."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from octotui.cli import output
from octotui.cli.arguments import named_path, pid
from octotui.cli.asking import INTERRUPTED, Narrator, unless_interrupted
from octotui.cli.choosing import chosen
from octotui.errors import OctotuiError, Refused, UsageError

if TYPE_CHECKING:
    from octotui.analysis.model import Analysis, ProcessAnalysis
    from octotui.host import Host
    from octotui.processes.model import ProcessKey, Sample

MOST_SAMPLES = 100
LONGEST_PAUSE = 3600.0


@click.command("stacks")
@click.argument("pids", metavar="[PID]...", nargs=-1, type=pid)
@click.option("--tree", "with_descendants", is_flag=True, help="Also the descendants of each chosen process.")
@click.option("--role", metavar="ROLE", help="Every process of this role: calamari, tentacle, server, ...")
@click.option(
    "--samples",
    type=click.IntRange(1, MOST_SAMPLES),
    default=1,
    show_default=True,
    help="Look so often, and say what moved and what stood still.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.5, LONGEST_PAUSE),
    default=5.0,
    show_default=True,
    metavar="S",
    help="Seconds from look to look.",
)
@click.option("--all-threads", "is_whole", is_flag=True, help="Fold no frames and name every thread.")
@click.option("--counters", "with_counters", is_flag=True, help="Also figures of each runtime; takes a second more.")
@click.option("--output", "directory", metavar="DIR", type=named_path, help="Also write analysis files, there.")
@output.json_option
@click.pass_obj
def command(
    session: output.Session,
    pids: tuple[int, ...],
    with_descendants: bool,
    role: str | None,
    samples: int,
    every: float,
    is_whole: bool,
    with_counters: bool,
    directory: Path | None,
    as_json: bool,
) -> int:
    """Which threads run and where they are in the code, read live.

    The process stands still for well under a millisecond a look. Names of threads and methods are told, no
    arguments, no environment, no values.

    \b
    octotui stacks 14220                       this process
    octotui stacks --tree 812                  it and all below it
    octotui stacks --samples 3 --every 5 14220 three looks: what moved?
    octotui stacks --tree 812 --output .       also as analysis files
    """
    if not pids and not role:
        raise UsageError("say whose stacks", hint="octotui stacks PID, or octotui stacks --role calamari")
    from octotui import config, locations
    from octotui.host import Host

    host = Host.open(config.load(locations.config_files()))
    sample = host.read_sample()
    keys, _ = chosen(sample, pids, role, with_descendants=with_descendants)
    rounds: list[Analysis] = []
    narrator = Narrator(as_json=as_json)
    whole = asyncio.run(
        _taken(host, sample, keys, samples, every, rounds, with_counters=with_counters, narrator=narrator)
    )
    if whole is None and not rounds:
        raise click.Abort
    analysis = whole or rounds[-1]
    _check(analysis, pids)
    # Told before anything is written: what was seen is not lost with a full disk.
    if as_json:
        session.answer = _document(analysis, is_cut=whole is None)
    else:
        _print(analysis, is_whole=is_whole)
    files = _written(analysis, directory) if directory is not None else {}
    if as_json:
        output.write_json(session.answer | ({"files": files} if files else {}))
    else:
        for path in files.values():
            output.line(f"written: {path}")
    if whole is None:
        output.aside(f"interrupted after {len(rounds)} of {samples} {'look' if samples == 1 else 'looks'}")
        return INTERRUPTED
    return _status(analysis)


async def _taken(
    host: Host,
    sample: Sample,
    keys: tuple[ProcessKey, ...],
    samples: int,
    every: float,
    rounds: list[Analysis],
    *,
    with_counters: bool,
    narrator: Narrator,
) -> Analysis | None:
    """All that was asked for; None when a signal came first, and then what was seen until then is in `rounds`."""
    from octotui.analysis.taking import take

    try:
        return await unless_interrupted(
            take(
                host.observer,
                sample,
                keys,
                samples=samples,
                every_seconds=every,
                with_counters=with_counters,
                on_step=narrator.say,
                on_round=rounds.append,
            )
        )
    finally:
        await host.observer.aclose()


def _check(analysis: Analysis, pids: tuple[int, ...]) -> None:
    """One process that gave nothing is a failure with its own words; so are several without a .NET one."""
    asked = [process for process in analysis.processes if process.is_dotnet]
    if not asked:
        named = f"process {pids[0]} is not a .NET process" if len(pids) == 1 else "none of them is a .NET process"
        below = " and has none below it" if len(analysis.processes) > 1 else ""
        hint = "octotui tree --all shows all" if below or not pids else f"octotui stacks --tree {pids[0]}"
        raise Refused(named + below, hint=hint, code="not-dotnet")
    if len(analysis.processes) == 1 and not asked[0].looks and asked[0].failure is not None:
        raise asked[0].failure


def _written(analysis: Analysis, directory: Path) -> dict[str, str]:
    """Where the text and the document are."""
    from octotui.analysis.files import write

    files = write(analysis, directory.absolute())
    return {"text": str(files.text), "document": str(files.document)}


def _print(analysis: Analysis, *, is_whole: bool) -> None:
    from octotui.analysis.text import process_lines, tasks

    shown: list[ProcessAnalysis] = [process for process in analysis.processes if process.is_dotnet]
    for text in tasks(analysis.processes):
        output.line(text)
    for number, process in enumerate(shown):
        if number:
            output.line()
        for text in process_lines(process, is_whole=is_whole):
            output.line(text)
    others = len(analysis.processes) - len(shown)
    if others:
        output.line()
        output.line(f"{others} {'process that is' if others == 1 else 'processes that are'} not .NET left out.")


def _document(analysis: Analysis, *, is_cut: bool) -> dict[str, Any]:
    from octotui.analysis.document import as_document

    return as_document(analysis) | ({"interrupted": True} if is_cut else {})


def _status(analysis: Analysis) -> int:
    """0 when every .NET process told its stacks, else that of the worst."""
    failures: list[OctotuiError] = [one.failure for one in analysis.processes if one.failure is not None]
    if not failures:
        return 0
    return 1 if any(process.looks for process in analysis.processes) else max(one.exit_code for one in failures)
