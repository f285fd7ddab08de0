"""The store as the commands of `octotui dumps` see it: found, settled, with its limits, its dumps by name."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from octotui.cli import output
from octotui.errors import OctotuiError, Refused, StoreError, UsageError
from octotui.text import printable
from octotui.units import bytes_text, short_age

if TYPE_CHECKING:
    from octotui.dumps.keeping.limits import Fullness, Limits
    from octotui.dumps.keeping.records import DumpRecord
    from octotui.dumps.keeping.store import Store

_TEXTS = ("role", "task", "type", "backend", "sha256")
_NUMBERS = ("pid", "pause_seconds", "seconds")
DECLINED = 130


@dataclass(frozen=True)
class Shelf:
    """The store and what it may take."""

    store: Store
    limits: Limits
    is_read_only: bool

    @classmethod
    def open(cls) -> Shelf:
        """What a killed octotui left behind is settled first. Raises StoreError, UsageError for bad settings."""
        from octotui import config, locations
        from octotui.dumps.keeping.limits import Limits
        from octotui.dumps.keeping.store import Store
        from octotui.dumps.survival.recovery import recover

        settings = config.load(locations.config_files())
        limits = Limits.parse(settings.quota, settings.keep_free)
        store = Store(locations.store_directory())
        if not settings.read_only:
            recover(store)
        return cls(store, limits, settings.read_only)

    def fullness(self) -> Fullness:
        from octotui.dumps.keeping.usage import fullness

        try:
            return fullness(self.store.directory, self.limits)
        except OSError as error:
            raise StoreError(f"{self.store.directory} cannot be looked at ({error.strerror})", hint="df -h") from error

    def find(self, names: Sequence[str]) -> tuple[DumpRecord, ...]:
        """The dumps of those names, each with or without its suffix or directory. Raises UsageError."""
        by_name = {_stem(record.name): record for record in self.store.records()}
        found: dict[str, DumpRecord] = {}
        for name in names:
            stem = _stem(name.rpartition("/")[2])
            if not stem or stem not in by_name:
                message = f'there is no dump "{printable(name, 200)}" in {self.store.directory}'
                raise UsageError(message, hint="octotui dumps lists them")
            found[stem] = by_name[stem]
        return tuple(found.values())

    def require_changes(self) -> None:
        """Raises Refused where only looking is allowed."""
        if self.is_read_only:
            raise Refused("read-only is set, so nothing is removed", hint="clear OCTOTUI_READ_ONLY")

    def remove(self, records: Sequence[DumpRecord], *, as_json: bool) -> int:
        """Removes them one by one and tells how that went; 1 when one of them stayed."""
        removed: list[DumpRecord] = []
        failures: list[dict[str, str]] = []
        for record in records:
            try:
                self.store.remove(record)
            except StoreError as error:
                failures.append({"name": record.name, "message": error.message, "hint": error.hint})
            else:
                removed.append(record)
                if not as_json:
                    output.line(f"Removed {record.name}, {bytes_text(record.size_bytes)}.")
        if as_json:
            names = [printable(record.name) for record in removed]
            sizes = sum(record.size_bytes for record in removed)
            output.write_json({"removed": names, "bytes": sizes, "failures": failures})
        elif failures:
            raise StoreError(failures[0]["message"], hint=failures[0]["hint"])
        return 1 if failures else 0


def ask_to_remove(records: Sequence[DumpRecord], *, yes: bool, as_json: bool) -> bool:
    """True for a yes, given with the command or now. Raises UsageError where nobody can be asked."""
    if yes:
        return True
    if as_json or not output.can_ask():
        raise UsageError("removing needs a yes, and nobody can be asked here", hint="add --yes")
    total = bytes_text(sum(record.size_bytes for record in records))
    what = printable(records[0].name) if len(records) == 1 else f"these {len(records)} dumps"
    if click.confirm(f"Remove {what} ({total})?", default=False):
        return True
    output.line("Nothing was removed.")
    return False


def document(record: DumpRecord, now: float) -> dict[str, Any]:
    """One dump of the store as JSON; fields that its record does not hold are null."""
    return {
        "name": printable(record.name),
        "path": str(record.path) if record.path else None,
        "taken_at": record.taken_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "age_seconds": max(0, int(now - record.taken_at.timestamp())),
        "bytes": record.size_bytes,
        "freed_bytes": record.freed_bytes,
        "outcome": record.outcome,
        "verified": record.is_verified,
        "problem": record.problem,
        **{field: record.number(field) for field in _NUMBERS},
        **{field: record.text(field) or None for field in _TEXTS},
    }


def age_of(record: DumpRecord, now: float) -> str:
    return short_age(now - record.taken_at.timestamp())


def complete_name(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the store for the shell; none where it cannot be read."""
    from octotui import locations
    from octotui.dumps.keeping.store import Store

    with contextlib.suppress(OctotuiError, OSError):
        records = Store(locations.store_directory()).records()
        return [CompletionItem(r.name) for r in records if r.name.isprintable() and r.name.startswith(incomplete)]
    return []


def _stem(name: str) -> str:
    return name.removesuffix(".json").removesuffix(".dmp")
