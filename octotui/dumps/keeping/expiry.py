"""Which dumps of a store go when a person asks for old ones to be removed. Pure: nothing is removed here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.usage import oldest_for
from octotui.errors import UsageError
from octotui.text import printable

_AGE = re.compile(r"(\d{1,6})\s*([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Rules:
    """What shall go. None and False: that rule was not given.

    `older_than_seconds`: those of that age; `keep`: the newest so many stay whatever the other rules say, and alone it
    means that all others go; `missing_bytes`: the oldest that are left until so much is given back; `lost`: the traces
    of dumps that are gone.
    """

    older_than_seconds: float | None = None
    keep: int | None = None
    missing_bytes: int | None = None
    lost: bool = False

    @property
    def is_empty(self) -> bool:
        return self.older_than_seconds is None and self.keep is None and self.missing_bytes is None and not self.lost


@dataclass(frozen=True, slots=True)
class Expiry:
    """`records` are to go, oldest first; `short_bytes` is what is still missing of the room asked for."""

    records: tuple[DumpRecord, ...]
    short_bytes: int = 0

    @property
    def freed_bytes(self) -> int:
        return sum(record.freed_bytes for record in self.records)


def expired(records: Sequence[DumpRecord], rules: Rules, now: float) -> Expiry:
    """What goes by `rules` at `now`, in seconds since the epoch. A dump of the future is new."""
    dumps = sorted((r for r in records if r.path is not None), key=lambda r: (r.taken_at, r.name), reverse=True)
    free_to_go = dumps[rules.keep or 0 :]
    going: list[DumpRecord] = []
    if rules.older_than_seconds is not None:
        going = [r for r in free_to_go if now - r.taken_at.timestamp() > rules.older_than_seconds]
    elif rules.keep is not None and rules.missing_bytes is None:
        going = list(free_to_go)
    short = 0
    if rules.missing_bytes is not None:
        missing = rules.missing_bytes - sum(record.freed_bytes for record in going)
        left = [record for record in free_to_go if record not in going]
        more = oldest_for(left, missing)
        if missing > 0 and not more:
            more = tuple(record for record in left if record.freed_bytes > 0)
            short = missing - sum(record.freed_bytes for record in more)
        going += more
    lost = [record for record in records if record.path is None] if rules.lost else []
    return Expiry(tuple(sorted([*going, *lost], key=lambda r: (r.taken_at, r.name))), short)


def parse_age(text: str) -> float:
    """Seconds of `90s`, `30m`, `12h`, `14d` or `2w`. Raises UsageError."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f'"{printable(text, 40)}" is no age', hint="write it as 14d, 12h, 30m or 2w")
    return float(found[1]) * _SECONDS[found[2]]
