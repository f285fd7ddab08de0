"""Fixtures of the dump room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

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
