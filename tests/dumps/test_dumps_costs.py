"""The backend and the medium of a step, by what the target's control group and the host have left."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from dump_doubles import ScriptedBackend, facts_of, info, sample_of

from octotui.dumps.backends.base import Availability
from octotui.dumps.estimating.history import Entry, History, device_name
from octotui.dumps.estimating.media import ROOM_FACTOR
from octotui.dumps.estimating.surroundings import HostMemory, Surroundings
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, Medium, Order, Severity
from octotui.dumps.plans.planning import plan
from octotui.dumps.rights import Rights
from octotui.processes.model import ProcessKey

KEYS = tuple(ProcessKey(pid, pid) for pid in (4_000_130, 4_000_140))
SIZE = 56_000_000
ROOMY = HostMemory(10**12, 10**12, 0, 0.0)


class Host(Surroundings):
    """A host with as much memory and room in control groups as a test says."""

    room: int | None = None
    memory_left = ROOMY

    def host_memory(self, device: int) -> HostMemory:
        return type(self).memory_left

    def room_in_cgroup(self, pid: int) -> int | None:
        return type(self).room if pid != os.getpid() else None


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> type[Host]:
    monkeypatch.setattr(Host, "room", None)
    monkeypatch.setattr(Host, "memory_left", ROOMY)
    return Host


def planned(
    tmp_path: Path,
    *,
    keys: Sequence[ProcessKey] = KEYS[:1],
    backend: str = "auto",
    medium: Medium | None = None,
    order: Order = Order.ONE_BY_ONE,
    direct: Availability | None = None,
    history: History | None = None,
) -> DumpPlan:
    ipc, createdump = ScriptedBackend("ipc"), ScriptedBackend("createdump")
    createdump.available = direct or createdump.available
    request = DumpRequest(tuple(keys), frozenset(keys), backend=backend, medium=medium, order=order)
    return plan(
        request,
        sample_of(*(info(key) for key in keys)),
        backends=(ipc, createdump),
        store=Store(tmp_path / "dumps"),
        history=history or History(),
        inspect=facts_of,
        rights=Rights(os.geteuid(), os.getegid()),
        surroundings=Host(),
    )


def slow_history(tmp_path: Path) -> History:
    history = History()
    history.add(Entry("ipc", "heap", SIZE, 9.0, 9.0, "disk", device_name(os.stat(tmp_path).st_dev), SIZE, "8"))
    return history


def test_tight_memory_limit_is_worked_around(tmp_path: Path, host: type[Host]) -> None:
    host.room = SIZE - 1
    made = planned(tmp_path)
    (step,) = made.steps
    assert step.backend == "createdump"
    assert "its memory limit leaves 56 MB" in step.reason
    assert [(passed.backend, "memory limit" in passed.reason) for passed in step.passed_over] == [("ipc", True)]
    host.room = SIZE
    assert planned(tmp_path).steps[0].backend == "ipc"


def test_tight_memory_limit_without_another_way_is_a_warning(tmp_path: Path, host: type[Host]) -> None:
    host.room = SIZE - 1
    made = planned(tmp_path, direct=Availability(False, "there is no createdump"))
    assert made.steps[0].backend == "ipc"
    (warning,) = [remark for remark in made.of(Severity.WARNING) if remark.code == "memory-limit"]
    assert "counts against it" in warning.message
    assert "--type mini" in warning.hint
    by_name = planned(tmp_path, backend="ipc")
    (warning,) = [remark for remark in by_name.of(Severity.WARNING) if remark.code == "memory-limit"]
    assert "--backend createdump" in warning.hint


def test_slow_disk_of_the_destination_sends_the_dump_to_memory(tmp_path: Path, host: type[Host]) -> None:
    (step,) = planned(tmp_path, history=slow_history(tmp_path)).steps
    assert step.medium is Medium.MEMORY
    assert "this disk took" in step.medium_reason
    assert step.estimate.pause_seconds < 3
    (step,) = planned(tmp_path).steps
    assert (step.medium, step.medium_reason) == (Medium.DISK, "nothing is known of this disk yet")


def test_dumps_taken_together_share_the_memory_and_those_one_by_one_do_not(tmp_path: Path, host: type[Host]) -> None:
    history = slow_history(tmp_path)
    host.memory_left = replace(ROOMY, shared_bytes=int(SIZE * (ROOM_FACTOR + 0.5)))
    one_by_one = planned(tmp_path, keys=KEYS, history=history)
    assert [step.medium for step in one_by_one.steps] == [Medium.MEMORY, Medium.MEMORY]
    together = planned(tmp_path, keys=KEYS, history=history, order=Order.TOGETHER)
    assert [step.medium for step in together.steps] == [Medium.MEMORY, Medium.DISK]


def test_memory_asked_for_without_room_refuses_that_step(tmp_path: Path, host: type[Host]) -> None:
    host.memory_left = replace(ROOMY, available_bytes=SIZE)
    made = planned(tmp_path, medium=Medium.MEMORY)
    assert made.is_refused
    (refusal,) = made.of(Severity.REFUSAL)
    assert (refusal.code, refusal.key) == ("no-memory", KEYS[0])
    assert "56 MB of memory available and 112 MB are asked for, twice the dump" in refusal.message
