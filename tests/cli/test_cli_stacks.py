"""`octotui stacks`, `counters` and `heap` as a person and a script call them, on real .NET processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_runner import Completed

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import StandIn
from octotui.demo.tree import StandInTree
from octotui.errors import OctotuiError

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module", autouse=True)
def has_runtime() -> None:
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def target() -> Iterator[StandIn]:
    with StandIn.start(threads=3, ballast_mb=16, heartbeat=False) as started:
        yield started


def test_a_tree_is_told_with_holder_waiter_and_main_of_calamari(program: Callable[..., Completed]) -> None:
    with StandInTree(short_every=600, ballast_mb=8) as tree:
        tentacle = next(found.pid for found in tree.pids() if found.role == "tentacle-service")
        done = program("stacks", "--tree", str(tentacle), "--json")
        assert (done.status, done.stderr) == (0, "")
        text = program("stacks", "--tree", str(tentacle)).stdout
    document = done.document
    assert next(iter(document)) == "schema"
    calamari = next(one for one in document["processes"] if one["role"] == "calamari")
    (look,) = calamari["looks"]
    tops = {thread["name"]: [frame["method"] for frame in thread["frames"]] for thread in look["threads"]}
    assert "Standin.HoldLock" in tops["holder"]
    assert "Standin.WaitForLock" in tops["waiter"]
    assert tops["Calamari"][-1] == "Standin.Main"
    assert look["stops"]["count"] > 0
    scripts = [one for one in document["processes"] if not one["dotnet"]]
    assert scripts
    assert all(one["looks"] == [] and one["error"] is None for one in scripts)
    assert "Octopus task: ServerTasks-" in text
    assert "not .NET left out" in text


def test_several_looks_say_what_stood_still(program: Callable[..., Completed], target: StandIn) -> None:
    done = program("stacks", str(target.pid), "--samples", "3", "--every", "0.5")
    assert done.status == 0
    assert "3 threads (" in done.stdout
    assert "each sleeps; stood still in all 3 looks" in done.stdout


def test_analysis_files_are_written_where_a_person_said(
    program: Callable[..., Completed], target: StandIn, tmp_path: Path
) -> None:
    done = program("stacks", str(target.pid), "--output", str(tmp_path), "--json")
    files = done.document["files"]
    assert Path(files["text"]).read_text().startswith("octotui ")
    assert Path(files["document"]).parent == tmp_path


@pytest.mark.parametrize("options", [["--json"], []], ids=["document", "text"])
def test_stacks_that_cannot_be_written_are_told_all_the_same(
    program: Callable[..., Completed], target: StandIn, options: list[str]
) -> None:
    done = program("stacks", str(target.pid), "--output", "/proc/nowhere", *options)
    assert done.status == 1
    assert "the analysis cannot be written: /proc/nowhere" in done.stderr
    if options:
        assert done.document["error"]["hint"].startswith("choose another directory")
        assert done.document["processes"][0]["looks"]
    else:
        assert "Standin.Main" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "say whose stacks"),
        (("999999999",), 4, "no process has the pid"),
        (("nonsense",), 2, "is not a pid"),
        (("--role", "nonsense"), 2, "there is no role"),
        (("1", "--samples", "0"), 2, "samples"),
        (("1", "--every", "0"), 2, "every"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(
    cli: Callable[..., Completed], arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = cli("stacks", *arguments)
    assert done.status == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["stacks", "counters"])
def test_a_process_that_is_no_dotnet_process_is_refused_with_the_next_step(
    cli: Callable[..., Completed], command: str
) -> None:
    done = cli(command, str(os.getpid()), "--json")
    assert done.status == 3
    assert done.document["error"]["code"] == "not-dotnet"
    assert "octotui" in done.document["error"]["hint"]


def test_a_stopped_process_is_refused_with_the_command_that_lets_it_go_on(program: Callable[..., Completed]) -> None:
    with StandIn.start(heartbeat=False) as stopped:
        os.kill(stopped.pid, signal.SIGSTOP)
        try:
            done = program("stacks", str(stopped.pid), "--json")
        finally:
            os.kill(stopped.pid, signal.SIGCONT)
    assert done.status == 3
    assert done.document["error"]["code"] == "stopped"
    assert done.document["error"]["hint"] == f"kill -CONT {stopped.pid}"


@pytest.mark.parametrize("options", [["--json"], []], ids=["document", "text"])
def test_an_interrupted_series_of_looks_tells_what_was_seen_and_leaves_no_session(
    program: Callable[..., Completed], target: StandIn, options: list[str]
) -> None:
    looking = subprocess.Popen(
        [sys.executable, "-m", "octotui", "stacks", str(target.pid), "--samples", "50", "--every", "0.5", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        looking.wait(4)
    looking.send_signal(signal.SIGINT)
    out, said = looking.communicate(timeout=60)
    assert looking.returncode == 130
    if options:
        document = json.loads(out)
        assert document["interrupted"] is True
        assert 1 <= len(document["processes"][0]["looks"]) < 50
    else:
        assert "Standin.Main" in out
        assert re.search(r"interrupted after \d+ of 50 looks", said)
    assert program("stacks", str(target.pid)).status == 0


def test_counters_are_told_once_a_second(program: Callable[..., Completed], target: StandIn) -> None:
    done = program("counters", str(target.pid), "--seconds", "2", "--json")
    assert (done.status, done.stderr) == (0, "")
    first, second = done.document["readings"]
    assert first["values"]["gc-heap-size"] > 10
    assert second["taken_at"] > first["taken_at"]
    table = program("counters", str(target.pid), "--seconds", "1").stdout.splitlines()
    assert "GC heap" in table[0]
    assert len(table) == 2


def test_the_heap_is_counted_after_its_cost_was_said(program: Callable[..., Completed], target: StandIn) -> None:
    assert program("heap", str(target.pid), "--json").status == 2
    plan = program("heap", str(target.pid), "--dry-run", "--json").document
    assert plan["heap_bytes"] > 10_000_000
    assert plan["error"] is None
    done = program("heap", str(target.pid), "--yes", "--json")
    assert (done.status, done.stderr) == (0, "")
    found = done.document
    assert found["whole"]
    assert next(one for one in found["types"] if one["type"] == "byte[]")["bytes"] >= 16 << 20
    text = program("heap", str(target.pid), "--yes", "--top", "3").stdout
    assert "stand still for up to" in text
    assert "more types" in text


def test_read_only_stops_no_process(program: Callable[..., Completed], target: StandIn) -> None:
    done = program("heap", str(target.pid), "--yes", environment={"OCTOTUI_READ_ONLY": "1"})
    assert done.status == 3
    assert "read-only" in done.stderr
