"""The world of the capture matrix: runs `octotui dump` on a real target and checks what it leaves, for every case."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

from matrix_checks import (
    SHARED,
    check_answers,
    check_runs,
    children_of_ours,
    is_gone,
    is_tool,
    names_in,
    new_strays,
    status_of,
    stray_names,
)
from real_captures import wait_until

from octotui.cli import run
from octotui.cli.output import Session
from octotui.dotnet import runtime
from octotui.dotnet.model import DiagnosticsSocket
from octotui.dumps.keeping.store import Store
from octotui.dumps.verifying.verify import Writer, verify
from octotui.processes.model import ProcessKey

AS_USER = """
import os, sys, tempfile
from octotui.cli import run
from octotui.cli.output import Session

uid, arguments = int(sys.argv[1]), sys.argv[2:]
sys.stdout = open(os.devnull, "w")
# What the user may not read is imported before.
run([*arguments, "--dry-run"], Session())
sys.stdout = sys.__stdout__
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
with tempfile.TemporaryDirectory() as state:
    os.environ["OCTOTUI_STATE_DIR"] = state
    os.environ["OCTOTUI_CONFIG"] = state + "/no-config.toml"
    status = run(arguments, Session())
sys.exit(status)
"""

STATUS_OF = {"finished": 0, "refused": 3, "failed": 1, "cancelled": 1}
OWN_FILES = {"beat", "log"}


class Target(Protocol):
    """What the matrix needs of a process: who it is."""

    @property
    def key(self) -> ProcessKey: ...


@dataclass(frozen=True, slots=True)
class Completed:
    """What a run of the command line left."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One capture as a script sees it."""

    status: int
    result: dict[str, Any]

    @property
    def outcome(self) -> str:
        return str(self.result["outcome"])

    @property
    def code(self) -> str:
        return str((self.result["error"] or {}).get("code", ""))

    @property
    def words(self) -> str:
        return str((self.result["error"] or {}).get("message", ""))

    @property
    def hint(self) -> str:
        return str((self.result["error"] or {}).get("hint", ""))

    @property
    def path(self) -> Path:
        assert self.outcome == "finished", self.result
        return Path(self.result["path"])


@dataclass(frozen=True, slots=True)
class _Look:
    """How things stood before a capture."""

    pid: int
    socket: DiagnosticsSocket | None
    files: dict[Path, frozenset[str]]
    shared: frozenset[Path]
    children: frozenset[int]


