"""Races that a hostile writer runs against root while its dump is staged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import facts_of

from octotui.dumps.rights import Rights
from octotui.dumps.staged.places import Place, choose_place
from octotui.dumps.staged.staging import Staging
from octotui.errors import CaptureFailed
from octotui.processes.model import ProcessKey

NOBODY = 65534
SWAPS = 300
PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root and a second user")

SWAPPER = """
import os, sys
here, prize = sys.argv[1], sys.argv[2]
print("ready", flush=True)
while True:
    for name in os.listdir(here):
        if name.startswith(".octotui-"):
            try:
                os.rename(f"{here}/{name}", f"{here}/moved-{name}")
                os.symlink(prize, f"{here}/{name}")
            except OSError:
                pass
"""

BINDER = """
import ctypes, os, sys
here, prize = sys.argv[1], sys.argv[2]
libc = ctypes.CDLL(None)
print("ready", flush=True)
while True:
    for name in os.listdir(here):
        if name.startswith(".octotui-"):
            libc.mount(prize.encode(), f"{here}/{name}".encode(), None, 4096, None)
"""

OPENER = """
import os, sys
print("ready", flush=True)
while True:
    os.close(os.open(sys.argv[1], os.O_RDWR))
"""

LEASER = """
import os, sys
from octotui.dumps.staged.staging import _has_writer
found = set()
descriptor = os.open(sys.argv[1], os.O_RDONLY)
for _ in range(int(sys.argv[2])):
    found.add(_has_writer(descriptor))
print("survived")
"""


@pytest.fixture
def prize() -> Iterator[Path]:
    """A directory of root that all can look into."""
    made = Path(tempfile.mkdtemp(prefix="octotui-test-", dir="/var/tmp"))
    made.chmod(0o755)
    (made / "dump").write_text("root's own")
    yield made
    shutil.rmtree(made)


def as_nobody(*words: str) -> subprocess.Popen[bytes]:
    """A process of the other user, once it said that it is ready."""
    setpriv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    process = subprocess.Popen([*setpriv, *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        process.communicate()
        pytest.skip("the other user may not do that here")
    return process


def state_of(prize: Path) -> tuple[int, int, int, str]:
    found = prize.stat()
    return found.st_uid, found.st_gid, found.st_mode, (prize / "dump").read_text()


def stage_many(place: Place) -> int:
    """How many of many staging directories could be made; each is removed again."""
    made = 0
    for _ in range(SWAPS):
        try:
            staging = Staging.make(place, "dump")
        except CaptureFailed:
            continue
        made += 1
        staging.remove()
    return made


def test_writer_that_swaps_the_directory_gets_nothing_of_roots(theirs: Path, prize: Path) -> None:
    before = state_of(prize)
    swapper = as_nobody(PYTHON, "-c", SWAPPER, str(theirs), str(prize))
    facts = facts_of(ProcessKey(4242, 1), uid=NOBODY, gid=NOBODY)
    try:
        stage_many(choose_place(facts, Rights(0, 0), theirs, theirs))
    finally:
        swapper.kill()
        swapper.communicate()
    assert state_of(prize) == before


def test_writer_that_mounts_a_directory_of_root_there_gets_nothing_of_it(theirs: Path, prize: Path) -> None:
    before = state_of(prize)
    own_mounts = ("unshare", "--user", "--map-root-user", "--mount")
    binder = as_nobody(*own_mounts, PYTHON, "-c", BINDER, str(theirs), str(prize))
    try:
        facts = facts_of(ProcessKey(binder.pid, 1), uid=NOBODY, gid=NOBODY, same_mounts=False)
        facts = replace(facts, temp_directory=str(theirs))
        place = choose_place(facts, Rights(0, 0), theirs, theirs)
        assert not place.is_ours
        stage_many(place)
    finally:
        binder.kill()
        binder.communicate()
    assert state_of(prize) == before


def test_writer_that_opens_its_file_just_then_does_not_end_octotui(theirs: Path) -> None:
    path = theirs / "dump"
    path.touch()
    os.chown(path, NOBODY, NOBODY)
    opener = as_nobody(PYTHON, "-c", OPENER, str(path))
    try:
        done = subprocess.run([sys.executable, "-c", LEASER, str(path), "20000"], capture_output=True, check=False)
    finally:
        opener.kill()
        opener.communicate()
    assert (done.returncode, done.stdout) == (0, b"survived\n"), done.stderr
