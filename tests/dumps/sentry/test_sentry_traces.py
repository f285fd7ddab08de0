"""Tracers: one is warm, gets the process in the instant of its exec, and is got rid of when it is stuck."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sentry_world import Children, Listening, key_of, kill, listening, ours, program, state_of, until

STAND_IN = ("-I", str(Path(__file__).with_name("sentry_tracer.py")))


@pytest.fixture
async def tracing(events: None, home: Path) -> AsyncIterator[Listening]:
    async with listening(command=STAND_IN) as ears:
        yield ears


def at_exit(home: Path, kind: str, **fields: Any) -> dict[str, Any]:
    trace = {"directory": str(home / kind), "most_bytes": 5, "most_seconds": 0.1, "least_free_bytes": 7}
    return {"whom": {"role": "calamari", "under": ours()}, "at_exit": True, "trace": trace, **fields}


async def test_a_calamari_is_handed_to_a_tracer_and_what_that_says_goes_to_octotui(
    tracing: Listening, made: Children, home: Path
) -> None:
    await tracing.arm(**at_exit(home, "waits", any_status=True))
    pid = made.start(program(home), "run").pid
    key = key_of(pid)
    told = await tracing.until("tracing", pid=pid, id=1, started=key.started)
    assert told["order"] == {
        "do": "trace", "pid": pid, "started": key.started, "path": f"{home}/waits/dump-{pid}-{key.started}",
        "keep": "any", "most_bytes": 5, "most_seconds": 0.1, "least_free_bytes": 7,
    }  # fmt: skip
    second = made.start(program(home), "run").pid
    await tracing.until("tracing", pid=second)
    tracing.sentry.send({"do": "cancel", **key._asdict()})
    await tracing.until("passed", pid=pid, id=1, why="cancelled")
    tracing.sentry.send({"do": "disarm", "id": 1})
    await tracing.until("passed", pid=second)


async def test_a_process_that_runs_already_is_traced_when_asked(tracing: Listening, made: Children, home: Path) -> None:
    pid = made.start(program(home), "run").pid
    order = {"do": "trace", "id": 4, **key_of(pid)._asdict(), "trace": {"directory": str(home)}}
    tracing.sentry.send(order)
    assert (await tracing.until("tracing", pid=pid, id=4))["order"]["keep"] == "failed"
    tracing.sentry.send({**order, "started": 1})
    assert (await tracing.until("refused", pid=pid))["code"] == "process-gone"


async def test_a_tracer_that_dies_or_holds_for_too_long_is_told_as_failed(
    tracing: Listening, made: Children, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tracing.arm(1, **at_exit(home, "dies"))
    pid = made.start(program(home), "run").pid
    assert (await tracing.until("failed", pid=pid, id=1))["status"] is None
    tracing.sentry.send({"do": "disarm", "id": 1})
    await tracing.arm(2, **at_exit(home, "hangs"))
    pid = made.start(program(home), "run").pid
    await tracing.until("exiting", pid=pid, status=3)
    await tracing.until("failed", pid=pid, id=2)


async def test_more_processes_than_can_be_traced_at_once_are_left_and_said_to_be(
    made: Children, home: Path, events: None
) -> None:
    few = (
        "import runpy, sys; from octotui.dumps.sentry import traces; traces.MOST_TRACERS = 1;"
        f" sys.argv = ['']; runpy.run_path({str(Path(__file__).with_name('sentry_tracer.py'))!r})"
    )
    async with listening(command=("-I", "-c", few)) as ears:
        await ears.arm(**at_exit(home, "waits"))
        first = made.start(program(home), "run").pid
        await ears.until("tracing", pid=first)
        second = made.start(program(home), "run").pid
        refused = await ears.until("refused", pid=second, id=1)
        assert refused["code"] == "enough-traced"
        assert "1 process is traced already" in refused["message"]


async def test_a_tracer_cannot_speak_for_other_processes_or_for_the_sentry(
    tracing: Listening, made: Children, home: Path
) -> None:
    await tracing.arm(**at_exit(home, "lies"))
    pid = made.start(program(home), "run").pid
    passed = await tracing.until("passed", pid=pid)
    assert passed["id"] == 1
    assert tracing.of("armed", id=7) == []


async def test_no_tracer_outlives_its_sentry(tracing: Listening, made: Children, home: Path) -> None:
    await tracing.arm(**at_exit(home, "hangs"), hold=True)
    pid = made.start(program(home), "run").pid
    await tracing.until("exiting", pid=pid)
    sentry = tracing.sentry.pid
    await until(lambda: len(_children(sentry)) == 5, "a keeper, a tracer at work and three spare ones")
    helpers = _children(sentry)
    await tracing.stop()
    assert [state_of(helper) for helper in helpers] == [""] * 5
    assert state_of(pid) != "T"


async def test_a_process_whose_tracer_was_stopped_ends_all_the_same_once_the_sentry_is_killed(
    ears: Listening, made: Children, home: Path
) -> None:
    dumps = home / "dumps"
    dumps.mkdir(mode=0o700)
    await ears.arm(whom={"role": "calamari", "under": ours()}, at_exit=True, trace={"directory": str(dumps)})
    child = made.start(program(home), "live", "400000")
    await ears.until("tracing", pid=child.pid)
    await until(lambda: all(map(_is_named, _children(ears.sentry.pid))), "each helper has begun")
    helpers = [key_of(helper) for helper in _children(ears.sentry.pid)]
    try:
        for helper in helpers:
            os.kill(helper.pid, signal.SIGSTOP)
        kill(ears.sentry.pid)
        assert await asyncio.wait_for(asyncio.to_thread(child.wait), 30) == 0
        await until(lambda: all(state_of(helper.pid) in ("", "Z") for helper in helpers), "no helper is left")
    finally:
        child.kill()
        for helper in helpers:
            if state_of(helper.pid) not in ("", "Z") and key_of(helper.pid) == helper:
                kill(helper.pid)


async def test_a_rule_for_ends_is_refused_where_no_tracer_can_be_started(events: None, home: Path) -> None:
    missing = (
        "import sys; from octotui.dumps.sentry.__main__ import main; sys.exit(main(lambda: __import__('nowhere')))"
    )
    async with listening(command=("-I", "-c", missing)) as ears:
        ears.sentry.send({"do": "arm", "id": 1, **at_exit(home, "waits")})
        refused = await ears.until("refused", id=1)
        assert refused["code"] == "no-tracer"
        assert "nowhere" in refused["message"]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_named(helper: int) -> bool:
    """A helper that has its own name has done what comes before it: it wakes when the sentry ends."""
    return Path(f"/proc/{helper}/comm").read_text().startswith(("octotui-tracer", "hold-keeper"))
