"""Secrets in every place that a real process can hold them: none of them is in what stacks and analyses say."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.demo.runtimes import find_runtime

PROGRAM = Path(__file__).parents[1] / "fixtures" / "programs" / "Secretive.dll"
# The kernel keeps 15 characters of a thread's name: its secret has to be whole in them.
SECRETS = {
    "argument": "Zq7argumentZq7",
    "option": "Zq7optionZq7",
    "environment": "Zq7environmentZq7",
    "heap": "Zq7heapZq7",
    "directory": "Zq7directoryZq7",
    "thread": "Zq7thr",
}


@pytest.fixture(scope="module", params=["8.0", "3.1"])
def secretive(request: pytest.FixtureRequest) -> Iterator[int]:
    """The pid of a program that holds all of them."""
    found = find_runtime(request.param)
    home = Path(tempfile.mkdtemp(prefix="oct-"))
    place = home / SECRETS["directory"]
    place.mkdir()
    for name in ("Secretive.dll", "Secretive.runtimeconfig.json"):
        shutil.copy(PROGRAM.with_name(name), place)
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home),
        "TMPDIR": str(home),
        "SERVICE_PASSWORD": SECRETS["environment"],
        "SECRETIVE_HEAP": SECRETS["heap"][::-1],
        "SECRETIVE_THREAD": f"password={SECRETS['thread']}",
        **found.environment(),
    }
    command = [
        str(found.dotnet), str(place / "Secretive.dll"), SECRETS["argument"],
        f"--variablesPassword={SECRETS['option']}",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=place
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == b"ready"
        yield process.pid
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        shutil.rmtree(home, ignore_errors=True)


def said(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "octotui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def assert_clean(text: str) -> None:
    assert [name for name, secret in SECRETS.items() if secret in text or secret[::-1] in text] == []


def test_text_document_and_files_of_stacks_hold_no_secret(secretive: int, tmp_path: Path) -> None:
    text = said("stacks", str(secretive), "--all-threads", "--counters", "--output", str(tmp_path))
    assert "Secretive!Secretive.Work" in text
    assert_clean(text)
    files = sorted(tmp_path.iterdir())
    assert [path.suffix for path in files] == [".json", ".txt"]
    for path in files:
        written = path.read_text()
        assert "Secretive.Work" in written
        assert_clean(written)
    assert_clean(said("stacks", str(secretive), "--json", "--samples", "2", "--every", "0.5"))


def test_counters_and_heap_types_hold_no_secret(secretive: int) -> None:
    assert_clean(said("counters", str(secretive), "--seconds", "1", "--json"))
    heap = said("heap", str(secretive), "--yes", "--json")
    assert "InvalidOperationException" in heap
    assert_clean(heap)
