"""Matrix, the races: two captures of one target, a child that is too short, a target that ends between two looks."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from typing import Any

import pytest
from dotnet_targets import StartTarget
from matrix_checks import is_gone, status_of
from matrix_world import MatrixWorld

from octotui.cli import capture


def second_octotui(pid: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "octotui", "dump", str(pid), "--yes", "--json"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("backend", ["ipc", "createdump"])
def test_second_capture_of_one_target_is_refused_with_the_firsts_owner_and_age(
    world: MatrixWorld, start_target: StartTarget, backend: str
) -> None:
    import os

    target = start_target(ballast_mb=100)
    seconds: list[subprocess.CompletedProcess[str]] = []

    def while_the_first_is_held_up() -> None:
        tool = status_of(target.key).tracer_pid
        os.kill(tool, signal.SIGSTOP)
        try:
            seconds.append(second_octotui(target.pid))
        finally:
            os.kill(tool, signal.SIGCONT)

    done = world.dump(target, "--backend", backend, meanwhile=while_the_first_is_held_up)
    assert done.status == 0
    (second,) = seconds
    assert (second.returncode, second.stderr) == (3, "")
    (refused,) = json.loads(second.stdout)["results"]
    error = refused["error"]
    assert (refused["outcome"], error["code"]) == ("refused", "under-way")
    assert re.search(rf"octotui {os.getpid()} captures it since [0-9.]+ m?s", error["message"]), error
    assert error["hint"] == "wait until that capture is over, or cancel it"


def test_child_that_is_gone_before_it_can_be_captured_is_reported_and_the_others_are_captured(
    world: MatrixWorld, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, lasting = start_target(), start_target()
    original = capture._captured

    async def too_late(*arguments: Any) -> int:
        short.stop()
        return await original(*arguments)

    monkeypatch.setattr(capture, "_captured", too_late)
    pids = (str(short.pid), str(lasting.pid))
    done = world.octotui("dump", *pids, "--type", "mini", "--yes", "--json")
    assert (done.status, is_gone(short.key), lasting.alive()) == (1, True, True)
    results = {result["pid"]: result for result in done.document["results"]}
    assert results[short.pid]["outcome"] == "failed"
    assert results[short.pid]["error"]["code"] == "process-gone"
    assert results[lasting.pid]["outcome"] == "finished"
