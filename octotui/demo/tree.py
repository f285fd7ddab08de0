"""A stand-in Tentacle with a deployment under it: real .NET processes, laid out and called as Octopus calls them."""

from __future__ import annotations

import base64
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from octotui.demo.homes import HOME_VARIABLE, make_home, remove_stale_homes
from octotui.demo.program import Behaviour, install_program
from octotui.demo.runtimes import DotnetRuntime, find_runtime
from octotui.demo.standin import start_ticks
from octotui.demo.work import TreeLayout, write_layout
from octotui.errors import OctotuiError

_PROC = Path("/proc")
_ROLES = ("tentacle-service", "task-bootstrap", "calamari", "user-script", "user-command")


@dataclass(frozen=True, slots=True)
class TreeProcess:
    """One process of the tree. `role` is the slug that octotui gives it; `started` its start in clock ticks."""

    role: str
    pid: int
    started: int


class StandInTree:
    """Tentacle > bash > Calamari > bash > command, and every `short_every` seconds a Calamari of three seconds.

    A context manager. The stdin of every process in it is one pipe whose other end only this object holds, and each
    ends when that closes: so the whole tree ends with its starter, however the starter ends.
    """

    def __init__(self, *, runtime: str = "8.0", short_every: int = 10, ballast_mb: int = 150) -> None:
        self._series = runtime
        self._short_every = short_every
        self._ballast_mb = ballast_mb
        self._tentacle: subprocess.Popen[bytes] | None = None
        self._started = 0
        self._home: Path | None = None
        self.runtime_version = ""

    @property
    def home(self) -> Path:
        """The temporary home. Raises OctotuiError when the tree is not started."""
        if self._home is None:
            raise OctotuiError("the stand-in tree is not running", code="stand-in")
        return self._home

    def start(self, *, wait_seconds: float = 60.0) -> Self:
        """Starts the tree and waits until all five processes of the long deployment run.

        Removes homes that killed demos of this user left. Raises OctotuiError when a runtime is absent or the tree
        does not come up in `wait_seconds`.
        """
        runtime = find_runtime(self._series)
        self.runtime_version = runtime.version
        remove_stale_homes()
        self._home = make_home()
        try:
            self._start_tentacle(self._home, runtime)
            self._wait_until_up(wait_seconds)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends every process of the tree and removes its home. May be called twice."""
        if self._tentacle is not None:
            if self._tentacle.stdin is not None:
                self._tentacle.stdin.close()
            self._end_all(grace_seconds=3.0)
            self._tentacle.kill()
            self._tentacle.wait()
            self._tentacle = None
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def pids(self) -> tuple[TreeProcess, ...]:
        """The processes of the tree that run now, Tentacle first, then by role and start."""
        roles = ((pid, started, _role_of(argv)) for pid, started, argv in self._members())
        found = [TreeProcess(role, pid, started) for pid, started, role in roles if role]
        return tuple(sorted(found, key=lambda p: (_ROLES.index(p.role), p.started, p.pid)))

    def as_json(self) -> dict[str, Any]:
        """What `octotui demo --no-tui` prints. No command line is in it: those hold the demo's secrets."""
        return {
            "schema": 1,
            "home": str(self.home),
            "runtime": self.runtime_version,
            "processes": [{"role": p.role, "pid": p.pid, "started": p.started} for p in self.pids()],
        }

    def _start_tentacle(self, home: Path, runtime: DotnetRuntime) -> None:
        tentacle = install_program(home / "Tentacle", "Tentacle", runtime)
        layout = TreeLayout.now(home)
        calamari = install_program(layout.calamari_directory, "Calamari", runtime)
        password = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        write_layout(
            layout,
            calamari.command,
            script_key=secrets.token_hex(32).upper(),
            password=password,
            ballast_mb=self._ballast_mb,
        )
        behaviour = Behaviour(
            ballast_mb=self._ballast_mb // 3,
            marker=f"demo-{secrets.token_hex(16)}",
            threads=4,
            tasks=tuple(
                (every, f"exec /bin/bash {shlex.quote(str(script))}")
                for every, script in ((0, layout.long_bootstrap), (self._short_every, layout.short_bootstrap))
            ),
        )
        environment = {
            "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "LANG": "C.UTF-8",
            HOME_VARIABLE: str(home),
            "TentacleHome": str(home),
            "TentacleInstanceName": "demo",
            **tentacle.environment,
            **behaviour.environment(ready=str(home / "tentacle.ready")),
        }
        with open(home / "log", "wb") as log:
            self._tentacle = subprocess.Popen(
                [*tentacle.command, "run", "--instance=demo", "--noninteractive"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=home,
                start_new_session=True,
            )
        self._started = start_ticks(self._tentacle.pid)

    def _wait_until_up(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        ready = (self.home / "tentacle.ready", self.home / "calamari.ready")
        while not (all(path.exists() for path in ready) and {p.role for p in self.pids()} >= set(_ROLES)):
            if self._tentacle is not None and self._tentacle.poll() is not None:
                said = (self.home / "log").read_text(errors="replace").strip()
                raise OctotuiError(f"the stand-in Tentacle ended at once: {said[:500]}", code="stand-in")
            if time.monotonic() > deadline:
                raise OctotuiError(f"the stand-in tree was not up after {seconds:.0f} s", code="stand-in")
            time.sleep(0.02)

    def _members(self) -> Iterator[tuple[int, int, list[str]]]:
        """Pid, start and argv of each process with this tree's mark in its environment, its user and a later start.

        Anybody can put the mark into an environment; nobody else can start a process as this user.
        """
        mark = f"{HOME_VARIABLE}={self.home}".encode()
        for entry in os.listdir(_PROC):
            if not entry.isdigit():
                continue
            directory = _PROC / entry
            try:
                started = start_ticks(int(entry))
                if started < self._started or not _is_ours(directory):
                    continue
                if mark not in (directory / "environ").read_bytes().split(b"\0"):
                    continue
                argv = os.fsdecode((directory / "cmdline").read_bytes()).split("\0")[:-1]
                if start_ticks(int(entry)) == started:
                    yield int(entry), started, argv
            except (OSError, IndexError, ValueError):
                continue

    def _end_all(self, grace_seconds: float) -> None:
        """Waits for the processes to end by themselves, then kills what is left, for as long again."""
        kill_from = time.monotonic() + grace_seconds
        empty_looks = 0
        # Two empty looks, since the environment of a process that is just being exec'd reads as empty.
        while empty_looks < 2 and time.monotonic() < kill_from + grace_seconds:
            left = [(pid, started) for pid, started, _ in self._members()]
            empty_looks = 0 if left else empty_looks + 1
            if time.monotonic() > kill_from:
                for pid, started in left:
                    _kill(pid, started)
            time.sleep(0.01)


def _kill(pid: int, started: int) -> None:
    """Kills exactly that process: the handle is opened first, then the start is compared."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if start_ticks(pid) == started and _is_ours(_PROC / str(pid)):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except (OSError, IndexError, ValueError):
        return
    finally:
        os.close(handle)


def _is_ours(directory: Path) -> bool:
    """Whether all four user ids of the process are those of this one. Raises OSError."""
    fields = (line.split() for line in (directory / "status").read_bytes().splitlines() if line.startswith(b"Uid:"))
    return any(all(int(uid) == os.geteuid() for uid in field[1:]) for field in fields)


def _role_of(argv: list[str]) -> str:
    """The role of a process of this tree by its argv; "" for one that is not yet what it will be (before exec)."""
    names = [os.path.basename(word) for word in argv[:2]]
    if not names or not names[0]:
        return ""
    if names[0] == "cat":
        return "user-command"
    for name in names:
        stem = name.removesuffix(".dll")
        if stem in ("Tentacle", "Calamari"):
            return "tentacle-service" if stem == "Tentacle" else "calamari"
    if names[0] == "bash" and len(names) > 1:
        if names[1] == "Bootstrap.sh":
            return "task-bootstrap"
        if names[1].startswith("Bootstrap.") and names[1].endswith(".Script.sh"):
            return "user-script"
    return ""
