"""Matrix, the tools: createdump asked well, asked badly, ended half way, and what octotui makes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from dotnet_targets import StartTarget
from matrix_checks import status_of
from matrix_world import MatrixWorld

from octotui.demo.runtimes import find_runtime
from octotui.dumps.targets.target import kill_capturing_child

BACKENDS = pytest.mark.parametrize("backend", ["ipc", "createdump"])


@BACKENDS
@pytest.mark.parametrize("type", ["mini", "heap", "triage", "full"])
def test_every_type_on_every_runtime_gives_a_whole_dump(
    world: MatrixWorld, start_target: StartTarget, each_runtime: str, backend: str, type: str
) -> None:
    target = start_target(runtime=each_runtime, ballast_mb=4, marker="deployment variable")
    done = world.dump(target, "--type", type, "--backend", backend)
    assert (done.outcome, done.status) == ("finished", 0), done
    assert (done.result["backend"], done.result["type"]) == (backend, type)
    if type in ("heap", "full"):
        assert target.marker_bytes in done.path.read_bytes()
    record = json.loads(done.path.with_name(done.path.name + ".json").read_text())
    assert record["runtime"].startswith(each_runtime)


@pytest.mark.parametrize("arguments", [(), ("--bogus",), ("--help",)])
def test_createdump_asked_badly_fails_in_words_on_stderr(each_runtime: str, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [find_runtime(each_runtime).createdump, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (255, "")
    assert "createdump" in done.stderr


def test_octotui_asked_for_nobody_says_what_to_type_and_captures_nothing(world: MatrixWorld) -> None:
    nobody = world.octotui("dump")
    assert (nobody.status, nobody.stdout) == (2, "")
    assert "octotui dump PID" in nobody.stderr
    assert world.octotui("dump", "--bogus").status == 2
    assert world.octotui("dump", "--help").status == 0
    assert list(world.state.iterdir()) == []


def test_absent_pid_is_said_to_be_absent(world: MatrixWorld) -> None:
    # The largest pid that a kernel can be told to give is 2^22 - 1.
    done = world.octotui("dump", str(1 << 22), "--yes", "--json")
    assert done.status == 4
    assert done.document["error"]["message"] == f"no process has the pid {1 << 22}"
    assert done.document["error"]["hint"] == "octotui tree --all"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_createdump_ended_by_someone_fails_with_its_signal(
    world: MatrixWorld, start_target: StartTarget, number: signal.Signals
) -> None:
    target = start_target(ballast_mb=200)
    end = lambda: os.kill(status_of(target.key).tracer_pid, number)  # noqa: E731
    done = world.dump(target, "--backend", "createdump", meanwhile=end)
    assert (done.outcome, done.code) == ("failed", "createdump-failed")
    assert done.words == f"createdump was ended by {number.name}"
    assert "octotui doctor PID" in done.hint


def test_createdump_killed_under_the_socket_is_no_success_though_the_runtime_says_ok(
    world: MatrixWorld, start_target: StartTarget
) -> None:
    target = start_target(ballast_mb=200)
    done = world.dump(target, "--backend", "ipc", meanwhile=lambda: kill_capturing_child(target.key))
    assert (done.outcome, done.code in ("no-file", "not-whole")) == ("failed", True), done
    assert "left no dump" in done.words or "the dump is not whole" in done.words


@BACKENDS
def test_target_killed_in_the_middle_is_reported_as_ended(
    world: MatrixWorld, start_target: StartTarget, backend: str
) -> None:
    target = start_target(ballast_mb=200)
    done = world.dump(target, "--backend", backend, meanwhile=lambda: target.send(signal.SIGKILL), ends=True)
    assert (done.outcome, done.status) == ("failed", 1)
    assert (done.code, done.words) == ("process-gone", "the target ended during the dump")


@pytest.mark.parametrize("name", ["100%d of %p", "%%", "%q"])
@BACKENDS
def test_placeholders_in_a_path_are_taken_as_they_stand(
    world: MatrixWorld, start_target: StartTarget, each_runtime: str, tmp_path: Path, backend: str, name: str
) -> None:
    target = start_target(runtime=each_runtime)
    place = tmp_path / name
    done = world.dump(target, "--type", "mini", "--backend", backend, "--output", str(place))
    assert done.path.parent == place
    assert os.listdir(tmp_path) == [name]
