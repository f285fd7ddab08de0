"""Fixtures of the sentry's tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sentry_world import Children, Listening, children, has_gcc, listening

from octotui.processes.events import EventKind, EventsUnavailable, ProcessEvents


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the programs of a test lie. Skips where nothing can compile them."""
    if not has_gcc():
        pytest.skip("the processes that are caught are compiled with gcc")
    return tmp_path


@pytest.fixture
def open_home(home: Path) -> Iterator[Path]:
    """As `home`, where other users may run what lies in it."""
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def made() -> Iterator[Children]:
    with ExitStack() as stack:
        yield stack.enter_context(children())


@pytest.fixture
def events() -> None:
    """Skips where the kernel tells of no execs."""
    try:
        ProcessEvents.open(want=(EventKind.EXEC,)).close()
    except EventsUnavailable as refusal:
        pytest.skip(str(refusal))


@pytest.fixture
async def ears(events: None, home: Path) -> AsyncIterator[Listening]:
    """A sentry that hears the kernel, and its news."""
    async with listening() as heard:
        yield heard
