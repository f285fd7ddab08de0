"""C programs that end in every way, and tracers for them. Both are gone with their test."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest
from exit_sentry import Traced

from octotui.demo.standin import start_ticks

SOURCE = Path(__file__).with_name("endings.c")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if platform.machine() != "x86_64" or shutil.which("gcc") is None:
        for item in items:
            if item.path.is_relative_to(SOURCE.parent):
                item.add_marker(pytest.mark.skip(reason="traced on x86-64 only; the targets are compiled with gcc"))


class Ending:
    """One started program. `pid` is the one that says "ready": the program's own, seen from here."""

    def __init__(self, process: subprocess.Popen[bytes], pid: int) -> None:
        self.process = process
        self.pid = pid
        self.started = start_ticks(pid)

    @classmethod
    def start(cls, command: list[str], **options: Any) -> Self:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == b"ready\n", (command, said, process.wait(5))
        return cls(process, process.pid)

    def finish(self) -> None:
        """Lets it go on to its end."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self, seconds: float = 30) -> int:
        """What its parent sees: as `Popen.wait`."""
        return self.process.wait(seconds)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture(scope="session")
def program() -> Iterator[Path]:
    """The compiled program, where other users may run it too."""
    home = Path(tempfile.mkdtemp(prefix="oct-"))
    try:
        home.chmod(0o755)
        subprocess.run(["gcc", "-O1", "-pthread", "-o", str(home / "endings"), str(SOURCE)], check=True)
        yield home / "endings"
    finally:
        shutil.rmtree(home)


StartEnding = Callable[..., Ending]


@pytest.fixture
def start(program: Path, tmp_path: Path) -> Iterator[StartEnding]:
    """`start("return", 3, prefix=(...), **Popen's options)`: a program that waits for `finish`."""
    with ExitStack() as stack:

        def start_one(*words: object, prefix: tuple[str, ...] = (), **options: Any) -> Ending:
            made = Ending.start([*prefix, str(program), *map(str, words)], **{"cwd": tmp_path, **options})
            stack.callback(made.stop)
            return made

        yield start_one


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Callable[..., Traced]]:
    """`trace(target, keep="failed", ...)`: a tracer that has it already."""
    with ExitStack() as stack:

        def trace_one(target: Ending, path: Path | None = None, **order: Any) -> Traced:
            made = stack.enter_context(Traced(target.pid, target.started, path or tmp_path / "core", **order))
            made.until("tracing", "untraceable")
            return made

        yield trace_one
