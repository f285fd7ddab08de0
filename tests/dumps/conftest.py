"""Fixtures of the dump room."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, Sleeper, Sleepers


@pytest.fixture
def start_sleeper() -> Iterator[Sleepers]:
    with ExitStack() as stack:
        yield Sleepers(stack)


@pytest.fixture
def sleeper(start_sleeper: Sleepers) -> Sleeper:
    return start_sleeper()


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A directory of uid 65534 that it can reach, unlike those that pytest makes. Needs root."""
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    os.chown(made, 65534, 65534)
    yield made
    shutil.rmtree(made)
