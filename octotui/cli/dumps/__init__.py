"""`octotui dumps`: what the store holds, whether it is still whole, out of it, and away with it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.dumps import check, export, prune, remove, show
from octotui.cli.dumps.narrow import fitting, folded
from octotui.cli.dumps.shelf import Shelf, age_of, document
from octotui.text import printable
from octotui.units import bytes_text, seconds_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.dumps.staged.journal import Entry


@click.group("dumps", invoke_without_command=True)
@output.json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> int | None:
    """List the dumps of the store, newest first; verify, export or remove them.

    \b
    octotui dumps export NAME /mnt/share --zstd       a copy to send, smaller
    octotui dumps export NAME - | ssh HOST 'cat > x'  straight to another host
    octotui dumps prune --older-than 14d              what is old, after a question
    """
    if ctx.invoked_subcommand is not None:
        return None
    shelf = Shelf.open()
    records = shelf.store.records()
    state = shelf.fullness()
    if as_json:
        now = time.time()
        dumps = [document(record, now) for record in records]
        unfinished = [{"pid": entry.target_pid, "name": _named(entry)} for entry in _unfinished(shelf)]
        output.write_json(
            {"store": str(shelf.store.directory), **state.as_json(), "dumps": dumps, "unfinished": unfinished}
        )
        return 0
    if records:
        rows = [("NAME", "SIZE", "AGE", "TYPE", "PAUSED", "STATE", "TASK"), *_rows(records)]
        for text in fitting(rows, right=frozenset({1, 2, 4})):
            output.line(text)
        for text in folded(f"{len(records)} in {shelf.store.directory}: {state.words()}"):
            output.line(text)
    else:
        output.line(f"No dumps in {shelf.store.directory}.")
    for entry in _unfinished(shelf):
        who = f"{_named(entry)} {entry.target_pid}"
        for text in folded(f"Not finished yet: {who}, begun by an octotui that has ended; look again: octotui dumps"):
            output.line(text)
    return 0


def _unfinished(shelf: Shelf) -> tuple[Entry, ...]:
    """Each capture that lost its octotui and whose dump is not whole yet."""
    from octotui.dumps.survival.recovery import unsettled

    return unsettled(shelf.store)


def _named(entry: Entry) -> str:
    return printable(str(entry.record.get("name", "process")), 60)


def _rows(records: Iterable[DumpRecord]) -> list[tuple[str, ...]]:
    now = time.time()
    rows: list[tuple[str, ...]] = []
    for record in records:
        pause = record.number("pause_seconds")
        rows.append(
            (
                record.name,
                bytes_text(record.size_bytes),
                age_of(record, now),
                record.text("type"),
                "" if pause is None else seconds_text(pause),
                "verified" if record.is_verified else record.problem or record.outcome,
                record.text("task"),
            )
        )
    return rows


for _part in (show.command, check.command, export.command, remove.command, prune.command):
    command.add_command(_part)
