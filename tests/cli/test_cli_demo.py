"""`octotui demo --no-tui`: the tree it prints is there, and every process of it ends however the command ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from octotui.demo.runtimes import find_runtime
from octotui.errors import OctotuiError

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """The running command and the document that it printed."""
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))
    with subprocess.Popen(
        [sys.executable, "-m", "octotui", "demo", "--no-tui"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path) if len(str(tmp_path)) < 40 else "/tmp"},
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[bytes] = []
            while line := process.stdout.readline():
                lines.append(line)
                if line == b"}\n":
                    break
            yield process, json.loads(b"".join(lines))
        finally:
            process.kill()


def is_running(found: dict[str, int]) -> bool:
    try:
        fields = Path(f"/proc/{found['pid']}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return int(fields[19]) == found["started"] and fields[0] not in (b"Z", b"X")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_every_process_of_the_tree_ends_with_the_command(
    number: signal.Signals, demo: tuple[subprocess.Popen[bytes], Any]
) -> None:
    process, document = demo
    assert next(iter(document)) == "schema"
    roles = [found["role"] for found in document["processes"]]
    assert {"tentacle-service", "calamari"} <= set(roles)
    assert all(is_running(found) for found in document["processes"] if found["role"] == "tentacle-service")
    process.send_signal(number)
    status = process.wait(30)
    if number is signal.SIGKILL:
        assert status == -signal.SIGKILL
        wait_until_gone(document["processes"])
    else:
        assert status == 0
        assert not Path(document["home"]).exists()
    assert [found for found in document["processes"] if is_running(found)] == []


def wait_until_gone(processes: list[dict[str, int]]) -> None:
    """After SIGKILL nobody waits for the tree: each of its processes ends when its stdin does."""
    for _ in range(1000):
        if not any(is_running(found) for found in processes):
            return
        time.sleep(0.02)
