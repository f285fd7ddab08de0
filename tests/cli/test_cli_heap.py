"""`octotui heap`: asked before, said what it costs, refused where it could do harm, ended in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cli_runner import Completed
from live_host import HISTOGRAM, KEY, PLAN, LiveHost, LiveObserver

from octotui.cli import output
from octotui.errors import DiagnosticsError

PID = str(KEY.pid)


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., LiveObserver]:
    def make(**options: Any) -> LiveObserver:
        made = LiveObserver(**options)
        monkeypatch.setattr("octotui.host.Host", LiveHost(made))
        return made

    return make


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: bool) -> list[str]:
    asked: list[str] = []

    def confirmed(question: str) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr(output, "can_ask", lambda: True)
    monkeypatch.setattr("octotui.cli.heap.confirmed", confirmed)
    return asked


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_without_anybody_to_ask_nothing_is_asked_of_the_process(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver], options: tuple[str, ...]
) -> None:
    made = observer()
    done = cli("heap", PID, *options)
    assert done.status == 2
    assert "add --yes" in done.stderr
    assert made.counted == []


def test_stop_and_memory_are_said_before_the_question(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, asked = observer(), at_a_terminal(monkeypatch, answer=False)
    done = cli("heap", PID)
    assert asked == ["Count the heap now?"]
    assert "for up to 0.8 s" in done.stdout or "for up to 0.75 s" in done.stdout
    assert "may need 250 MB more of the 900 MB that its container has" in done.stdout
    assert made.counted == []
    assert done.status == 130


def test_a_yes_counts_and_prints_the_largest_types_first(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = observer()
    at_a_terminal(monkeypatch, answer=True)
    done = cli("heap", PID, "--top", "1")
    assert done.status == 0
    assert [plan.key for plan in made.counted] == [KEY]
    lines = done.stdout.splitlines()
    head = next(number for number, line in enumerate(lines) if "OBJECTS" in line)
    assert lines[head + 1].split() == ["150", "MB", "3", "byte[]"]
    assert "2 more types: --top 3" in lines[head + 2]
    assert "98 objects, 150 MB; stood still for 12.3 ms" in lines[head + 3]
    assert made.is_closed


def test_the_document_has_all_types_and_stderr_stays_empty(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    observer()
    done = cli("heap", PID, "--yes", "--json", "--top", "1")
    assert (done.status, done.stderr) == (0, "")
    assert next(iter(done.document)) == "schema"
    assert [one["type"] for one in done.document["types"]] == ["byte[]", "string", "Calamari.Variable"]
    assert (done.document["pid"], done.document["objects"], done.document["whole"]) == (KEY.pid, 98, True)


def test_a_histogram_that_is_not_whole_says_so_and_counts_as_failed(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    observer(histogram=replace(HISTOGRAM, is_whole=False, lost_events=7, remarks=("7 events were lost",)))
    done = cli("heap", PID, "--yes")
    assert done.status == 1
    assert "! 7 events were lost" in done.stdout


def test_a_container_without_room_is_refused_before_the_heap_is_walked(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    made = observer(plan=replace(PLAN, refusal="its container has 3 MB left", hint="octotui stacks 14220"))
    done = cli("heap", PID, "--yes", "--json")
    assert (done.status, done.document["error"]["code"]) == (3, "no-headroom")
    assert made.counted == []
    dry = cli("heap", PID, "--dry-run")
    assert dry.status == 3
    assert "Refused: its container has 3 MB left; octotui stacks 14220" in dry.stdout


def test_a_runtime_that_fails_is_a_sentence_with_the_next_step(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    observer(error=DiagnosticsError("process 14220 did not say how large its heap is", hint="try again"))
    done = cli("heap", PID, "--yes")
    assert done.status == 1
    assert "next step: try again" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interruption_ends_the_count_in_the_process_too(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    made = observer(hangs=True, on_hanging=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert cli("heap", PID, "--yes").status == 130
    assert made.ended == 1
    assert made.is_closed


@pytest.mark.parametrize(("pid", "status"), [("999999999", 4), ("x", 2), ("0", 2)])
def test_a_pid_that_nobody_has_is_a_sentence(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver], pid: str, status: int
) -> None:
    observer()
    done = cli("heap", pid, "--yes")
    assert done.status == status
    assert "octotui tree" in done.stderr
