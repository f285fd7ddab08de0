"""`octotui counters`: a row for each reading, one document with `--json`, what was told before an interruption kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from cli_runner import Completed
from live_host import KEY, LiveHost, LiveObserver, reading

from octotui.cli.counters import row
from octotui.errors import Refused

PID = str(KEY.pid)


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., LiveObserver]:
    def make(**options: Any) -> LiveObserver:
        made = LiveObserver(**options)
        monkeypatch.setattr("octotui.host.Host", LiveHost(made))
        return made

    return make


def test_each_reading_is_a_row_below_one_head(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    made = observer(readings=(reading(0), reading(1), reading(2)))
    done = cli("counters", PID, "--seconds", "2")
    assert (done.status, done.stderr) == (0, "")
    head, first, second = done.stdout.splitlines()
    assert "GC heap" in head
    assert "158 MB" in first
    assert first.split()[0] < second.split()[0]
    assert len(first) == len(head)
    assert (made.ended, made.is_closed) == (1, True)


def test_json_is_one_document_with_the_names_of_the_runtime(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    observer(readings=(reading(0), reading(1)))
    done = cli("counters", PID, "--seconds", "2", "--json")
    assert (done.status, done.stderr) == (0, "")
    assert list(done.document) == ["schema", "pid", "started", "readings"]
    first, second = done.document["readings"]
    assert first["values"]["gc-heap-size"] == 158.0
    assert first["taken_at"].endswith("Z")
    assert first["taken_at"] < second["taken_at"]


def test_what_a_runtime_does_not_tell_is_a_dash() -> None:
    assert row(reading()).split()[-1] == "-"
    assert row(reading(**{"exception-count": 2.0})).split()[-1] != "-"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_interruption_keeps_what_was_told_and_ends_the_session(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver], options: tuple[str, ...]
) -> None:
    made = observer(readings=(reading(),), hangs=True, on_hanging=lambda: os.kill(os.getpid(), signal.SIGTERM))
    done = cli("counters", PID, *options)
    assert done.status == 130
    assert "158" in done.stdout
    assert (made.ended, made.is_closed) == (1, True)


def test_a_process_that_ends_before_it_tells_anything_is_a_failure(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    observer()
    done = cli("counters", PID, "--json")
    assert (done.status, done.document["error"]["code"]) == (1, "process-gone")


def test_a_refusal_keeps_its_code_and_its_next_step(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver]
) -> None:
    observer(error=Refused("process 14220 is stopped and cannot answer", hint="kill -CONT 14220", code="stopped"))
    done = cli("counters", PID, "--json")
    assert (done.status, done.document["error"]["code"]) == (3, "stopped")
    assert "kill -CONT 14220" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status"), [(("999999999",), 4), (("x",), 2), ((PID, "--seconds", "0"), 2), ((), 2)]
)
def test_what_makes_no_sense_is_a_sentence(
    cli: Callable[..., Completed], observer: Callable[..., LiveObserver], arguments: tuple[str, ...], status: int
) -> None:
    observer()
    done = cli("counters", *arguments)
    assert done.status == status
    assert "Traceback" not in done.stderr
