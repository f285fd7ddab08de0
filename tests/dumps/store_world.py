"""Stores with dumps in them."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import Any

from dump_cores import Core

from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store


def keep_dump(
    store: Store,
    name: str,
    *,
    size: int = 0,
    content: bytes | None = None,
    taken_at: datetime = datetime(2026, 9, 30, 10, 15, 2, tzinfo=UTC),
    **fields: Any,
) -> DumpRecord:
    """Puts a dump with its record into the store, as a capture leaves it; `size` pads a whole core with bytes."""
    store.prepare()
    data = bytes(Core()) if content is None and not size else content if content is not None else os.urandom(size)
    path = store.directory / name
    path.write_bytes(data)
    path.chmod(0o600)
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    record = {
        "schema": 1, "captured_at": taken_at.isoformat(), "name": "Calamari", "pid": 4242, "outcome": "finished",
        "verified": True, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "path": str(path),
        "type": "heap", "verification": {"pid": 4242}, **fields,
    }  # fmt: skip
    directory = store.open_destination(store.directory)
    store.write_record(directory, name, record)
    os.close(directory)
    return next(found for found in store.records() if found.name == name)