@dataclass(slots=True)
class MatrixWorld:
    """The only way in which a case of the matrix captures: so no case can forget to look at the aftermath."""

    state: Path
    _dumps: list[Path] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return Store(self.state / "dumps")

    def octotui(self, *arguments: str) -> Completed:
        """Runs the command line in this process."""
        said, complained = StringIO(), StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            status = run(list(arguments), Session())
        return Completed(status, said.getvalue(), complained.getvalue())

    def dump(
        self,
        target: Target,
        *options: str,
        meanwhile: Callable[[], object] | None = None,
        when: Callable[[], bool] | None = None,
        is_stopped: bool = False,
        is_traced: bool = False,
        ends: bool = False,
        as_uid: int = 0,
    ) -> Outcome:
        """`octotui dump PID --yes --json`, and what is promised of every capture, whatever became of it.

        `meanwhile` is done in a thread as soon as `when` holds: by default, once the target is traced. The target is
        running afterwards (`is_stopped`, `is_traced`: it was before and still is; `ends`: the case ends it) and its
        socket answers if it had one, no file is left over, and the exit code is that of the outcome. With `as_uid`
        octotui is run by that user.
        """
        before = self._look(target, options)
        with _companion(meanwhile, when or (lambda: status_of(target.key).tracer_pid != 0)):
            arguments = ("dump", str(target.key.pid), "--yes", "--json", *options)
            completed = octotui_as(as_uid, *arguments) if as_uid else self.octotui(*arguments)
        assert completed.stderr == "", completed
        (result,) = completed.document["results"]
        outcome = Outcome(completed.status, result)
        assert completed.status == STATUS_OF[outcome.outcome], completed
        assert result["pid"] == target.key.pid
        if outcome.outcome == "finished":
            self._check_dump(outcome, target)
        else:
            assert (result["path"], result["verified"], result["sha256"]) == (None, False, "")
            assert outcome.code and outcome.words and "\n" not in outcome.words
        self._check_files(before)
        if ends:
            wait_until(lambda: is_gone(target.key), "the target is gone")
        else:
            check_runs(target.key, is_stopped=is_stopped, is_traced=is_traced)
            check_answers(target.key, before.socket)
        return outcome

    def _look(self, target: Target, options: tuple[str, ...]) -> _Look:
        facts = runtime.inspect(target.key)
        temporary = Path(f"/proc/{target.key.pid}/root{facts.temp_directory}")
        named = [Path(options[options.index("--output") + 1])] if "--output" in options else []
        outside = [Path(facts.temp_directory)] if facts.same_mounts else []
        inside = [temporary] if not facts.same_mounts else []
        cwd = Path(os.readlink(f"/proc/{target.key.pid}/cwd"))
        places = [self.store.directory, *named, *outside, *inside, *([cwd] if facts.same_mounts else []), Path.cwd()]
        files = {place: names_in(place) for place in places if place not in SHARED}
        return _Look(target.key.pid, facts.socket, files, stray_names(target.key.pid), children_of_ours())

    def _check_dump(self, outcome: Outcome, target: Target) -> None:
        path, result = outcome.path, outcome.result
        assert (result["verified"], result["error"]) == (True, None)
        facts = verify(path)
        namespace_pid = runtime.inspect(target.key).namespace_pid if not is_gone(target.key) else 0
        assert facts.writer is Writer.CREATEDUMP
        assert facts.pid in (target.key.pid, namespace_pid)
        assert facts.size_bytes == facts.extent_bytes == result["bytes"]
        found = path.lstat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o600, os.geteuid(), os.getegid())
        assert (stat.S_ISREG(found.st_mode), found.st_nlink) == (True, 1)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert result["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        record = json.loads(path.with_name(path.name + ".json").read_text())
        assert (record["outcome"], record["sha256"]) == ("finished", result["sha256"])
        self._dumps.append(path)

    def _check_files(self, before: _Look) -> None:
        kept = {name for path in self._dumps for name in (path.name, path.name + ".json")}
        for place, names in before.files.items():
            if place.exists():
                strays = names_in(place) - names - kept - OWN_FILES
                assert not strays, f"left in {place}: {sorted(strays)}"
        assert [str(path) for path in self.store.state.rglob(".octotui-*")] == []
        assert not self.store.jobs.exists() or os.listdir(self.store.jobs) == []
        # Other tests stage there too, but not for long.
        wait_until(lambda: not new_strays(before.pid, before.shared), "the shared directories are clean")
        assert not [child for child in children_of_ours() - before.children if is_tool(child)]
        listed = {Path(dump["path"]) for dump in self.octotui("dumps", "--json").document["dumps"]}
        assert listed == {path for path in self._dumps if path.parent == self.store.directory and path.exists()}


def octotui_as(uid: int, *arguments: str) -> Completed:
    """Runs the command line as another user."""
    command = [sys.executable, "-c", AS_USER, str(uid), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return Completed(done.returncode, done.stdout, done.stderr)


@contextmanager
def _companion(work: Callable[[], object] | None, when: Callable[[], bool]) -> Iterator[None]:
    """Inside, `work` is done in a thread as soon as `when` holds; what it raises, the case raises."""
    if work is None:
        yield
        return

    def act() -> None:
        wait_until(when, "the moment to act")
        work()

    with ThreadPoolExecutor(1) as thread:
        acting = thread.submit(act)
        yield
        acting.result()
