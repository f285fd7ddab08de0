"""Small disks in memory, for tests of full disks. They take the right to mount."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk_at(place: Path, size: str, mode: str = "0700") -> Iterator[Path]:
    """A disk of `size` (as mount takes it: `24m`) at `place`, gone afterwards. Skips where one may not be mounted."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode={mode}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        yield place
    finally:
        # Lazily: what a failed test left open must not keep the disk.
        subprocess.run(["umount", "-l", str(place)], check=True)
