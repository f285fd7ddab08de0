"""Fixtures of the watch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from watch_world import WatchWorld


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WatchWorld]:
    made = WatchWorld(tmp_path)
    yield made
    await made.aclose()
