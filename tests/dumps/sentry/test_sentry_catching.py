"""Who is caught in the instant of the exec, told once, and held as long as was said."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest
from sentry_world import Children, Listening, key_of, ours, program, state_of, until

from octotui.dumps.sentry.holds import Holds
from octotui.dumps.sentry.link import Link
from octotui.dumps.sentry.loop import Loop

SECONDS = 60


def calamari(**fields: object) -> dict[str, object]:
    return {"whom": {"role": "calamari", "under": ours(), **fields}}


async def test_a_calamari_that_lives_for_a_moment_is_caught_and_named(
    ears: Listening, made: Children, home: Path
) -> None:
    await ears.arm(**calamari())
    pid = made.start(program(home), "live", "20000").pid
    caught = await ears.until("caught", pid=pid)
    assert (caught["id"], caught["name"], caught["held"]) == (1, "Calamari", False)
    await ears.until("ended", pid=pid, id=1)
    made.start(program(home, "Other"), "live", "20000").wait()
    made.start(program(home), "live", "20000").wait()
    await ears.until("caught", count=2)
    assert [news["name"] for news in ears.of("caught")] == ["Calamari", "Calamari"]


async def test_octotui_is_told_of_a_hold_before_the_process_stands_still(
    ears: Listening, made: Children, home: Path
) -> None:
    await ears.arm(**calamari(), hold=True, hold_seconds=SECONDS)
    pid = made.start(program(home), "run").pid
    held = await ears.until("held", pid=pid)
    await ears.until("caught", pid=pid)
    assert held["latency_ns"] > 0
    words = [news["news"] for news in ears.heard if news.get("pid") == pid]
    assert words == ["holding", "held", "caught"]
    assert ears.sentry.holding == {key_of(pid)}
    await until(lambda: state_of(pid) == "T", "it stands still")
    ears.sentry.send({"do": "release", **key_of(pid)._asdict()})
    assert (await ears.until("released", pid=pid))["why"] == "asked"
    assert state_of(pid) != "T"
    assert ears.sentry.holding == frozenset()


async def test_a_hold_ends_with_its_time_and_with_its_rule(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(1, **calamari(), hold=True, hold_seconds=0.05)
    first = made.start(program(home), "run").pid
    assert (await ears.until("released", pid=first))["why"] == "limit"
    ears.sentry.send({"do": "disarm", "id": 1})
    await ears.arm(2, **calamari(), hold=True, hold_seconds=SECONDS)
    second = made.start(program(home), "run").pid
    await ears.until("held", pid=second, by="rule 2")
    ears.sentry.send({"do": "disarm", "id": 2})
    assert (await ears.until("released", pid=second))["why"] == "rule"
    assert state_of(first) != "T"
    assert state_of(second) != "T"


async def test_a_hold_that_a_person_took_over_outlives_its_rule(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(**calamari(), hold=True, hold_seconds=SECONDS)
    pid = made.start(program(home), "run").pid
    await ears.until("held", pid=pid)
    ears.sentry.send({"do": "hold", **key_of(pid)._asdict(), "seconds": SECONDS, "by": "you"})
    await ears.until("held", pid=pid, by="you")
    ears.sentry.send({"do": "disarm", "id": 1})
    ears.sentry.send({"do": "release", "pid": 1, "started": 0})
    await ears.arm(2, **calamari())
    await until(lambda: state_of(pid) == "T", "it stands still")
    assert ears.of("released") == []
    await ears.stop()
    assert state_of(pid) != "T"


async def test_a_rule_holds_no_more_at_a_time_than_it_captures(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(**calamari(), hold=True, hold_seconds=SECONDS, count=1)
    first = made.start(program(home), "run").pid
    await ears.until("held", pid=first)
    second = made.start(program(home), "run").pid
    assert (await ears.until("refused", pid=second))["code"] == "enough"
    assert state_of(second) != "T"


async def test_a_tentacle_is_held_only_where_the_person_said_so(ears: Listening, made: Children, home: Path) -> None:
    tentacle = program(home, "Tentacle")
    whom = {"whom": {"role": "tentacle-service", "under": ours()}}
    await ears.arm(1, **whom, hold=True, hold_seconds=SECONDS)
    first = made.start(tentacle, "run").pid
    assert (await ears.until("refused", pid=first))["code"] == "service"
    assert ears.of("caught", pid=first)[0]["held"] is False
    ears.sentry.send({"do": "hold", **key_of(first)._asdict(), "seconds": SECONDS})
    assert (await ears.until("refused", pid=first, count=2))[
        "hint"
    ] == "hold it with --yes-hold-service if that is meant"
    assert state_of(first) != "T"
    ears.sentry.send({"do": "hold", **key_of(first)._asdict(), "seconds": SECONDS, "services": True})
    await ears.until("held", pid=first)
    ears.sentry.send({"do": "disarm", "id": 1})
    await ears.arm(2, **whom, hold=True, hold_seconds=SECONDS, hold_services=True)
    await ears.until("held", pid=made.start(tentacle, "run").pid)


async def test_a_process_that_someone_else_stopped_is_left_as_it_is(
    ears: Listening, made: Children, home: Path
) -> None:
    pid = made.start(program(home), "run").pid
    os.kill(pid, signal.SIGSTOP)
    await until(lambda: state_of(pid) == "T", "it is stopped")
    ears.sentry.send({"do": "hold", **key_of(pid)._asdict(), "seconds": SECONDS})
    assert (await ears.until("refused", pid=pid))["code"] == "stopped-already"
    await ears.arm(whom={"key": key_of(pid)}, hold=True, hold_seconds=SECONDS)
    await ears.until("refused", pid=pid, id=1)
    await ears.stop()
    assert state_of(pid) == "T"
    assert ears.of("holding", "released") == []


async def test_a_shell_that_becomes_calamari_is_caught_and_one_process_only_once(
    ears: Listening, made: Children, home: Path
) -> None:
    await ears.arm(**calamari())
    shell = made.start("sh", "-c", f"sleep 0.05; exec {program(home)} again 3 2000").pid
    caught = await ears.until("caught", pid=shell)
    assert caught["name"] == "Calamari"
    last = made.start(program(home), "run").pid
    await ears.until("caught", pid=last)
    assert len(ears.of("caught", pid=shell)) == 1


async def test_one_that_execs_without_end_is_held_once_and_stays_so(
    ears: Listening, made: Children, home: Path
) -> None:
    await ears.arm(**calamari(), hold=True, hold_seconds=SECONDS)
    await ears.arm(2, **calamari())
    pid = made.start(program(home), "again", "5000", "900").pid
    await ears.until("held", pid=pid)
    await until(lambda: state_of(pid) == "T", "it stands still")
    ears.sentry.send({"do": "release", **key_of(pid)._asdict()})
    await ears.until("released", pid=pid)
    await asyncio.sleep(0.3)
    assert [len(ears.of("caught", id=number)) for number in (1, 2)] == [1, 1]
    assert len(ears.of("held")) == 1


async def test_a_process_that_runs_already_is_caught_by_its_key_alone(
    ears: Listening, made: Children, home: Path
) -> None:
    pid = made.start(program(home, "Anything"), "run").pid
    # Whoever started it hears of its exec a moment before the kernel tells of it.
    await until(lambda: state_of(pid) == "S", "it has come to rest")
    await ears.arm(1, whom={"name": "Anything", "under": ours()})
    await ears.arm(2, whom={"key": [pid, key_of(pid).started + 1]})
    assert (await ears.until("refused", pid=pid))["code"] == "process-gone"
    await ears.arm(3, whom={"key": key_of(pid)}, hold=True, hold_seconds=SECONDS)
    await ears.until("caught", id=3, pid=pid, held=True)
    assert ears.of("caught", id=1) == []


@pytest.mark.parametrize(
    "name",
    ["Cala\nmari", ") R 1 1 1", "\x1b[2J", "\udcff\udcfe", "C" * 200],
    ids=["newline", "stat", "escape", "bytes", "long"],
)
async def test_hostile_names_are_caught_and_told_in_one_piece(
    ears: Listening, made: Children, home: Path, name: str
) -> None:
    await ears.arm(whom={"filter": f'"{home}"', "under": ours()}, hold=True, hold_seconds=SECONDS)
    pid = made.start(program(home, name), "run", "x" * 100_000).pid
    caught = await ears.until("caught", pid=pid)
    await ears.until("held", pid=pid)
    assert caught["name"].isprintable()


async def test_a_process_that_a_person_held_when_its_runtime_became_ready_is_held_once(
    made: Children, home: Path
) -> None:
    key, loop = key_of(made.start(program(home), "run").pid), Loop()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, closing(Link(theirs)) as link, closing(Holds(loop, link, lambda _: None)) as holds:
        named = os.pidfd_open(key.pid)
        try:
            for owner in ("you", "rule 1"):
                assert holds.stop(key, named, "Calamari", SECONDS, owner, None, 0) == ""
            before = len(os.listdir("/proc/self/fd"))
            assert holds.release(key, "asked")
            # One descriptor named it, and no timer of the first hold is left to end what ended already.
            assert len(os.listdir("/proc/self/fd")) == before - 1
            assert [timer for _, _, timer in loop._timers if timer.call is not None] == []
        finally:
            os.close(named)
    assert state_of(key.pid) != "T"


async def test_a_hold_that_waits_for_a_runtime_ends_with_its_rule(ears: Listening, made: Children, home: Path) -> None:
    await ears.arm(**calamari())
    pid = made.start(program(home), "run").pid
    await ears.until("caught", pid=pid)
    order = {"do": "hold", **key_of(pid)._asdict(), "seconds": 0.3, "when": "ready"}
    ears.sentry.send({**order, "by": "rule 1"})
    ears.sentry.send({"do": "disarm", "id": 1})
    other = made.start(program(home), "run").pid
    ears.sentry.send({**order, **key_of(other)._asdict(), "by": "you"})
    assert (await ears.until("refused", pid=other))["code"] == "no-runtime"
    assert ears.of("refused", pid=pid) == []
