"""A real .NET process whose heap holds a known number of objects (programs/Shelf.cs; built by `mcs` as Standin.cs is:
`mcs -nologo -warnaserror -optimize+ -debug- -deterministic -out:Shelf.dll Shelf.cs`)."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import start_ticks
from octotui.processes.model import ProcessKey

PROGRAM = Path(__file__).parent / "programs" / "Shelf.dll"


@contextmanager
def shelf(runtime: str, books: int, boxes: int, prefix: Sequence[str] = ()) -> Iterator[ProcessKey]:
    """`books` of Shop.Book, `boxes` each of Shop.Box<Dictionary<string, int>> and Shop.Box<int>.Label."""
    found = find_runtime(runtime)
    with tempfile.TemporaryDirectory(prefix="oct-") as home:
        ready = Path(home) / "ready"
        environment = {"HOME": home, "TMPDIR": home, "PATH": "/usr/bin:/bin", **found.environment()}
        command = [*prefix, str(found.dotnet), str(PROGRAM), str(books), str(boxes), str(ready)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, cwd=home) as process:
            try:
                deadline = time.monotonic() + 60
                while not ready.exists():
                    assert process.poll() is None, "it ended at once"
                    assert time.monotonic() < deadline, "it did not fill its heap"
                    time.sleep(0.01)
                yield ProcessKey(process.pid, start_ticks(process.pid))
            finally:
                process.kill()
