"""`octotui dumps`: list, show and remove the dumps of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from octotui.cli import output
from octotui.errors import UsageError
from octotui.text import printable
from octotui.units import bytes_text, seconds_text

if TYPE_CHECKING:
    from octotui.dumps.records import DumpRecord
    from octotui.dumps.store import Store

_TEXTS = ("role", "task", "type", "backend", "sha256")
_NUMBERS = ("pid", "pause_seconds", "seconds")


@click.group("dumps", invoke_without_command=True)
@output.json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> int | None:
    """List the dumps of the store, newest first; show or remove one by its name."""
    if ctx.invoked_subcommand is not None:
        return None
    store = _store()
    records = store.records()
    if as_json:
        output.write_json({"store": str(store.directory), "dumps": [document(record) for record in records]})
    elif records:
        rows = [("NAME", "SIZE", "TYPE", "PAUSED", "STATE", "TASK"), *(_cells(record) for record in records)]
        for text in output.columns(rows, right=frozenset({1, 3})):
            output.line(text)
        output.line(f"{len(records)} in {store.directory}, {bytes_text(sum(r.size_bytes for r in records))}")
    else:
        output.line(f"No dumps in {store.directory}.")
    return 0


@command.command("show")
@click.argument("name")
@output.json_option
def show(name: str, as_json: bool) -> int:
    """Print everything that is recorded of the dump NAME."""
    record = _find(_store(), name)
    if as_json:
        output.write_json({**document(record), "record": dict(record.data)})
        return 0
    facts = _facts(record)
    width = max(len(field) for field in facts) + 2
    for field, value in facts.items():
        output.line(f"{field:<{width}}{value}")
    return 0


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@output.json_option
def remove(name: str, yes: bool, as_json: bool) -> int:
    """Remove the dump NAME and its record."""
    store = _store()
    record = _find(store, name)
    if not yes:
        if as_json or not output.can_ask():
            raise UsageError("removing needs a yes, and nobody can be asked here", hint="add --yes")
        if not click.confirm(f"Remove {record.name} ({bytes_text(record.size_bytes)})?", default=False):
            output.line("Nothing was removed.")
            return 130
    store.remove(record)
    if as_json:
        output.write_json({"removed": record.name, "bytes": record.size_bytes})
    else:
        output.line(f"Removed {record.name}, {bytes_text(record.size_bytes)}.")
    return 0


def document(record: DumpRecord) -> dict[str, Any]:
    """One dump of the store as JSON; fields that its record does not hold are null."""
    return {
        "name": record.name,
        "path": str(record.path) if record.path else None,
        "taken_at": record.taken_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "bytes": record.size_bytes,
        "outcome": record.outcome,
        "verified": record.is_verified,
        "problem": record.problem,
        **{field: record.number(field) for field in _NUMBERS},
        **{field: record.text(field) or None for field in _TEXTS},
    }


def _store() -> Store:
    """The store, with what a killed octotui left behind settled first. Raises StoreError."""
    from octotui import locations
    from octotui.dumps.recovery import recover
    from octotui.dumps.store import Store

    store = Store(locations.store_directory())
    recover(store)
    return store


def _find(store: Store, name: str) -> DumpRecord:
    """The dump called `name`, with or without its suffix or directory. Raises UsageError."""
    wanted = name.rpartition("/")[2].removesuffix(".dmp")
    for record in store.records():
        if wanted and record.name.removesuffix(".json").removesuffix(".dmp") == wanted:
            return record
    raise UsageError(f'there is no dump "{printable(name, 200)}" in {store.directory}', hint="octotui dumps")


def _cells(record: DumpRecord) -> tuple[str, ...]:
    pause = record.number("pause_seconds")
    return (
        record.name,
        bytes_text(record.size_bytes),
        record.text("type"),
        "" if pause is None else seconds_text(pause),
        "verified" if record.is_verified else record.problem or record.outcome,
        record.text("task"),
    )


def _facts(record: DumpRecord) -> Mapping[str, str]:
    data = {"name": record.name, "path": str(record.path) if record.path else "the file is gone"}
    data |= {"bytes": str(record.size_bytes), "state": "verified" if record.is_verified else record.outcome}
    if record.problem:
        data["problem"] = record.problem
    for field, value in record.data.items():
        if field not in data and isinstance(value, str | int | float) and value != "":
            data[printable(str(field), 60)] = record.text(field) if isinstance(value, str) else str(value)
    return data
