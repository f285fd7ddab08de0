"""Analyses of real trees: all looked at in each round, none kept waiting by another, none told more than names."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from pathlib import Path

from dotnet_targets import DotnetTarget, StartTarget

from octotui.analysis.document import as_document
from octotui.analysis.files import write
from octotui.analysis.taking import take
from octotui.analysis.text import as_text
from octotui.config import Settings
from octotui.dotnet.observer import Observer
from octotui.host import Host
from octotui.processes.model import ProcessKey, Sample

ENDING = 30


def a_sample() -> Sample:
    return Host.open(Settings()).read_sample()


async def test_one_that_is_stopped_has_its_reason_and_the_others_their_stacks(start_target: StartTarget) -> None:
    well, stopped = start_target(heartbeat=False, threads=2), start_target(heartbeat=False)
    observer = Observer()
    os.kill(stopped.pid, signal.SIGSTOP)
    try:
        found = await take(observer, a_sample(), (stopped.key, well.key))
    finally:
        os.kill(stopped.pid, signal.SIGCONT)
        await observer.aclose()
    first, second = found.processes
    assert first.looks == ()
    assert first.failure is not None
    assert (first.failure.code, first.failure.hint) == ("stopped", f"kill -CONT {stopped.pid}")
    assert len(second.looks) == 1
    text = as_text(found)
    assert f"kill -CONT {stopped.pid}" in text
    assert "Standin.Main" in text


async def test_all_of_a_round_are_looked_at_before_the_next_round_begins(start_target: StartTarget) -> None:
    targets = [start_target(heartbeat=False) for _ in range(2)]
    observer = Observer()
    try:
        found = await take(
            observer, a_sample(), [target.key for target in targets], samples=2, every_seconds=0.5, with_counters=True
        )
    finally:
        await observer.aclose()
    rounds = [[process.looks[number].taken_at for process in found.processes] for number in range(2)]
    assert max(rounds[0]) < min(rounds[1])
    for process in found.processes:
        assert process.counters is not None
        assert process.counters.values["gc-heap-size"] > 0
    assert "no thread moved" in as_text(found) or "stood still in both looks" in as_text(found)
    for document in as_document(found)["processes"]:
        assert {one["course"] for one in document["courses"]} >= {"stood still"}


async def test_one_that_ends_between_looks_keeps_what_it_told(start_target: StartTarget) -> None:
    target = start_target(heartbeat=False)
    observer, sample, steps = Observer(), a_sample(), []

    def stepped(words: str) -> None:
        steps.append(words)
        if len(steps) == 2:
            target.stop()

    try:
        async with asyncio.timeout(ENDING):
            found = await take(observer, sample, (target.key,), samples=3, every_seconds=0.1, on_step=stepped)
    finally:
        await observer.aclose()
    (process,) = found.processes
    assert steps == ["look 1 of 3", "look 2 of 3"]
    assert len(process.looks) == 1
    assert process.failure is not None
    assert "No further stacks" in as_text(found)


async def test_the_files_are_their_owners_alone_and_never_written_over(target: DotnetTarget, tmp_path: Path) -> None:
    observer, place = Observer(), tmp_path / "kept"
    try:
        found = await take(observer, a_sample(), (target.key,))
    finally:
        await observer.aclose()
    first, second = write(found, place), write(found, place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert len({first.text, first.document, second.text, second.document}) == 4
    for path in (first.text, first.document, second.text, second.document):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.text.read_text() == second.text.read_text()
    document = json.loads(first.document.read_text())
    assert next(iter(document)) == "schema"
    assert str(target.pid) in first.text.name


async def test_a_reason_names_no_directory_of_the_environment(start_target: StartTarget) -> None:
    target = start_target(heartbeat=False)
    (socket,) = target.tmpdir.glob("dotnet-diagnostic-*")
    hidden = socket.rename(socket.with_name("elsewhere"))
    observer = Observer()
    try:
        found = await take(observer, a_sample(), (target.key, ProcessKey(1, 1)))
    finally:
        await observer.aclose()
        hidden.rename(socket)
    (process,) = found.processes
    assert process.failure is not None
    assert (process.failure.code, process.failure.hint) == ("no-socket", f"octotui doctor {target.pid} says why")
    assert str(target.tmpdir) not in as_text(found) + json.dumps(as_document(found))
