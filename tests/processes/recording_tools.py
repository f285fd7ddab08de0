"""Making recordings of samples by hand, and comparing what comes back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from process_builders import NOON

from octotui.processes.model import Sample
from octotui.processes.recordings.format import header_line
from octotui.processes.recordings.recorder import Recorder
from octotui.processes.recordings.recording import Recording

HEADER = header_line(version="1.0", host="web-07", started_at=NOON)


def recorder(path: Path, **options: Any) -> Recorder:
    return Recorder.create(path, version="1.0", host="web-07", started_at=NOON, **options)


def recorded(path: Path, samples: Iterable[Sample]) -> Recording:
    """The recording at `path` that these samples make."""
    made = recorder(path)
    for sample in samples:
        made.take(sample)
    made.close()
    return Recording.open(path)


def written(path: Path, lines: Sequence[dict[str, Any] | bytes]) -> Path:
    """A file of these lines after a good header."""
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(gzip.compress(HEADER + b"".join(text + b"\n" for text in texts)))
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def check_same(found: Sample, expected: Sample) -> None:
    """Everything but the number of the structure is equal."""
    assert found.snapshot.processes == expected.snapshot.processes
    assert found.snapshot.taken_at == expected.snapshot.taken_at
    assert found.snapshot.monotonic == expected.snapshot.monotonic
    assert found.snapshot.uptime_seconds == expected.snapshot.uptime_seconds
    assert found.snapshot.fresh == expected.snapshot.fresh
    assert found.cpu_percent == expected.cpu_percent
    assert found.arrived == expected.arrived
    assert found.ghosts == expected.ghosts
    assert found.meanings == expected.meanings
