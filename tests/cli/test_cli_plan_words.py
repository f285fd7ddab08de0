"""The words of a plan: each process is named once, each next step is one that can be taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from octotui.cli import progress
from octotui.cli.plan_text import plan_lines
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps.backends.ipc import IpcBackend
from octotui.dumps.keeping.limits import Fullness
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Estimate, Remark, Severity, Step, Target
from octotui.dumps.plans.room import Room
from octotui.dumps.results import Job, JobState
from octotui.dumps.rights import Rights
from octotui.processes.model import ProcessKey

KEY = ProcessKey(9714, 1)
FACTS = RuntimeFacts(KEY, RuntimeKind.CORECLR, "8.0.4", socket=DiagnosticsSocket("/tmp/socket", 9714, 0), state="T")
STEP = Step(
    target=Target(KEY, "dotnet", label="Calamari"),
    backend="gcore",
    reason="",
    type=DumpType.HEAP,
    estimate=Estimate(10**9, 1.0),
    facts=FACTS,
)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("the dump of Calamari 9714 is not portable", "Note: the dump of Calamari 9714 is not portable"),
        ("Calamari 97140 is another", "Note: Calamari 9714: Calamari 97140 is another"),
        ("it is stopped", "Note: Calamari 9714: it is stopped"),
    ],
)
def test_process_is_named_once(message: str, line: str) -> None:
    remark = Remark(Severity.NOTICE, "said", message, key=KEY)
    assert line in plan_lines(DumpPlan(DumpRequest((KEY,)), (STEP,), (), (remark,), Path("/dumps"), 0))


def test_refusal_for_room_in_an_empty_store_names_ways_that_are_there() -> None:
    full = Fullness(used_bytes=0, quota_bytes=0, free_bytes=4 * 10**9, keep_free_bytes=3 * 10**9)
    (remark,) = Room("/dumps", full, lambda: ()).refusals([STEP])
    assert "free some space" not in remark.hint
    assert "--type mini" in remark.hint and "--keep-free" in remark.hint and "--output" in remark.hint
    (small,) = Room("/dumps", full, lambda: ()).refusals([replace(STEP, type=DumpType.MINI)])
    assert "--type mini" not in small.hint


def test_stopped_process_asked_of_its_socket_has_another_way() -> None:
    found = IpcBackend(Rights(0, 0)).probe(FACTS, DumpType.HEAP)
    assert (found.ok, found.hint) == (False, "leave --backend out")


def test_bar_says_what_happens_before_the_first_byte() -> None:
    assert progress._state(Job(1, STEP, JobState.RUNNING)).startswith("looking at its memory, ~1.0 GB")
    assert progress._state(Job(1, STEP, JobState.RUNNING, bytes_written=5 * 10**6)).startswith("5.0 MB of ~1.0 GB")


def test_bar_says_what_a_capture_waits_for() -> None:
    words = "waits for stacks of process 9714 to end"
    assert progress._state(Job(1, STEP, waits_for=words)) == words
    assert progress._state(Job(1, STEP)) == "queued"


async def test_lines_say_once_what_a_capture_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    words = "waits for stacks of process 9714 to end"
    queued = Job(1, STEP)

    async def changes() -> AsyncIterator[Job]:
        for job in (queued, replace(queued, waits_for=words), replace(queued, state=JobState.RUNNING)):
            yield job

    await progress._lines(changes(), 1)
    printed = capsys.readouterr().out.splitlines()
    assert [words in line for line in printed] == [True, False]
