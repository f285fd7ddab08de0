"""`octotui dumps show`: everything that is recorded of one dump."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.dumps.shelf import Shelf, age_of, complete_name, document
from octotui.text import printable

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord


@click.command("show")
@click.argument("name", shell_complete=complete_name)
@output.json_option
def command(name: str, as_json: bool) -> int:
    """Print everything that is recorded of the dump NAME."""
    (record,) = Shelf.open().find([name])
    if as_json:
        output.write_json({**document(record, time.time()), "record": dict(record.data)})
        return 0
    facts = _facts(record)
    width = max(len(field) for field in facts) + 2
    for field, value in facts.items():
        output.line(f"{field:<{width}}{value}")
    return 0


def _facts(record: DumpRecord) -> Mapping[str, str]:
    data = {"name": record.name, "path": str(record.path) if record.path else "the file is gone"}
    data |= {"bytes": str(record.size_bytes), "age": age_of(record, time.time())}
    data["state"] = "verified" if record.is_verified else record.outcome
    if record.problem:
        data["problem"] = record.problem
    for field, value in record.data.items():
        shown = printable(str(field), 60)
        if shown in data or value == "":
            continue
        if isinstance(value, str):
            data[shown] = record.text(field)
        elif isinstance(value, bool) or record.number(field) is not None:
            data[shown] = str(value)
    return data
