"""Real .NET processes whose threads stand where a test of stacks wants them: tests/fixtures/programs/Stackful.cs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import start_ticks
from octotui.processes.model import ProcessKey

PROGRAM = Path(__file__).parent / "fixtures" / "programs" / "Stackful.dll"


class Stackful:
    """`Stackful("deep", 200, 50)`: started and in place. A context manager; it ends with the block.

    `prefix` is put before its command (`unshare`), which must exec it or leave it as its only child.
    """

    def __init__(self, what: str, *numbers: int, runtime: str = "8.0", prefix: Sequence[str] = ()) -> None:
        found = find_runtime(runtime)
        self.home = Path(tempfile.mkdtemp(prefix="oct-"))
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            **found.environment(),
        }
        command = [*prefix, str(found.dotnet), str(PROGRAM), what, *map(str, numbers)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != b"ready":
            self.stop()
            raise AssertionError(f"Stackful {what} did not get ready")
        self.pid = _innermost(self._process.pid)
        self.key = ProcessKey(self.pid, start_ticks(self.pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it by the end of its input, or kills it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)


def _innermost(pid: int) -> int:
    """The last of a chain of only children."""
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if len(children) != 1:
            return pid
        pid = int(children[0])
