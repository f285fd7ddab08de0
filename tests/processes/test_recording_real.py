"""Recordings of real processes: the same rows come back, and no secret of a command line is in the file."""

from __future__ import annotations

import gzip
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from recording_tools import check_same, recorder

from octotui.config import Settings
from octotui.host import Host
from octotui.processes.recordings.recording import Recording
from octotui.processes.state import SortColumn
from octotui.processes.view import Scope, ViewState, rows

Start = Callable[..., subprocess.Popen[bytes]]
STATES = [
    ViewState(scope=Scope.EVERYTHING),
    ViewState(scope=Scope.EVERYTHING, sort=SortColumn.CPU, descending=True),
    ViewState(scope=Scope.EVERYTHING, is_tree=False, sort=SortColumn.MEMORY),
    ViewState(),
]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes that end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*argv: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_the_rows_of_a_replay_are_the_rows_that_were_seen(tmp_path: Path, start: Start) -> None:
    host = Host.open(Settings(), recorder(tmp_path / "r"))
    seen = []
    busy = start(sys.executable, "-c", "while True: pass")
    for turn in range(8):
        if turn % 2:
            start("sleep", "600")
        if turn == 5:
            busy.kill()
            busy.wait()
        seen.append(host.read_sample(frozenset(key for one in seen for key in one.ghosts)))
        time.sleep(0.05)
    assert host.recording is not None
    host.recording.close()
    recording = Recording.open(tmp_path / "r")
    assert len(recording) == len(seen)
    assert any(percent > 1 for one in seen for percent in one.cpu_percent.values())
    assert any(key.pid == busy.pid for key in seen[-1].ghosts)
    for index, one in enumerate(seen):
        found = recording.sample(index)
        check_same(found, replace(one, snapshot=replace(one.snapshot, host="web-07")))
        for state in STATES:
            assert rows(found, state) == rows(one, state)


def test_a_secret_of_a_command_line_is_nowhere_in_the_recording(tmp_path: Path, start: Start) -> None:
    secret = secrets.token_hex(16)
    script = "import time; time.sleep(600)"
    sleeper = start(sys.executable, "-c", script, "Calamari", f"--variablesPassword={secret}", "--password", secret)
    host = Host.open(Settings(), recorder(tmp_path / "r"))
    for _ in range(3):
        sample = host.read_sample()
    assert host.recording is not None
    host.recording.close()
    text = gzip.decompress((tmp_path / "r").read_bytes())
    assert sample.snapshot.find(sleeper.pid) is not None
    assert f'"pid":{sleeper.pid},'.encode() in text and b"--variablesPassword=" in text
    assert secret.encode() not in text and secret[:12].encode() not in text
