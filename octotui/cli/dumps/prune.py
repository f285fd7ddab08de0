"""`octotui dumps prune`: old dumps go, by rules that a person gives, after they were listed and a question."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from octotui.cli import output
from octotui.cli.dumps.shelf import DECLINED, Shelf, age_of, ask_to_remove, document
from octotui.errors import UsageError
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.dumps.keeping.expiry import Expiry, Rules


@click.command("prune")
@click.option("--older-than", metavar="AGE", help="Those older than 14d, 12h, 2w.")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="The newest N stay; alone: all others go.")
@click.option("--to-quota", is_flag=True, help="The oldest, until quota and free space are as they are set.")
@click.option("--free", "wanted", metavar="SIZE", help="The oldest, until SIZE (20GB) is given back.")
@click.option("--lost", is_flag=True, help="The traces of dumps that are gone.")
@click.option("--dry-run", is_flag=True, help="Show what would go and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@output.json_option
def command(
    older_than: str | None,
    keep: int | None,
    to_quota: bool,
    wanted: str | None,
    lost: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Remove old dumps, after they were shown and a question.

    \b
    octotui dumps prune --older-than 14d --keep 3   old ones, but never the newest three
    octotui dumps prune --to-quota --dry-run        what would go to get below the quota
    """
    from octotui.dumps.keeping.expiry import Rules, expired, parse_age
    from octotui.dumps.keeping.limits import parse_size

    age = parse_age(older_than) if older_than is not None else None
    size = parse_size(wanted, "--free") if wanted is not None else None
    rules = Rules(age, keep, 0 if to_quota and size is None else size, lost)
    if rules.is_empty:
        raise UsageError("say what is old", hint="octotui dumps prune --older-than 14d")
    shelf = Shelf.open()
    if to_quota:
        rules = Rules(age, keep, max(size or 0, shelf.fullness().missing_bytes()), lost)
    if not dry_run:
        shelf.require_changes()
    going = expired(shelf.store.records(), rules, time.time())
    if not as_json:
        _print(going, rules)
    if dry_run or not going.records:
        if as_json:
            output.write_json(_document(going))
        return 0
    if not ask_to_remove(going.records, yes=yes, as_json=as_json):
        return DECLINED
    return shelf.remove(going.records, as_json=as_json)


def _document(going: Expiry) -> dict[str, object]:
    now = time.time()
    return {
        "removed": [],
        "bytes": 0,
        "failures": [],
        "would_remove": [document(record, now) for record in going.records],
        "would_free_bytes": going.freed_bytes,
        "short_bytes": going.short_bytes,
    }


def _print(going: Expiry, rules: Rules) -> None:
    now = time.time()
    if going.records:
        rows = [
            (r.name, bytes_text(r.size_bytes), age_of(r, now), r.problem or ("" if r.path else r.outcome))
            for r in going.records
        ]
        for text in output.columns([("NAME", "SIZE", "AGE", ""), *rows], right=frozenset({1, 2})):
            output.line(text)
        output.line(f"{len(going.records)} would go and give {bytes_text(going.freed_bytes)} back.")
    else:
        output.line("Nothing is old by these rules.")
    if going.short_bytes > 0:
        kept = f" and the newest {rules.keep} stay" if rules.keep else ""
        output.line(f"{bytes_text(going.short_bytes)} are still missing: other files take the space{kept}.")
