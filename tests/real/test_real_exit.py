"""Calamaris that end while octotui waits for it: captured whole, and their server sees the status that is theirs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from exit_runs import KINDS, run_one, started_program
from exit_sentry import Traced

from octotui.dumps.exits.taskfiles import slurp

SOON = 10


@pytest.mark.parametrize("life_ms", [0, 50, 500])
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_calamari_is_captured_at_its_end_however_it_comes(tmp_path: Path, kind: str, life_ms: int) -> None:
    run = run_one(tmp_path, kind, life_ms)
    assert (run.is_written, run.is_verified, run.has_heap, run.is_status_unchanged) == (True,) * 4, run


def test_a_calamari_that_returned_has_left_managed_code_and_one_that_threw_has_not(tmp_path: Path) -> None:
    for kind, has_left in (("exit 0", True), ("exit 3", False), ("exception", False), ("SIGKILL", False)):
        path = tmp_path / kind
        with (
            started_program(tmp_path, kind, 50, threads=3) as program,
            Traced(program.pid, program.started, path) as traced,
        ):
            program.wait_until_ready()
            if kind == "SIGKILL":
                time.sleep(0.05)
                program.process.kill()
            assert traced.until("written")["left_managed"] == ([program.pid] if has_left else []), kind


def test_a_deployment_that_succeeds_waits_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "core"
    with (
        started_program(tmp_path, "exit 0", 50) as program,
        Traced(program.pid, program.started, path, keep="failed") as traced,
    ):
        assert traced.outcome()["news"] == "passed"
        assert program.process.wait(SOON) == 0
    assert not path.exists()


@pytest.mark.parametrize("is_writing", [False, True])
def test_a_calamari_survives_the_end_of_its_tracer(tmp_path: Path, is_writing: bool) -> None:
    path = tmp_path / "core"
    with (
        started_program(tmp_path, "exit 3", 300, ballast_mb=200 if is_writing else 0) as program,
        Traced(program.pid, program.started, path) as traced,
    ):
        traced.until("exiting" if is_writing else "tracing")
        program.wait_until_ready()
        traced.kill()
        traced.close()
        assert b"TracerPid:\t0" in slurp(f"/proc/{program.pid}/status") or program.process.poll() is not None
        assert program.process.wait(SOON) == 3
