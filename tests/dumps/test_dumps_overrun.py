"""A writer that never ends is ended, before the disk or the memory is full."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.dumps.captures.overrun import allowed_bytes, bounded, used_bytes
from octotui.dumps.model import Medium
from octotui.errors import CaptureFailed

MEGABYTE = 1 << 20


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


class Flood:
    """Writes a megabyte at a time, for ever."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.has_begun = asyncio.Event()
        self.is_ended = False

    async def run(self) -> None:
        try:
            number = 0
            (self.directory / "below").mkdir()
            while True:
                number += 1
                with (self.directory / "below" / f"part{number % 3}").open("ab") as stream:
                    stream.write(b"x" * MEGABYTE)
                self.has_begun.set()
                await asyncio.sleep(0.01)
        finally:
            self.is_ended = True


async def test_target_that_floods_its_staging_with_any_files_is_ended_and_named(staging: int, tmp_path: Path) -> None:
    flood = Flood(tmp_path)
    with pytest.raises(CaptureFailed) as raised:
        await bounded(flood.run(), staging, 4 * MEGABYTE)
    assert raised.value.code == "overrun"
    assert raised.value.hint
    assert flood.is_ended


async def test_capture_within_bounds_ends_as_it_would_by_itself(staging: int, tmp_path: Path) -> None:
    async def write() -> None:
        (tmp_path / "dump").write_bytes(b"x" * MEGABYTE)
        await asyncio.sleep(0.6)

    await bounded(write(), staging, 4 * MEGABYTE)

    async def fail() -> None:
        raise CaptureFailed("the tool said no", code="createdump-failed")

    with pytest.raises(CaptureFailed, match="the tool said no"):
        await bounded(fail(), staging, 4 * MEGABYTE)


async def test_cancelled_capture_is_brought_to_its_end_first(staging: int, tmp_path: Path) -> None:
    flood = Flood(tmp_path)
    task = asyncio.ensure_future(bounded(flood.run(), staging, 1 << 40))
    await flood.has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert flood.is_ended


def test_holes_count_for_nothing_and_memory_is_bounded_tighter(staging: int, tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(1 << 40)
    assert used_bytes(staging) < MEGABYTE
    assert allowed_bytes(100, Medium.MEMORY) < allowed_bytes(100, Medium.DISK)
