"""`octotui dump` as a script calls it, on real .NET processes: files, results, interruption."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_runner import Completed
from terminal_emulator import Terminal

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import StandIn
from octotui.demo.tree import StandInTree
from octotui.errors import OctotuiError

pytestmark = pytest.mark.xdist_group("demo")
MARKER = "the managed heap holds this in reverse"


@pytest.fixture(scope="module", autouse=True)
def has_runtime() -> None:
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))


@pytest.fixture
def target() -> Iterator[StandIn]:
    with StandIn.start(marker=MARKER, ballast_mb=300) as started:
        yield started


def test_a_tree_is_captured_with_one_result_for_each_dotnet_process(
    program: Callable[..., Completed], own_state: Path
) -> None:
    with StandInTree(short_every=600, ballast_mb=20) as tree:
        tentacle = next(found.pid for found in tree.pids() if found.role == "tentacle-service")
        done = program("dump", "--tree", str(tentacle), "--yes", "--json")
    assert (done.status, done.stderr) == (0, "")
    results = done.document["results"]
    roles = [result["role"] for result in results]
    assert roles[-1] == "tentacle-service"
    assert set(roles) == {"tentacle-service", "calamari"}
    for result in results:
        assert (result["outcome"], result["verified"], result["error"]) == ("finished", True, None)
        assert result["pause_seconds"] > 0
        assert stat.S_IMODE(os.stat(result["path"]).st_mode) == 0o600
    assert stat.S_IMODE((own_state / "dumps").stat().st_mode) == 0o700


def test_ctrl_c_at_the_question_ends_it_at_once_and_captures_nothing(target: StandIn, own_state: Path) -> None:
    with Terminal(["dump", str(target.pid)], {"OCTOTUI_STATE_DIR": str(own_state)}) as terminal:
        terminal.wait_for(lambda seen: "Capture now?" in seen)
        terminal.press("\x03")
        assert terminal.wait_for_end() == 130
    assert "interrupted" in terminal.text
    assert target.alive() and list((own_state / "dumps").glob("*.dmp")) == []


def test_what_the_heap_held_is_in_the_dump_and_the_dump_can_be_verified_and_removed(
    target: StandIn, program: Callable[..., Completed]
) -> None:
    (result,) = program("dump", str(target.pid), "--yes", "--json").document["results"]
    assert target.marker_bytes in Path(result["path"]).read_bytes()
    verified = program("verify", result["path"], "--json")
    assert (verified.status, verified.document["whole"], verified.document["pid"]) == (0, True, target.pid)
    assert "whole" in program("verify", result["path"]).stdout
    name = Path(result["path"]).name
    (listed,) = program("dumps", "--json").document["dumps"]
    assert (listed["name"], listed["verified"], listed["sha256"]) == (name, True, result["sha256"])
    assert program("dumps", "remove", name, "--yes").status == 0
    assert program("dumps", "--json").document["dumps"] == []


@pytest.mark.parametrize("backend", ["ipc", "createdump"])
def test_an_output_directory_gets_the_dump_and_nothing_beside_it(
    backend: str, target: StandIn, program: Callable[..., Completed], tmp_path: Path
) -> None:
    output = tmp_path / "kept here"
    done = program(
        "dump", str(target.pid), "--yes", "--json", "--type", "mini", "--backend", backend, "--output", str(output)
    )
    assert done.status == 0, done
    (result,) = done.document["results"]
    assert result["backend"] == backend
    assert Path(result["path"]).parent == output
    assert [path.name for path in tmp_path.iterdir()] == ["kept here"]
    assert sorted(path.suffix for path in output.iterdir()) == [".dmp", ".json"]


@pytest.mark.parametrize(("backend", "status"), [("ipc", 3), ("createdump", 0)])
def test_an_output_directory_that_is_not_utf8_is_used_or_refused_in_words(
    backend: str, status: int, target: StandIn, program: Callable[..., Completed], tmp_path: Path
) -> None:
    output = tmp_path / os.fsdecode(b"x\xff")
    arguments = ("dump", str(target.pid), "--yes", "--type", "mini", "--backend", backend, "--output", str(output))
    done = program(*arguments, "--json")
    assert (done.status, "Traceback" in done.stderr) == (status, False), done
    (result,) = done.document["results"]
    if status:
        assert "not UTF-8" in result["error"]["message"]
    else:
        assert Path(result["path"]).parent == output
    assert program(*arguments).status == status


def test_a_process_that_is_not_dotnet_is_refused_with_exit_3(program: Callable[..., Completed]) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            done = program("dump", str(sleeper.pid), "--yes", "--json")
        finally:
            sleeper.kill()
    assert done.status == 3
    (result,) = done.document["results"]
    assert (result["pid"], result["outcome"]) == (sleeper.pid, "refused")
    assert result["error"]["hint"]


def test_a_dry_run_writes_nothing(target: StandIn, program: Callable[..., Completed], own_state: Path) -> None:
    done = program("dump", str(target.pid), "--dry-run", "--json")
    assert (done.status, done.document["plan"]["refused"]) == (0, False)
    assert list(own_state.iterdir()) == []


def test_the_doctor_says_that_the_target_is_ready(target: StandIn, program: Callable[..., Completed]) -> None:
    checks = program("doctor", str(target.pid), "--json").document["checks"]
    found = {check["title"]: check for check in checks}
    assert found["capture"]["status"] in ("ok", "warning")
    assert "heap dump by ipc" in found["capture"]["detail"]
    assert "8.0" in found["runtime"]["detail"]
    assert found["createdump"]["status"] == "ok"
    assert found["socket"]["detail"].endswith(" answers")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_capture_leaves_a_running_target_and_no_file(
    number: signal.Signals, target: StandIn, own_state: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "octotui", "dump", str(target.pid), "--yes"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while "1 of 1" not in (line := process.stdout.readline()):
            assert line
        process.send_signal(number)
        said, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (130, "")
    assert "cancelled" in said or "verified" in said
    assert is_running_again(target)
    left = [path for path in (own_state / "dumps").glob("*") if path.suffix == ".dmp"]
    assert left == [] or "verified" in said


def is_running_again(target: StandIn) -> bool:
    """True once the target is neither stopped nor traced, which a capture's end brings about at once."""
    for _ in range(500):
        fields = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{target.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        if fields["State"][0] not in "tT" and fields["TracerPid"] == "0":
            return True
        time.sleep(0.01)
    return False
