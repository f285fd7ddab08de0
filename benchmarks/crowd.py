"""Processes to measure beside: idle ones by the thousand, ones whose figures change, storms of short ones.

They come from `crowd.c`, built with gcc for the time of a run. All end when the context is left, and when this process
ends however it ends, since the crowd lives only as long as its standard input.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from accounting import process_count

from octotui.demo.tree import StandInTree
from octotui.errors import OctotuiError

SOURCE = Path(__file__).with_name("crowd.c")
END_SECONDS = 20.0
NEVER = 86_400
"""Seconds between two short deployments where none is wanted."""


@dataclass(slots=True)
class Storm:
    """`rate` is what was reached, processes a second; known when the context is left, 0 until then."""

    pid: int
    rate: float = 0.0


@contextlib.contextmanager
def idle_until(total: int) -> Iterator[int]:
    """Idle processes until the machine has about `total`; gives how many it has then."""
    with idle(total - process_count()):
        yield process_count()


@contextlib.contextmanager
def idle(count: int) -> Iterator[int]:
    """`count` sleeping processes with a short command line; gives the pid of their parent."""
    if count <= 0:
        yield os.getpid()
    elif _compiler() is None:
        with _forked(count):
            yield os.getpid()
    else:
        with _crowd("idle", str(count)) as crowd:
            yield crowd.pid


@contextlib.contextmanager
def flickering(count: int, busy: int) -> Iterator[int]:
    """`count` processes of which the first `busy` use changing shares of a core; gives the pid of their parent."""
    with _crowd("flicker", str(count), str(busy)) as crowd:
        yield crowd.pid


@contextlib.contextmanager
def forks(rate: int) -> Iterator[Storm]:
    """`rate` processes a second that fork and end at once."""
    with _crowd("forks", str(rate)) as storm:
        yield storm


@contextlib.contextmanager
def execs(rate: int, life_ms: int = 0, calamari_every: int = 0) -> Iterator[Storm]:
    """`rate` processes a second that exec and live `life_ms` on average; each `calamari_every`-th is a Calamari."""
    with tempfile.TemporaryDirectory(prefix="octotui-calamari-") as home:
        calamari = Path(home) / "Calamari"
        shutil.copy(_program(), calamari)
        with _crowd("execs", str(rate), str(life_ms), str(calamari_every), str(calamari)) as storm:
            yield storm


@contextlib.contextmanager
def octopus_tree(deployments_every: int = NEVER) -> Iterator[str]:
    """The stand-in tree of `octotui demo`, with a short deployment every so many seconds; says in words what there is.

    Without a .NET runtime there is no tree, and the words say so.
    """
    with contextlib.ExitStack() as stack:
        try:
            tree = stack.enter_context(StandInTree(short_every=deployments_every))
        except OctotuiError as error:
            yield f"NO OCTOPUS PROCESSES ({error}): figures of the Octopus view are of an empty view"
        else:
            yield f"a stand-in Tentacle with {len(tree.pids())} processes, .NET {tree.runtime_version}"


def _compiler() -> str | None:
    return shutil.which("gcc") or shutil.which("cc")


@cache
def _program() -> Path:
    """The crowd program, built into a directory that lives as long as this process."""
    compiler = _compiler()
    if compiler is None:
        raise SystemExit("this benchmark needs a C compiler: apt-get install gcc")
    directory = tempfile.TemporaryDirectory(prefix="octotui-crowd-")
    _kept.append(directory)
    program = Path(directory.name) / "crowd"
    subprocess.run([compiler, "-O2", "-Wall", "-o", str(program), str(SOURCE)], check=True)
    return program


_kept: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when this process ends."""


@contextlib.contextmanager
def _crowd(*words: str) -> Iterator[Storm]:
    # A session of its own: what the crowd ends in the end is its process group.
    process = subprocess.Popen(
        [str(_program()), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdin is not None and process.stdout is not None
    storm = Storm(process.pid)
    try:
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"crowd {' '.join(words)}: this machine cannot have so many processes")
        yield storm
    finally:
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said = process.stdout.read().strip()
        storm.rate = float(said) if said else 0.0
        process.stdout.close()


@contextlib.contextmanager
def _forked(count: int) -> Iterator[None]:
    read_end, write_end = os.pipe()
    pids: list[int] = []
    try:
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                # The read returns when the last writer is gone, so no child outlives this process.
                os.close(write_end)
                os.read(read_end, 1)
                os._exit(0)
            pids.append(pid)
        yield
    finally:
        os.close(write_end)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)
        os.close(read_end)
