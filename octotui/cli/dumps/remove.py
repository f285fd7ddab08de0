"""`octotui dumps remove`: dumps that are named go, after a question."""

from __future__ import annotations

import click

from octotui.cli import output
from octotui.cli.dumps.shelf import DECLINED, Shelf, ask_to_remove, complete_name
from octotui.units import bytes_text


@click.command("remove")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_name)
@click.option("--yes", is_flag=True, help="Remove without asking.")
@output.json_option
def command(names: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Remove the dumps NAME and their records."""
    shelf = Shelf.open()
    shelf.require_changes()
    records = shelf.find(names)
    if not (yes or as_json) and len(records) > 1:
        for record in records:
            output.line(f"{record.name}  {bytes_text(record.size_bytes)}")
    if not ask_to_remove(records, yes=yes, as_json=as_json):
        return DECLINED
    return shelf.remove(records, as_json=as_json)
