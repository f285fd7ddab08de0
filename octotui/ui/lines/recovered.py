"""What became of captures whose octotui was ended before them, in one sentence for the message bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octotui.text import printable

if TYPE_CHECKING:
    from octotui.dumps.keeping.records import DumpRecord

STILL_WRITTEN = "The dump of an octotui that was ended is still being written, or waits for room; looking again"


def recovered_sentence(records: Sequence[DumpRecord], dumps: str) -> str:
    """The sentence for at least one record that recovery made. `dumps` is the key that lists the dumps."""
    lost = [record for record in records if not record.is_verified]
    if len(records) == 1:
        name = _name(records[0])
        if lost:
            return f"Lost when octotui was ended: {name}; its partial file is gone"
        return f"Finished and verified after octotui was ended: {name}"
    whole = len(records) - len(lost)
    counts = f"{whole} finished and verified, {len(lost)} lost" if lost else f"{whole} finished and verified"
    return f"Captures whose octotui was ended: {counts}; {dumps} lists them"


def _name(record: DumpRecord) -> str:
    return printable(record.name.removesuffix(".json").removesuffix(".dmp"), 60)
