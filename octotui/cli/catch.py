"""`octotui catch`: arm a rule, wait, capture what comes, report."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.arguments import named_path, parsed_filter, pid
from octotui.cli.dump import TYPES
from octotui.dumps.backends.registry import AUTO, NAMES
from octotui.errors import NothingMatched, Refused, UsageError

if TYPE_CHECKING:
    from octotui.dumps.arming.rule import Rule
    from octotui.processes.model import ProcessKey, Sample


@click.command("catch")
@click.argument("pid", required=False, type=pid)
@click.option("--role", metavar="ROLE", help="Of this role: calamari, tentacle, server, ...")
@click.option("--filter", "filter_text", metavar="TEXT", help="That match these words, as / finds them on the screen.")
@click.option("--name", metavar="PROGRAM", help="Of this program.")
@click.option("--under", metavar="PID", type=pid, help="Below this process.")
@click.option("--after", metavar="S", type=float, help="When it is S seconds old.")
@click.option("--cpu", metavar="N", type=float, help="When it takes N percent of a core (100 is one core).")
@click.option("--for", "lasting", metavar="S", type=float, help="... and has done so for S seconds.")
@click.option("--rss", metavar="SIZE", help="When its memory reaches SIZE: 2GB, 800MB.")
@click.option("--threads", metavar="N", type=int, help="When it has N threads.")
@click.option("--quiet", metavar="S", type=float, help="When it hangs: no CPU and no new children for S seconds.")
@click.option("--at-exit", is_flag=True, help="When it ends, with all its memory; by default only if it fails.")
@click.option("--any-status", is_flag=True, help="With --at-exit: also when it ends well.")
@click.option("--hold", is_flag=True, help="Stop it the moment it is caught, so that you can look at it first.")
@click.option("--hold-seconds", metavar="S", type=float, help="How long to look at most. [60]")
@click.option("--yes-hold-service", is_flag=True, help="Hold even a Tentacle or a Server.")
@click.option(
    "--count", metavar="N", type=int, default=1, show_default=True, help="So many dumps, or looks with --stacks."
)
@click.option("--stacks", is_flag=True, help="Take its managed stacks instead of a dump: 0.1 s, no secrets.")
@click.option("--dump", "and_dump", is_flag=True, help="With --stacks: the stacks first, then the dump.")
@click.option("--every", metavar="S", type=float, help="With --count: of one process, S seconds apart.")
@click.option("--timeout", metavar="S", type=float, help="Give up after S seconds. [never]")
@click.option("--max-parallel", metavar="N", type=int, default=2, show_default=True, help="So many at a time.")
@click.option("--type", "kind", type=click.Choice(TYPES), help="How much to write. [heap; full with --at-exit]")
@click.option("--backend", type=click.Choice((AUTO, *NAMES)), default=AUTO, show_default=True, help="How to capture.")
@click.option("--output", "directory", metavar="DIR", type=named_path, help="Keep what is taken here.")
@click.option("--yes", is_flag=True, help="Hold and trace without asking. Needed for a hold where nobody can be asked.")
@output.json_option
def command(
    pid: int | None,
    role: str | None,
    filter_text: str | None,
    name: str | None,
    under: int | None,
    after: float | None,
    cpu: float | None,
    lasting: float | None,
    rss: str | None,
    threads: int | None,
    quiet: float | None,
    at_exit: bool,
    any_status: bool,
    hold: bool,
    hold_seconds: float | None,
    yes_hold_service: bool,
    count: int,
    stacks: bool,
    and_dump: bool,
    every: float | None,
    timeout: float | None,
    max_parallel: int,
    kind: str | None,
    backend: str,
    directory: Path | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Wait for processes and capture them, however short they live.

    \b
    A Calamari that fails too quickly:
      octotui catch --role calamari --at-exit
    The next Calamari of one Tentacle, as soon as it can be captured:
      octotui catch --role calamari --under 812
    A task that hangs: three dumps, ten seconds apart, once nothing moves:
      octotui catch --role calamari --quiet 60 --count 3 --every 10
    Where it stands, without a dump: its managed stacks once it has run for a minute:
      octotui catch --role calamari --stacks --after 60
    A Tentacle whose memory grows, or that burns a core:
      octotui catch 812 --rss 2GB
      octotui catch 812 --cpu 90 --for 30
    In a script, for ten minutes at most:
      octotui catch --role calamari --at-exit --timeout 600 --yes --json

    It ends when COUNT dumps (with --stacks: looks) are made or the time is up; Ctrl+C lets everything go. Without
    --at-exit a process is captured when its .NET runtime is ready and every condition given holds at once.
    """
    from octotui import config, locations
    from octotui.cli import catching
    from octotui.dumps.arming.checking import check
    from octotui.dumps.arming.rule import HOLD_SECONDS, Rule, Take, When, Whom
    from octotui.dumps.keeping.limits import parse_size
    from octotui.dumps.model import DumpType
    from octotui.host import Host
    from octotui.processes.model import ProcessKey

    if filter_text:
        parsed_filter(filter_text)
    if pid is not None and (role or filter_text or name or under is not None):
        raise UsageError("a PID says whom already", hint="leave out --role, --filter, --name and --under")
    if hold_seconds is not None and not hold:
        raise UsageError("--hold-seconds is about holds", hint="add --hold")
    if at_exit and kind not in (None, "full"):
        raise UsageError("at its end all of its memory is written", hint="leave out --type")
    if stacks and not and_dump and kind is not None:
        raise UsageError("--type says how much of the memory a dump has", hint="leave out --type, or add --dump")
    take = (Take.BOTH if and_dump else Take.STACKS) if stacks else Take.DUMP
    settings = config.load(locations.config_files(), output=directory)
    # A pid is looked up only when all else makes sense; until then any key stands for it.
    some = ProcessKey(pid, 0) if pid is not None else None
    rule = Rule(
        whom=Whom(
            role=(role or "").strip(),
            filter=filter_text or "",
            name=(name or "").strip(),
            under=ProcessKey(under, 0) if under is not None else None,
            key=some,
        ),
        when=When(
            after_seconds=after or 0.0,
            cpu_percent=cpu,
            cpu_seconds=lasting or 0.0,
            rss_bytes=parse_size(rss, "--rss") if rss is not None else None,
            threads=threads,
            quiet_seconds=quiet,
            at_exit=at_exit,
        ),
        take=take,
        hold=hold,
        hold_seconds=HOLD_SECONDS if hold_seconds is None else hold_seconds,
        hold_services=yes_hold_service,
        any_status=any_status,
        count=count,
        every_seconds=every,
        timeout_seconds=timeout,
        max_parallel=max_parallel,
        type=DumpType(kind or ("full" if at_exit else "heap")),
        backend=backend,
        destination=settings.output,
    )
    check(rule)
    if hold and not yes and (as_json or not output.can_ask()):
        raise UsageError("a hold stops processes, and nobody can be asked here", hint="add --yes")
    if settings.read_only:
        raise Refused("read-only is set, so nothing is captured", hint="clear OCTOTUI_READ_ONLY")
    host = Host.open(settings, is_following=True)
    try:
        sample = host.read_sample()
        rule = _with_keys(rule, sample)
        return asyncio.run(
            catching.run(
                host,
                rule,
                sample,
                ask=(hold or at_exit) and not yes and not as_json and output.can_ask(),
                as_json=as_json,
            )
        )
    finally:
        host.close()


def _with_keys(rule: Rule, sample: Sample) -> Rule:
    """The rule with the processes that it names by pid. Raises NothingMatched."""
    from dataclasses import replace

    whom = rule.whom
    return replace(rule, whom=replace(whom, key=_named(sample, whom.key), under=_named(sample, whom.under)))


def _named(sample: Sample, wanted: ProcessKey | None) -> ProcessKey | None:
    if wanted is None:
        return None
    process = sample.snapshot.find(wanted.pid)
    if process is None:
        raise NothingMatched(f"no process has the pid {wanted.pid}", hint="octotui tree --all")
    return process.key
