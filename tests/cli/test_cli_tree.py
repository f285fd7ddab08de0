"""`octotui tree`: what stands in the document and in the lines, for samples by hand and for this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from cli_runner import Completed

from octotui.cli import tree
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample, Snapshot
from octotui.processes.view import ViewState, rows

FIELDS = [
    "pid", "started", "ppid", "name", "command", "user", "role", "task", "instance", "version", "dotnet", "state",
    "cpu_percent", "rss_bytes", "threads", "age_seconds",
]  # fmt: skip


def process(pid: int, parent: int, name: str, *argv: str) -> ProcessInfo:
    key = ProcessKey(pid, pid)
    return ProcessInfo(key, parent, name, argv=argv, user="octopus", rss_bytes=325_058_560, started_seconds=969.0)


@pytest.fixture
def sample() -> Sample:
    tentacle = process(812, 1, "Tentacle", "Tentacle", "run", "--instance=web-blue")
    calamari = process(14220, 812, "Calamari", "Calamari", "run-script")
    snapshot = Snapshot(
        "web-07", datetime(2024, 5, 1, 12, tzinfo=UTC), 100.0, 1000.0, {p.key: p for p in (tentacle, calamari)}
    )
    meanings = {
        tentacle.key: Meaning("tentacle-service", "Tentacle", instance="web-blue", dotnet=True),
        calamari.key: Meaning("calamari", "Calamari", task="ServerTasks-826567", version="27.3.5", dotnet=True),
    }
    return Sample(snapshot, {calamari.key: 38.04}, meanings=meanings)


def test_the_document_has_the_fields_of_the_contract(sample: Sample) -> None:
    document = tree.document(sample, list(rows(sample, ViewState())))
    assert list(document) == ["host", "taken_at", "processes"]
    assert document["taken_at"] == "2024-05-01T12:00:00.000Z"
    assert [list(found) for found in document["processes"]] == [FIELDS, FIELDS]
    tentacle, calamari = document["processes"]
    assert (tentacle["pid"], tentacle["cpu_percent"], tentacle["instance"]) == (812, None, "web-blue")
    assert (calamari["ppid"], calamari["cpu_percent"], calamari["age_seconds"]) == (812, 38.0, 31.0)


def test_the_lines_draw_the_tree_in_aligned_columns(sample: Sample) -> None:
    lines = tree.lines(sample, list(rows(sample, ViewState())))
    assert lines == [
        "  PID  ROLE      CPU%   MEM  AGE  TASK                PROCESS",
        "  812  Tentacle        310M  31s                      Tentacle run --instance=web-blue",
        "14220  Calamari  38.0  310M  31s  ServerTasks-826567  └ Calamari run-script",
    ]


def test_no_rows_give_no_lines(sample: Sample) -> None:
    assert tree.lines(sample, []) == []


@pytest.fixture
def hostile_process() -> Iterator[int]:
    """A process whose command line tries to drive the terminal and holds a secret."""
    argv = ["\x1b[2Joctotui-hostile", "30", "--password=hunter2-of-the-test"]
    with subprocess.Popen(["bash", "-c", 'exec -a "$0" sleep "$1"', *argv[:2]]) as sleeper:
        try:
            yield sleeper.pid
        finally:
            sleeper.kill()


def test_a_hostile_command_line_reaches_neither_lines_nor_document_raw(
    hostile_process: int, program: Callable[..., Completed]
) -> None:
    for arguments in (["tree", "--all"], ["tree", "--all", "--json"]):
        done = program(*arguments)
        assert done.status == 0
        assert str(hostile_process) in done.stdout
        assert "\x1b" not in done.stdout
        assert done.stderr == ""


def test_the_real_tree_of_everything_holds_this_test(program: Callable[..., Completed]) -> None:
    document = program("tree", "--all", "--json").document
    assert list(document) == ["schema", "host", "taken_at", "processes"]
    found = {process["pid"]: process for process in document["processes"]}
    assert found[os.getpid()]["ppid"] == os.getppid()
    assert all(list(process) == FIELDS for process in document["processes"])


def test_a_filter_that_matches_nothing_is_a_sentence_and_no_error(program: Callable[..., Completed]) -> None:
    words = "no-process-is-called-" + "so"
    assert program("tree", "--filter", f"{words} -octotui").stdout.startswith("Nothing matches the filter")
    assert program("tree", "--filter", f"{words} -octotui", "--json").document["processes"] == []


def test_the_filter_of_the_command_line_compares_figures_and_names_what_is_wrong(
    program: Callable[..., Completed],
) -> None:
    found = program("tree", "--all", "--filter", "age>=0 threads>0|cpu>4000", "--json").document["processes"]
    assert os.getpid() in [process["pid"] for process in found]
    assert program("tree", "--all", "--filter", "age>9000d", "--json").document["processes"] == []
    wrong = program("tree", "--filter", "mem>5")
    assert wrong.status == 2 and "mem>5 needs a unit" in wrong.stderr
