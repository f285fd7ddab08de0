"""Which processes are looked at for a runtime, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from octotui.dotnet.probe import PROBES_PER_SCAN, DotnetProbe
from octotui.processes.model import ProcessInfo, ProcessKey, Snapshot


def program(
    pid: int, *, threads: int = 9, started: float = 10.0, name: str = "dotnet", state: str = "S"
) -> ProcessInfo:
    return ProcessInfo(ProcessKey(pid, pid), 1, name, threads=threads, started_seconds=started, state=state)


def snapshot(*processes: ProcessInfo, uptime: float = 1000.0) -> Snapshot:
    taken_at = datetime(2024, 5, 1, tzinfo=UTC)
    return Snapshot("web-07", taken_at, uptime, uptime, {found.key: found for found in processes})


class Looks:
    """Says of every pid what it was told to, and remembers the questions."""

    def __init__(self, answer: bool | None = True) -> None:
        self.answer = answer
        self.pids: list[int] = []

    def __call__(self, pid: int) -> bool | None:
        self.pids.append(pid)
        return self.answer


def ask(probe: DotnetProbe, *processes: ProcessInfo, uptime: float = 1000.0) -> list[bool | None]:
    probe.begin(snapshot(*processes, uptime=uptime))
    return [probe(process) for process in processes]


def test_a_dotnet_process_is_looked_at_once() -> None:
    looks = Looks()
    probe = DotnetProbe(looks)
    assert [ask(probe, program(80)) for _ in range(3)] == [[True]] * 3
    assert looks.pids == [80]


def test_a_young_process_is_looked_at_until_its_runtime_is_there() -> None:
    looks = Looks(False)
    probe = DotnetProbe(looks)
    assert ask(probe, program(80, started=999.0)) == [False]
    looks.answer = True
    assert ask(probe, program(80, started=999.0), uptime=1001.0) == [True]


def test_a_process_with_a_thread_or_two_has_no_runtime_and_its_memory_map_is_not_read() -> None:
    looks = Looks()
    probe = DotnetProbe(looks)
    assert ask(probe, program(80, threads=1), program(81, threads=2), program(82, threads=3)) == [False, False, True]
    assert looks.pids == [82]


def test_a_process_that_got_its_threads_later_is_looked_at_then() -> None:
    looks = Looks()
    probe = DotnetProbe(looks)
    young = program(80, threads=1, started=999.9)
    assert ask(probe, young) == [False]
    assert ask(probe, replace(young, threads=12), uptime=1002.0) == [True]


def test_an_exec_is_a_new_question() -> None:
    looks = Looks(False)
    probe = DotnetProbe(looks)
    ask(probe, program(80, name="bash"))
    looks.answer = True
    assert ask(probe, program(80, name="Calamari")) == [True]


@pytest.mark.parametrize("state", ["Z", "X"])
def test_an_ended_process_is_not_looked_at(state: str) -> None:
    looks = Looks()
    assert ask(DotnetProbe(looks), program(80, state=state)) == [False]
    assert looks.pids == []


def test_a_host_with_thousands_of_processes_is_looked_at_bit_by_bit() -> None:
    looks = Looks()
    probe = DotnetProbe(looks)
    crowd = [program(pid) for pid in range(1, PROBES_PER_SCAN + 51)]
    assert ask(probe, *crowd).count(None) == 50
    assert ask(probe, *crowd).count(None) == 0
