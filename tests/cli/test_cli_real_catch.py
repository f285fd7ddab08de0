"""`octotui catch` as a script and as a person call it, on real .NET processes, with the real sentry and tracer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cli_runner import Completed
from dotnet_targets import needs_root
from terminal_emulator import Terminal

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import StandIn
from octotui.demo.tree import StandInTree
from octotui.dumps.targets.target import read_status
from octotui.dumps.verifying.verify import Writer, verify
from octotui.errors import OctotuiError

pytestmark = [pytest.mark.xdist_group("demo"), needs_root]
MARKER = "the managed heap holds this at its end"


@pytest.fixture(scope="module", autouse=True)
def has_runtime() -> None:
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))


@pytest.fixture
def target() -> Iterator[StandIn]:
    with StandIn.start(marker=MARKER, ballast_mb=30, threads=8) as started:
        yield started


def leftovers(state: Path) -> list[str]:
    jobs = state / "jobs"
    return [str(path) for path in state.rglob(".octotui-*")] + [str(path) for path in jobs.iterdir()]


class Catching:
    """`octotui catch` in the background, its lines read as they come."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "octotui", "catch", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []

    def wait_for(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return
        raise AssertionError(f"{words!r} was never said: {self.lines}")

    def end(self) -> int:
        """Its exit status, once it has ended by itself."""
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        return self.process.wait()

    def close(self) -> None:
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def catch() -> Iterator[Callable[..., Catching]]:
    """Starts `octotui catch` with these arguments; it ends with the test."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Catching:
            catching = Catching(*arguments)
            stack.callback(catching.close)
            return catching

        yield start


def test_the_stacks_of_the_next_short_calamari_of_the_tree_are_taken_while_it_lives(
    program: Callable[..., Completed], own_state: Path, tmp_path: Path
) -> None:
    with StandInTree(short_every=2, ballast_mb=10) as tree:
        tentacle = next(found.pid for found in tree.pids() if found.role == "tentacle-service")
        done = program(
            "catch", "--role", "calamari", "--under", str(tentacle), "--stacks", "--timeout", "60", "--json",
            "--output", str(tmp_path / "out"),
        )  # fmt: skip
    assert (done.status, done.stderr) == (0, ""), done
    assert done.document["results"] == []
    (look,) = done.document["analyses"]
    assert (look["outcome"], look["role"], look["error"]) == ("finished", "calamari", None)
    text, document = (Path(look["paths"][kind]) for kind in ("text", "document"))
    assert str(look["pid"]) in text.read_text("utf-8")
    (process,) = json.loads(document.read_text("utf-8"))["processes"]
    assert process["looks"][0]["threads"]
    rule = done.document["rule"]
    assert (rule["take"], rule["ending"], rule["looked"], rule["looks"], rule["dumps"]) == ("stacks", "count", 1, 1, 0)
    assert rule["seen"] == sum(rule[how] for how in ("looked", "passed", "ended_early", "failed", "left"))
    assert list(own_state.rglob(".octotui-*")) == []


def test_the_short_second_calamari_of_the_tree_is_caught_at_its_exit(
    program: Callable[..., Completed], own_state: Path
) -> None:
    with StandInTree(short_every=2, ballast_mb=10) as tree:
        tentacle = next(found.pid for found in tree.pids() if found.role == "tentacle-service")
        done = program(
            "catch", "--role", "calamari", "--under", str(tentacle), "--at-exit", "--any-status", "--count", "1",
            "--timeout", "60", "--yes", "--json",
        )  # fmt: skip
    assert (done.status, done.stderr) == (0, ""), done
    (result,) = done.document["results"]
    assert (result["outcome"], result["backend"], result["verified"]) == ("finished", "octotui", True)
    assert result["task"]
    facts = verify(Path(result["path"]))
    assert (facts.writer, facts.pid) == (Writer.OCTOTUI, result["pid"])
    rule = done.document["rule"]
    assert (rule["ending"], rule["captured"], rule["dumps"]) == ("count", 1, 1)
    assert rule["seen"] == rule["captured"] + rule["passed"] + rule["ended_early"] + rule["failed"] + rule["left"]
    assert leftovers(own_state) == []


def test_a_process_that_is_killed_is_captured_as_it_was_with_the_status_in_the_record(
    target: StandIn, catch: Callable[..., Catching], own_state: Path
) -> None:
    catching = catch(str(target.pid), "--at-exit", "--yes")
    catching.wait_for("runs until its end")
    target.send(signal.SIGKILL)
    assert catching.end() == 0, catching.lines
    (path,) = (own_state / "dumps").glob("*.dmp")
    assert target.marker_bytes in path.read_bytes()
    record = json.loads(path.with_name(f"{path.name}.json").read_text())
    assert (record["exit"]["signal"], record["exit"]["exit_code"]) == (signal.SIGKILL, None)
    assert record["exit"]["threads"] > 8
    assert record["sha256"]
    assert leftovers(own_state) == []


def test_a_process_that_ends_well_is_not_kept(catch: Callable[..., Catching], own_state: Path) -> None:
    with StandIn.start(env={"OCTOTUI_STANDIN_END": "5000 return 0"}) as target:
        catching = catch(str(target.pid), "--at-exit", "--yes")
        catching.wait_for("runs until its end")
        assert catching.end() == 4, catching.lines
    assert "it ended with exit code 0" in "".join(catching.lines)
    assert list((own_state / "dumps").glob("*.dmp")) == []


def test_figures_of_a_running_process_trigger_its_capture(
    target: StandIn, program: Callable[..., Completed], own_state: Path
) -> None:
    done = program("catch", str(target.pid), "--rss", "20MB", "--threads", "8", "--type", "mini", "--json")
    assert done.status == 0, done
    (result,) = done.document["results"]
    assert (result["outcome"], result["type"], result["pid"]) == ("finished", "mini", target.pid)
    assert target.alive() and leftovers(own_state) == []


def test_figures_that_do_not_come_about_end_with_the_time(target: StandIn, program: Callable[..., Completed]) -> None:
    done = program("catch", str(target.pid), "--rss", "900GB", "--timeout", "2.5")
    assert done.status == 4
    assert "its time is up (memory " in done.stdout
    assert "of 900 GB" in done.stdout


def test_a_series_of_dumps_of_a_hang(target: StandIn, program: Callable[..., Completed]) -> None:
    done = program(
        "catch", str(target.pid), "--quiet", "1", "--count", "2", "--every", "0.5", "--type", "mini", "--json"
    )
    assert done.status == 0, done
    results = done.document["results"]
    assert [result["outcome"] for result in results] == ["finished", "finished"]
    assert len({result["path"] for result in results}) == 2
    assert all(result["sha256"] for result in results)


def test_a_process_is_held_captured_as_it_stands_and_let_go(target: StandIn, program: Callable[..., Completed]) -> None:
    done = program("catch", str(target.pid), "--hold", "--hold-seconds", "0.5", "--type", "mini", "--yes", "--json")
    assert done.status == 0, done
    (result,) = done.document["results"]
    assert (result["outcome"], result["backend"]) == ("finished", "createdump")
    status = read_status(target.pid)
    assert status is not None and status.state != "T"


def test_ctrl_c_lets_go_of_what_is_held_and_asks_nothing(target: StandIn, own_state: Path) -> None:
    with Terminal(["catch", str(target.pid), "--hold"], {"OCTOTUI_STATE_DIR": str(own_state)}) as terminal:
        terminal.wait_for(lambda seen: "Wait for it?" in seen)
        terminal.press("y\r")
        terminal.wait_for(lambda seen: "held as it is" in seen)
        status = read_status(target.pid)
        assert status is not None and status.state == "T"
        terminal.press("\x03")
        assert terminal.wait_for_end() == 130
    status = read_status(target.pid)
    assert status is not None and status.state != "T"
    assert list((own_state / "dumps").glob("*.dmp")) == []


def test_an_octotui_that_is_killed_leaves_its_traced_target_running(
    target: StandIn, catch: Callable[..., Catching], program: Callable[..., Completed], own_state: Path
) -> None:
    catching = catch(str(target.pid), "--at-exit", "--yes")
    catching.wait_for("runs until its end")
    catching.process.kill()
    assert catching.end() == -signal.SIGKILL
    for _ in range(500):
        status = read_status(target.pid)
        assert status is not None
        if status.tracer_pid == 0:
            break
        time.sleep(0.01)
    assert (status.tracer_pid, status.state != "T", target.alive()) == (0, True, True)
    assert program("catch", "--name", "nobody-is-called-so", "--timeout", "0.1").status == 4
    assert leftovers(own_state) == []
