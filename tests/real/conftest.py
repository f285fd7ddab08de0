"""Fixtures that start real .NET processes. Each has a home and a TMPDIR of its own and ends with its test."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from dotnet_targets import DotnetTarget, StartTarget


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if platform.machine() != "x86_64":
        no_runtime = pytest.mark.skip(reason="the pip packages carry .NET runtimes for x86_64 only")
        for item in items:
            if item.path.is_relative_to(__file__.rpartition("/")[0]):
                item.add_marker(no_runtime)


@pytest.fixture
def start_target() -> Iterator[StartTarget]:
    """Starts real .NET targets: `start_target(runtime="3.1", ballast_mb=64, name="Calamari")`."""
    with ExitStack() as stack:

        def start(**options: Any) -> DotnetTarget:
            return stack.enter_context(DotnetTarget.start(**options))

        yield start


@pytest.fixture(params=["8.0", "3.1"])
def each_runtime(request: pytest.FixtureRequest) -> str:
    """Runs the test once for .NET 8.0 and once for .NET Core 3.1."""
    return str(request.param)


@pytest.fixture
def target(start_target: StartTarget) -> DotnetTarget:
    """A running .NET 8.0 process."""
    return start_target()
