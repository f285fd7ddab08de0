"""The stand-in tree of the demo: its shape, and that nothing of it outlives its starter."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.demo.homes import remove_stale_homes
from octotui.demo.tree import StandInTree

ROLES = ["tentacle-service", "task-bootstrap", "calamari", "user-script", "user-command"]
STARTER = """
import json, time
from octotui.demo.tree import StandInTree
tree = StandInTree(ballast_mb=16, short_every=1).start()
print(json.dumps(tree.as_json()), flush=True)
time.sleep(600)
"""


def test_the_tree_has_octopus_shape_and_ends_with_its_block() -> None:
    with StandInTree(ballast_mb=16, short_every=600) as tree:
        home = tree.home
        found = tree.pids()
        parents = {p.pid: _parent(p.pid) for p in found}
        calamari = found[2]
        argv = Path(f"/proc/{calamari.pid}/cmdline").read_bytes().decode().split("\0")
        script = Path(f"/proc/{found[3].pid}/cmdline").read_bytes().decode().split("\0")
        sockets = sorted(name for name in os.listdir(home / "tmp") if name.startswith("dotnet-diagnostic"))
        printed = json.dumps(tree.as_json())

    assert [p.role for p in found] == ROLES
    assert parents[found[0].pid] == os.getpid()
    assert [parents[p.pid] for p in found[1:]] == [p.pid for p in found[:-1]]
    assert "run-script" in argv[1:3]
    assert any(word.startswith("-variablesPassword=") for word in argv)
    assert len(script[2]) == 64
    assert script[2] not in printed
    assert len(sockets) == 2
    assert not home.exists()
    assert [p for p in found if _is_running(p.pid, p.started)] == []


def test_a_short_calamari_comes_and_goes() -> None:
    with StandInTree(ballast_mb=16, short_every=1) as tree:
        while len(seen := [p for p in tree.pids() if p.role == "calamari"]) < 2:
            time.sleep(0.02)
        short = seen[1]
        while _is_running(short.pid, short.started):
            time.sleep(0.05)

        assert [p.role for p in tree.pids()][:1] == ["tentacle-service"]
        assert seen[0] in tree.pids()


@pytest.fixture
def own_temp() -> Iterator[Path]:
    """A temp directory of the test's own, so that no other demo clears up in it."""
    path = Path(tempfile.mkdtemp(prefix="oct-"))
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_the_whole_tree_ends_when_its_starter_is_killed(ending: signal.Signals, own_temp: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(own_temp)}
    )
    assert starter.stdout is not None
    with starter.stdout:
        tree = json.loads(starter.stdout.readline())
        starter.send_signal(ending)
        starter.wait()
    home = Path(tree["home"])

    while _marked_processes(home):
        time.sleep(0.02)

    assert remove_stale_homes(own_temp) == (home,)
    assert not home.exists()


def test_a_stopped_and_a_stubborn_process_are_ended_too() -> None:
    with StandInTree(ballast_mb=16, short_every=600) as tree:
        found = tree.pids()
        os.kill(found[2].pid, signal.SIGSTOP)

    assert [p for p in found if _is_running(p.pid, p.started)] == []


def test_without_a_compiler_the_programs_run_under_the_dotnet_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with StandInTree(ballast_mb=16, short_every=600) as tree:
        found = tree.pids()
        executables = {os.path.basename(os.readlink(f"/proc/{found[place].pid}/exe")) for place in (0, 2)}

    assert [p.role for p in found] == ROLES
    assert executables == {"dotnet"}


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def _is_running(pid: int, started: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] != b"Z" and int(fields[19]) == started


def _marked_processes(home: Path) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                environment = Path(f"/proc/{name}/environ").read_bytes()
            except OSError:
                continue
            if str(home).encode() in environment:
                found.append(int(name))
    return found
