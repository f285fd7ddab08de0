"""Dumps in a store for the tests of the command line."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from datetime import datetime
from pathlib import Path

# The cores are made beside the tests of the dump room, which need not be collected in this run.
sys.path.append(str(Path(__file__).resolve().parents[1] / "dumps"))

from dump_cores import Core


def keep(directory: Path, name: str, taken_at: datetime, size: int, *, is_sparse: bool = False) -> None:
    """A whole kernel core of about `size` bytes with its record; a sparse one takes no room and has no digest."""
    core = bytes(Core(writer="kernel"))
    path = directory / name
    with path.open("wb") as stream:
        stream.write(core)
        if is_sparse:
            stream.truncate(size)
        else:
            stream.write(os.urandom(size - len(core)))
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(0o600)
    digest = "" if is_sparse else hashlib.sha256(path.read_bytes()).hexdigest()
    record = {
        "schema": 1, "captured_at": taken_at.isoformat(), "name": "Calamari", "pid": 4242, "outcome": "finished",
        "verified": True, "bytes": path.stat().st_size, "sha256": digest, "verification": {"pid": 4242},
    }  # fmt: skip
    (directory / f"{name}.json").write_text(json.dumps(record))
