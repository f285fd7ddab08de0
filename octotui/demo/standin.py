"""One real .NET process that stands in for a Tentacle or a Calamari, and ends when its starter does."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple, Self

from octotui.demo.program import Behaviour, install_program, plain_program
from octotui.demo.runtimes import DotnetRuntime, find_runtime
from octotui.errors import OctotuiError


class Gap(NamedTuple):
    """A stretch in which the process did not run, in nanoseconds of CLOCK_MONOTONIC."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e9


class StandIn:
    """A started stand-in. Use as a context manager, or call `stop`.

    `home` (mode 0700, of the target's user) holds its program, heartbeat file and log; `tmpdir` is its TMPDIR, short
    enough for a socket's name. Both are removed at the stop when they were made here.
    """

    def __init__(self, process: subprocess.Popen[bytes], home: Path, tmpdir: Path, behaviour: Behaviour) -> None:
        self._process = process
        self.home = home
        self.tmpdir = tmpdir
        self.behaviour = behaviour
        self.pid = process.pid
        self.started = start_ticks(process.pid)

    @classmethod
    def start(
        cls,
        *,
        runtime: str | DotnetRuntime = "8.0",
        ballast_mb: int = 0,
        marker: str = "",
        heartbeat: bool = True,
        name: str | None = None,
        argv: Sequence[str] = (),
        uid: int | None = None,
        env: Mapping[str, str] | None = None,
        tmpdir: Path | None = None,
        threads: int = 0,
        busy: int = 0,
        lock: bool = False,
        seconds: int = 0,
        prefix: Sequence[str] = (),
        wait_seconds: float = 60.0,
    ) -> Self:
        """Starts it and waits until its heap is filled.

        `name` gives the executable that name where gcc is; `uid` runs it as that user and group; `env` is added to a
        small environment; `prefix` is put before its command (`unshare`, `setpriv`), which must exec it.
        Raises OctotuiError when it ends before it is ready or is not ready in `wait_seconds`.
        """
        found = find_runtime(runtime) if isinstance(runtime, str) else runtime
        home = Path(tempfile.mkdtemp(prefix="oct-"))
        behaviour = Behaviour(ballast_mb, heartbeat, marker, seconds, threads, busy, lock=lock)
        try:
            temporary = tmpdir or home / "tmp"
            temporary.mkdir(exist_ok=True)
            program = install_program(home, name, found) if name else plain_program(found)
            if uid is not None:
                for path in (home, temporary):
                    os.chown(path, uid, uid)
            environment = {
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": str(home),
                "TMPDIR": str(temporary),
                **program.environment,
                **behaviour.environment(ready=str(home / "ready"), heartbeat_file=str(home / "beat")),
                **(env or {}),
            }
            with open(home / "log", "wb") as log:
                process = _start([*prefix, *program.command, *argv], environment, home, log, uid)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        target = cls(process, home, temporary, behaviour)
        try:
            target._wait_until_ready(wait_seconds)
        except BaseException:
            target.stop()
            raise
        return target

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def marker_bytes(self) -> bytes:
        """What to look for in a dump: the reversed marker as the managed heap holds it. It is in no file."""
        return self.behaviour.marker[::-1].encode("utf-16-le")

    def log(self) -> str:
        """What the process wrote to stdout and stderr."""
        return (self.home / "log").read_text(errors="replace")

    def alive(self) -> bool:
        """True while the process is there and not a zombie."""
        return self._process.poll() is None

    def heartbeat_gaps(self) -> tuple[Gap, ...]:
        """The stretches above 8 ms in which its heartbeat did not beat, so far."""
        try:
            lines = (self.home / "beat").read_text().splitlines()
        except FileNotFoundError:
            return ()
        fields = [line.split() for line in lines]
        return tuple(Gap(int(f[1]), int(f[2])) for f in fields if len(f) == 3 and f[0] == "gap")

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, by the handle of the child: never to another process."""
        self._process.send_signal(number)

    def hold(self, wait_seconds: float = 10.0) -> None:
        """Stops the process and returns when every thread stands still; the signal alone does not wait."""
        self.send(signal.SIGSTOP)
        deadline = time.monotonic() + wait_seconds
        while not all(_is_stopped(thread) for thread in Path(f"/proc/{self.pid}/task").iterdir()):
            if time.monotonic() > deadline:
                raise OctotuiError(f"process {self.pid} did not stop", hint="look at its state: ps -o stat,pid")
            time.sleep(0.005)

    def release(self) -> None:
        """Lets a held process run on."""
        self.send(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the process (a stopped one too), reaps it and removes what `start` made. May be called twice."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.3)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def _wait_until_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        ready = self.home / "ready"
        while not (ready.exists() and ready.read_text().endswith("\n")):
            if not self.alive():
                raise OctotuiError(f"the stand-in ended at once: {self.log().strip()[:500]}", code="stand-in")
            if time.monotonic() > deadline:
                raise OctotuiError(f"the stand-in was not ready after {seconds:.0f} s", code="stand-in")
            time.sleep(0.01)


def start_ticks(pid: int) -> int:
    """Field 22 of `/proc/PID/stat`."""
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])


def _start(
    command: Sequence[str], environment: Mapping[str, str], home: Path, log: IO[bytes], uid: int | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=home,
        start_new_session=True,
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    )


def _is_stopped(thread: Path) -> bool:
    try:
        return (thread / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"T"
    except (FileNotFoundError, ProcessLookupError):
        return True
