"""An octotui that is ended in the middle of a capture, and a look with other eyes at what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotnet_targets import DotnetTarget
from survival_looks import digest_of, goes_on, is_whole, size_of, thread_states, wrong_in

from octotui.dumps.staged.shared_memory import home_of

PHASES = ("planning", "opened", "writing", "whole", "moved", "recorded", "digested", "ended")
PATIENCE_SECONDS = 120.0
DUMP = [sys.executable, "-m", "octotui", "dump"]
NOWHERE: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
DUMPS = [sys.executable, "-m", "octotui", "dumps", "--json"]


@dataclass
class Findings:
    """What was wrong after one end of octotui: each list holds sentences, all are empty when nothing was."""

    targets_stopped: list[str] = field(default_factory=list)
    dumps_lost: list[str] = field(default_factory=list)
    partial_kept: list[str] = field(default_factory=list)
    records_wrong: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.targets_stopped, *self.dumps_lost, *self.partial_kept, *self.records_wrong]


class Scene:
    """A state directory of its own and one capture into it by an octotui of its own.

    `start_dump` captures by the command line; `process` may be any other octotui that was started with `environment`.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, state: Path, target: DotnetTarget) -> None:
        self.state = state
        self.target = target
        self.environment = {**os.environ, "OCTOTUI_STATE_DIR": str(state), "OCTOTUI_CONFIG": str(state / "none.toml")}
        self.in_order = False
        self.began = time.monotonic()
        self._digests: set[str] = set()

    def start_dump(self, backend: str, *options: str, **streams: Any) -> None:
        """`octotui dump` of the target, which asks nothing."""
        self.process = subprocess.Popen(
            [*DUMP, str(self.target.pid), "--backend", backend, "--yes", *options],
            **{**NOWHERE, **streams},
            env=self.environment,
            start_new_session=True,
        )

    def wait_for(self, phase: str) -> None:
        """Until the capture is as far as that, or octotui has ended."""
        wanted = PHASES.index(phase)
        while self.process.poll() is None and PHASES.index(self.phase()) < wanted:
            time.sleep(0.0005)

    def phase(self) -> str:
        """How far the capture is, by its traces in the file system."""
        if not self.entries():
            return "ended" if list(self.records()) else "planning"
        records = [document for _, document in self.records()]
        if any(record.get("sha256") for record in records):
            return "digested"
        if records:
            return "recorded"
        if list(self.state.glob("dumps/*.dmp")):
            return "moved"
        staged = [path for path in self.staged() if size_of(path) > 0]
        if not staged:
            return "opened"
        return "whole" if any(is_whole(path) for path in staged) else "writing"

    def end(self, number: signal.Signals) -> str:
        """Ends octotui with a signal and waits for it; the phase that it was in."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE_SECONDS)
        self.in_order = number is not signal.SIGKILL and self.process.returncode >= 0
        return self.phase()

    def entries(self) -> list[Path]:
        """The journal."""
        return list(self.state.glob("jobs/*.json"))

    def records(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path in self.state.glob("dumps/*.dmp.json"):
            try:
                yield path, json.loads(path.read_bytes())
            except (OSError, ValueError):
                yield path, {}

    def staged(self) -> list[Path]:
        """Files in staging directories, wherever one can be."""
        places = (self.state / "dumps", self.state / "staging", self.target.tmpdir, home_of(self.state))
        return [path for place in places for path in place.glob(".octotui-*/*")]

    def look(self) -> None:
        """Remembers the digest of each dump that is whole already: none of them may get lost."""
        for path in self.staged():
            if is_whole(path):
                self._digests.add(digest_of(path))

    def goes_on(self) -> bool:
        return goes_on(self.target.pid)

    def started_by_capture(self, pid: int) -> bool:
        """Whether a process is a tool that was told to write into one of the staging directories of this scene."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return b"/.octotui-" in command and os.fsencode(str(self.state)) in command

    def settle(self) -> list[dict[str, Any]]:
        """Starts octotui's recovery as the next starts would, until nothing is left to settle; what it lists."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.look()
            done = subprocess.run(DUMPS, env=self.environment, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            if not self.entries() or time.monotonic() > deadline:
                return list(json.loads(done.stdout)["dumps"])
            time.sleep(0.1)

    def kill_recovery(self, after_seconds: float) -> None:
        """Starts octotui's recovery and kills it so long after its first look at the journal could have begun."""
        self.look()
        recovery = subprocess.Popen(DUMPS, **NOWHERE, env=self.environment, start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            recovery.wait(after_seconds)
        recovery.kill()
        recovery.wait()

    def judge(self, was_begun: bool) -> Findings:
        """Settles what was left and compares all of it with what was promised.

        `was_begun`: the journal had its entry when octotui ended, so that an unordered end must leave one record.
        """
        listed = self.settle()
        found = Findings()
        self._judge_target(found)
        records = {path.name.removesuffix(".json"): document for path, document in self.records()}
        dumps = {path.name: path for path in self.state.glob("dumps/*.dmp")}
        whole = {digest_of(path) for path in dumps.values() if is_whole(path)}
        if self._digests - whole:
            found.dumps_lost.append(f"{len(self._digests - whole)} whole in staging, not in the store: {listed}")
        for name, path in dumps.items():
            if not is_whole(path):
                found.partial_kept.append(f"{name} stands in the store and is not whole")
            found.records_wrong += wrong_in(records.get(name), path)
        for name, document in records.items():
            if name not in dumps and document.get("outcome") != "lost":
                found.records_wrong.append(f"{name} is {document.get('outcome')} without a file")
        if was_begun and not self.in_order and len(records) != 1:
            found.records_wrong.append(f"{len(records)} records of one capture that was begun")
        told = {(d["name"].removesuffix(".json"), d["outcome"], d["verified"]) for d in listed}
        kept = {(name, d.get("outcome"), d.get("verified")) for name, d in records.items()}
        if told != kept:
            found.records_wrong.append(f"the list says {told}, the records {kept}")
        found.partial_kept += [f"left behind: {path}" for path in self._leftovers()]
        return found

    def _leftovers(self) -> list[Path]:
        # A directory that was made in the very instant is empty and no trace of a dump: it is swept a minute later.
        hidden = [
            path
            for place in ("dumps", "jobs", "staging")
            for path in self.state.glob(f"{place}/.*")
            if not (path.is_dir() and not list(path.iterdir()))
        ]
        theirs = list(self.target.tmpdir.glob(".octotui-*"))
        return [*hidden, *self.entries(), *theirs, *home_of(self.state).glob("*")]

    def _judge_target(self, found: Findings) -> None:
        if not self.target.alive():
            found.targets_stopped.append("the target has ended")
        elif not goes_on(self.target.pid):
            found.targets_stopped.append(f"the target stands still: {sorted(thread_states(self.target.pid))}")
