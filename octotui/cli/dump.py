"""`octotui dump`: choose processes, show the plan, ask, capture, report."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from octotui.cli import output
from octotui.cli.arguments import named_path, pid
from octotui.cli.choosing import chosen
from octotui.dumps.backends.registry import AUTO, NAMES
from octotui.errors import Refused, UsageError

TYPES = ("mini", "heap", "triage", "full")
STAGINGS = ("auto", "disk", "memory")


@click.command("dump")
@click.argument("pids", metavar="[PID]...", nargs=-1, type=pid)
@click.option("--tree", "with_descendants", is_flag=True, help="Also the descendants of each chosen process.")
@click.option("--together", is_flag=True, help="All at one moment instead of one by one; the plan shows both.")
@click.option("--role", metavar="ROLE", help="Every process of this role: calamari, tentacle, server, ...")
@click.option("--type", "kind", type=click.Choice(TYPES), default="heap", show_default=True, help="How much to write.")
@click.option("--backend", type=click.Choice((AUTO, *NAMES)), default=AUTO, show_default=True, help="How to capture.")
@click.option("--output", "directory", metavar="DIR", type=named_path, help="Keep the dumps here.")
@click.option("--quota", metavar="LIMIT", help="What the store may take: 10%, 20GB, or 0 for no limit. [10%]")
@click.option("--keep-free", metavar="LIMIT", help="What must stay free on the disk: 15%, 20GB, or 0. [15%]")
@click.option(
    "--staging",
    type=click.Choice(STAGINGS),
    default="auto",
    show_default=True,
    help="What to write to while a process stands still.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and run nothing.")
@click.option("--yes", is_flag=True, help="Capture without asking.")
@output.json_option
def command(
    pids: tuple[int, ...],
    with_descendants: bool,
    together: bool,
    role: str | None,
    kind: str,
    backend: str,
    directory: Path | None,
    quota: str | None,
    keep_free: str | None,
    staging: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Capture processes and verify the dumps.

    \b
    octotui dump 14220                   this process
    octotui dump --tree 812              it and all below it, leaves first
    octotui dump --tree --role calamari  every Calamari and all below it
    """
    if not pids and not role:
        raise UsageError("say what to capture", hint="octotui dump PID, or octotui dump --role calamari")
    if not (yes or dry_run) and (as_json or not output.can_ask()):
        raise UsageError(
            "a capture pauses processes, and nobody can be asked here",
            hint="add --yes to capture, or --dry-run to see the plan",
        )
    from octotui import config, locations
    from octotui.cli import capture
    from octotui.dumps.model import DumpRequest, DumpType, Medium, Order
    from octotui.host import Host

    settings = config.load(locations.config_files(), output=directory, quota=quota, keep_free=keep_free)
    if settings.read_only and not dry_run:
        raise Refused("read-only is set, so nothing is captured", hint="add --dry-run, or clear OCTOTUI_READ_ONLY")
    host = Host.open(settings)
    sample = host.read_sample()
    keys, named = chosen(sample, pids, role, with_descendants=with_descendants)
    request = DumpRequest(
        keys=keys,
        explicit=named,
        type=DumpType(kind),
        backend=backend,
        destination=settings.output,
        medium=None if staging == "auto" else Medium(staging),
        order=Order.TOGETHER if together else Order.ONE_BY_ONE,
    )
    return asyncio.run(capture.run(host, request, sample, dry_run=dry_run, ask=not yes, as_json=as_json))
