"""`octotui heap`: what lies on the managed heap of a live process, by type, after a question that states the cost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from octotui.cli import output
from octotui.cli.arguments import pid
from octotui.cli.asking import INTERRUPTED, Narrator, unless_interrupted
from octotui.cli.choosing import named_process
from octotui.cli.interruption import confirmed
from octotui.errors import Refused, UsageError
from octotui.units import bytes_text, seconds_text

if TYPE_CHECKING:
    from octotui.dotnet.heap.model import HeapHistogram, HeapPlan
    from octotui.host import Host

MOST_TYPES = 100_000
TOLD_EVERY_BYTES = 10_000_000


@click.command("heap")
@click.argument("process", metavar="PID", type=pid)
@click.option(
    "--top",
    type=click.IntRange(1, MOST_TYPES),
    default=30,
    show_default=True,
    metavar="N",
    help="Types to print, most bytes first; the JSON document has all.",
)
@click.option("--dry-run", is_flag=True, help="Say what it would cost and ask the process for nothing more.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@output.json_option
def command(process: int, top: int, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Objects on the managed heap of a live process, counted by type.

    All of its threads stand still while the heap is walked, and the process needs memory for what it tells: both
    are said, and asked about, before. Types and sizes are told, no contents.
    """
    if not (yes or dry_run) and (as_json or not output.can_ask()):
        raise UsageError(
            "this stops the process for a moment, and nobody can be asked here",
            hint="add --yes to do it, or --dry-run to see what it costs",
        )
    from octotui import config, locations
    from octotui.host import Host

    settings = config.load(locations.config_files())
    if settings.read_only and not dry_run:
        raise Refused("read-only is set, so no process is stopped", hint="add --dry-run, or clear OCTOTUI_READ_ONLY")
    host = Host.open(settings)
    key = named_process(host.read_sample(), process)
    narrator = Narrator(as_json=as_json)
    narrator.say("asking how large the heap is")
    plan = asyncio.run(unless_interrupted(host.observer.heap_plan(key, narrator.say)))
    if plan is None:
        raise click.Abort
    if dry_run:
        return _print_plan(plan, as_json=as_json)
    if plan.refusal:
        raise Refused(plan.refusal, hint=plan.hint, code="no-headroom")
    if not as_json:
        for text in plan_lines(plan):
            output.line(text)
    if not yes and not confirmed("Count the heap now?"):
        output.line("Nothing was asked of it.")
        return INTERRUPTED
    found = asyncio.run(_counted(host, plan, narrator))
    if found is None:
        raise click.Abort
    if as_json:
        output.write_json(document(found))
    else:
        for text in lines(found, top):
            output.line(text)
    return 0 if found.is_whole else 1


async def _counted(host: Host, plan: HeapPlan, narrator: Narrator) -> HeapHistogram | None:
    told = 0

    def progressed(count: int) -> None:
        nonlocal told
        if count >= told + TOLD_EVERY_BYTES:
            told = count
            narrator.say(f"{bytes_text(count)} told")

    narrator.say("counting")
    try:
        return await unless_interrupted(host.observer.heap(plan, progressed, narrator.say))
    finally:
        await host.observer.aclose()


def plan_lines(plan: HeapPlan) -> list[str]:
    """What it will cost, for a person."""
    room = "" if plan.headroom_bytes is None else f" of the {bytes_text(plan.headroom_bytes)} that its container has"
    return [
        f"Heap of {bytes_text(plan.heap_bytes)}: all threads of process {plan.key.pid} will stand still for up to "
        f"{seconds_text(plan.stop_seconds)}, and it may need {bytes_text(plan.memory_bytes)} more{room} meanwhile.",
        *(f"! {warning}" for warning in plan.warnings),
    ]


def _print_plan(plan: HeapPlan, *, as_json: bool) -> int:
    if as_json:
        refusal = {"code": "no-headroom", "message": plan.refusal, "hint": plan.hint} if plan.refusal else None
        output.write_json(
            {
                "pid": plan.key.pid,
                "started": plan.key.started,
                "heap_bytes": plan.heap_bytes,
                "stop_seconds": round(plan.stop_seconds, 3),
                "memory_bytes": plan.memory_bytes,
                "headroom_bytes": plan.headroom_bytes,
                "warnings": list(plan.warnings),
                "error": refusal,
            }
        )
    else:
        for text in (*plan_lines(plan), *([f"Refused: {plan.refusal}; {plan.hint}"] if plan.refusal else [])):
            output.line(text)
    return 3 if plan.refusal else 0


def document(found: HeapHistogram) -> dict[str, Any]:
    """The histogram as JSON, all types, most bytes first."""
    from octotui.analysis.document import iso

    return {
        "pid": found.key.pid,
        "started": found.key.started,
        "taken_at": iso(found.taken_at),
        "seconds": round(found.seconds, 3),
        "stop_seconds": round(found.stop_seconds, 4),
        "objects": found.objects,
        "bytes": found.bytes,
        "stream_bytes": found.stream_bytes,
        "lost_events": found.lost_events,
        "whole": found.is_whole,
        "remarks": list(found.remarks),
        "types": [{"type": use.type, "objects": use.objects, "bytes": use.bytes} for use in found.types],
    }


def lines(found: HeapHistogram, top: int) -> list[str]:
    """The histogram as a table, with what it cost."""
    from octotui.dotnet.stacks.text import milliseconds

    rows: list[tuple[str, ...]] = [("BYTES", "OBJECTS", "TYPE")]
    rows += [(bytes_text(use.bytes), f"{use.objects:,}", use.type) for use in found.types[:top]]
    left = found.types[top:]
    if left:
        rest = sum(use.bytes for use in left), sum(use.objects for use in left)
        rows.append((bytes_text(rest[0]), f"{rest[1]:,}", f"… {len(left):,} more types: --top {len(found.types)}"))
    stop = f"stood still for {milliseconds(found.stop_seconds)}, took {seconds_text(found.seconds)}"
    return [
        *output.columns(rows, right=frozenset({0, 1})),
        f"{found.objects:,} objects, {bytes_text(found.bytes)}; {stop}",
        *(f"! {remark}" for remark in found.remarks),
    ]
