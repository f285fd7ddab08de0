"""Fixtures that start real .NET processes. Each has a home and a TMPDIR of its own and ends with its test."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from dotnet_targets import DotnetTarget, StartTarget
from matrix_world import MatrixWorld
from real_captures import Bench
from small_disks import small_disk_at

from octotui.demo.runtimes import DotnetRuntime, find_runtime, runtime_in


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


@pytest.fixture
def world(own_state: Path) -> MatrixWorld:
    """The command line on real targets, with the aftermath of every capture checked."""
    return MatrixWorld(own_state)


@pytest.fixture
def copied_runtime() -> Iterator[DotnetRuntime]:
    """A copy of .NET 8.0 whose files a test may spoil, below a directory that every user may pass."""
    root = Path(tempfile.mkdtemp(prefix="oct-net-"))
    root.chmod(0o755)
    try:
        shutil.copytree(find_runtime("8.0").root, root, dirs_exist_ok=True)
        copied = runtime_in(root, "8.0")
        assert copied is not None
        yield copied
    finally:
        shutil.rmtree(root)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    with small_disk_at(tmp_path / "small", "24m") as place:
        yield place


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A dump service with a store of its own, closed with its test."""
    made = Bench(tmp_path)
    yield made
    await made.service.aclose()
