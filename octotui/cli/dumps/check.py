"""`octotui dumps verify`: are dumps of the store still what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.dumps.meter import meter
from octotui.cli.dumps.shelf import Shelf, complete_name
from octotui.errors import StoreError, UsageError
from octotui.text import printable
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.recheck import Recheck
    from octotui.dumps.keeping.records import DumpRecord


@click.command("verify")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_name)
@click.option("--all", "everything", is_flag=True, help="Every dump of the store.")
@output.json_option
def command(names: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Read dumps again: are they whole, and what was recorded. Exits 1 when one is not.

    Structure, size and SHA-256 are compared with the record. Nothing is changed.
    """
    if bool(names) is everything:
        raise UsageError("say which dumps", hint="octotui dumps verify NAME, or octotui dumps verify --all")
    shelf = Shelf.open()
    records = tuple(r for r in shelf.store.records() if r.path is not None) if everything else shelf.find(names)
    found: list[Recheck] = []
    for record in records:
        result = _checked(record, is_quiet=as_json)
        found.append(result)
        if not as_json:
            _print(result)
    lost = sum(r.path is None for r in shelf.store.records()) if everything else 0
    bad = sum(not result.is_good for result in found)
    if as_json:
        output.write_json(
            {"good": len(found) - bad, "different": bad, "lost": lost, "dumps": [r.as_json() for r in found]}
        )
    elif not found:
        output.line(f"No dumps in {shelf.store.directory}.")
    elif len(found) > 1:
        output.line(_summary(found))
    if lost and not as_json:
        output.line(f"Besides, {lost} recorded as lost or gone: octotui dumps lists {'them' if lost > 1 else 'it'}.")
    return 1 if bad else 0


def _summary(found: Sequence[Recheck]) -> str:
    """Dumps whose record cannot be read are whole, but nothing says what they were."""
    unknown = sum(result.is_good and not result.record.data for result in found)
    good = sum(result.is_good for result in found) - unknown
    words = f"{good} of {len(found)} are what was recorded"
    return words + (f", {unknown} whole with a record that is damaged or missing." if unknown else ".")


def _checked(record: DumpRecord, *, is_quiet: bool) -> Recheck:
    """A dump that cannot be read differs too; the others are looked at all the same."""
    from octotui.dumps.keeping.recheck import Recheck, recheck

    try:
        with meter(f"verifying {record.name}", record.size_bytes, is_quiet=is_quiet) as told:
            return recheck(record, told)
    except StoreError as error:
        return Recheck(record, None, "", (error.message,))


def _print(result: Recheck) -> None:
    name = printable(result.record.name)
    if result.is_good:
        size = bytes_text(result.record.size_bytes)
        output.line(f"{name}: whole, {size}, {'; '.join(result.notes) or 'as it was recorded'}")
        return
    for difference in result.differences:
        output.line(f"{name}: {difference}")
    if result.record.path is not None:
        output.line(f"  next step: capture it again, and remove this one: octotui dumps remove {name}")
