"""A capture on the command line from plan to exit code, with a service that plays a script."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from typing import Any

import pytest
from scripted_service import (
    CALAMARI,
    KEY,
    SHELL,
    ScriptedHost,
    ScriptedService,
    failed,
    finished,
    plan_of,
    refusal,
    step,
)

from octotui.cli import capture, output, plan_text
from octotui.dumps.model import DumpRequest, LeftOut, Remark, Severity
from octotui.dumps.results import JobState
from octotui.processes.model import Sample

REQUEST = DumpRequest((KEY,), explicit=frozenset({KEY}))
SAMPLE: Any = None


async def run(service: ScriptedService, *, dry_run: bool = False, ask: bool = False, as_json: bool = False) -> int:
    host: Any = ScriptedHost(service)
    sample: Sample = SAMPLE
    return await capture.run(host, REQUEST, sample, dry_run=dry_run, ask=ask, as_json=as_json)


async def test_a_capture_shows_plan_progress_and_result(capsys: pytest.CaptureFixture[str]) -> None:
    left = LeftOut(SHELL, "it is not .NET")
    warning = Remark(Severity.WARNING, "pause", "it may lose its connection", "capture later", KEY)
    service = ScriptedService(plan_of(step(), left_out=(left,), remarks=(warning,)))
    assert await run(service) == 0
    written = capsys.readouterr().out
    assert "Calamari 14220" in written
    assert "Left out: script 14233: it is not .NET" in written
    assert "How: ipc: " in written
    assert "Warning: Calamari 14220: it may lose its connection\n  next step: capture later" in written
    assert "1 of 1: Calamari 14220: heap by ipc" in written
    assert "157 MB in 6.3 s, paused 6.1 s, verified\n  /var/lib/octotui/dumps/Calamari-14220-" in written
    assert service.is_closed


async def test_json_is_one_document_with_a_result_for_each_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(ScriptedService(plan_of(step(), step(SHELL))), as_json=True) == 0
    written = capsys.readouterr()
    document = json.loads(written.out)
    assert list(document) == ["schema", "results"]
    assert [result["pid"] for result in document["results"]] == [14220, 14233]
    assert set(document["results"][0]) == {
        "pid", "started", "name", "role", "task", "outcome", "backend", "type", "path", "bytes", "seconds",
        "pause_seconds", "estimate", "verified", "sha256", "medium", "portable", "error",
    }  # fmt: skip
    assert written.err == ""


async def test_a_dry_run_submits_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    service = ScriptedService(plan_of(step()))
    assert await run(service, dry_run=True, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["plan"]["steps"][0]["estimate"] == {"bytes": 157_000_000, "pause_seconds": 6.1}
    assert service.submitted == []


async def test_a_refused_plan_touches_nothing_and_exits_3(capsys: pytest.CaptureFixture[str]) -> None:
    service = ScriptedService(plan_of(step(), remarks=(refusal(),)))
    assert await run(service) == 3
    written = capsys.readouterr().out
    assert "Refused: there is no room for it" in written
    assert "octotui dump --output DIR" in written
    assert service.submitted == []


async def test_a_destination_that_cannot_be_asked_has_no_room_to_tell_of(capsys: pytest.CaptureFixture[str]) -> None:
    plan = replace(plan_of(step(), remarks=(refusal(),))(REQUEST), free_bytes=0)
    assert await run(ScriptedService(lambda _: plan)) == 3
    written = capsys.readouterr().out
    assert "Destination /var/lib/octotui/dumps.\n" in written and "0 bytes" not in written


async def test_a_refused_dry_run_exits_3_too() -> None:
    assert await run(ScriptedService(plan_of(step(), remarks=(refusal(),))), dry_run=True) == 3


async def test_refusals_are_results_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    left = LeftOut(CALAMARI, "refused")
    service = ScriptedService(plan_of(left_out=(left,), remarks=(refusal(KEY), refusal())))
    assert await run(service, as_json=True) == 3
    document = json.loads(capsys.readouterr().out)
    assert [(r["pid"], r["name"], r["outcome"]) for r in document["results"]] == [(14220, "Calamari", "refused")]
    assert document["results"][0]["error"]["code"] == document["error"]["code"] == "no-space"


async def test_a_step_that_is_refused_beside_one_that_is_done_exits_3(capsys: pytest.CaptureFixture[str]) -> None:
    service = ScriptedService(plan_of(step(), left_out=(LeftOut(SHELL, "no room"),), remarks=(refusal(SHELL.key),)))
    assert await run(service, as_json=True) == 3
    outcomes = [result["outcome"] for result in json.loads(capsys.readouterr().out)["results"]]
    assert outcomes == ["refused", "finished"]


async def test_a_failed_capture_says_the_tools_words_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(ScriptedService(plan_of(step()), failed)) == 1
    written = capsys.readouterr().out
    assert "failed: createdump: Permission denied (13)\n  next step: octotui doctor 14220" in written


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_cancels_in_order_and_exits_130(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    service = ScriptedService(
        plan_of(step(), step(SHELL)), until_cancelled=True, on_running=lambda: os.kill(os.getpid(), number)
    )
    assert await run(service, as_json=True) == 130
    assert service.cancelled == [1, 2]
    assert {r["outcome"] for r in json.loads(capsys.readouterr().out)["results"]} == {"cancelled"}
    assert service.is_closed
    assert signal.getsignal(number) in (before, signal.SIG_DFL, signal.default_int_handler)


@pytest.mark.parametrize(("answer", "status", "captures"), [("y", 0, 1), ("n", 130, 0), ("", 130, 0)])
async def test_the_question_decides(answer: str, status: int, captures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: answer)
    service = ScriptedService(plan_of(step()))
    assert await run(service, ask=True) == status
    assert len(service.submitted) == captures


async def test_bars_are_drawn_on_a_terminal_and_show_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "shows_progress", lambda: True)
    service = ScriptedService(plan_of(step(replace(CALAMARI, label="[red]x[/]"))))
    assert await run(service) == 0
    assert "[red]x[/] 14220" in capsys.readouterr().out


async def test_a_reader_that_goes_away_does_not_stop_the_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(text: str = "") -> None:
        if "by ipc" in text:
            raise BrokenPipeError

    monkeypatch.setattr(output, "line", gone)
    assert await run(ScriptedService(plan_of(step()))) == 0


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((JobState.FINISHED,), 0),
        ((JobState.FINISHED, JobState.FAILED), 1),
        ((JobState.LOST,), 1),
        ((JobState.REFUSED, JobState.FINISHED), 3),
        ((JobState.REFUSED, JobState.FAILED), 1),
    ],
)
def test_the_exit_code_follows_from_the_outcomes(outcomes: tuple[JobState, ...], status: int) -> None:
    from octotui.dumps.results import Job

    results = [replace(finished(Job(1, step())), outcome=outcome) for outcome in outcomes]
    assert plan_text.exit_status(results) == status
    assert plan_text.exit_status(results, interrupted=True) == 130
