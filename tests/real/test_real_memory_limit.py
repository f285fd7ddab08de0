"""A target whose control group limits its memory: what its runtime writes counts there, and octotui works around it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from dotnet_targets import DotnetTarget, StartTarget, needs_root
from real_captures import Bench, check_finished, sample_of

from octotui.dumps.model import DumpPlan, DumpRequest, Medium, Severity

CONTROLLER = Path("/sys/fs/cgroup/memory")
LIMIT_BYTES = 256 << 20
BALLAST_MB = 150

pytestmark = [
    needs_root,
    pytest.mark.skipif(
        not (CONTROLLER / "memory.limit_in_bytes").exists(), reason="the memory controller of cgroup v1 is not here"
    ),
]


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of 256 MB. It goes when the last process in it has ended."""
    made = CONTROLLER / f"octotui-test-{os.getpid()}-{time.monotonic_ns()}"
    made.mkdir()
    try:
        (made / "memory.limit_in_bytes").write_text(str(LIMIT_BYTES))
        yield made
    finally:
        for pid in (made / "cgroup.procs").read_text().split():
            with suppress(OSError):
                (CONTROLLER / "cgroup.procs").write_text(pid)
        for _ in range(100):
            with suppress(OSError):
                made.rmdir()
                break
            time.sleep(0.05)


def confined(group: Path, start_target: StartTarget) -> DotnetTarget:
    """A real .NET process with 150 MB of heap in a group that leaves less than that."""
    enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    target = start_target(ballast_mb=BALLAST_MB, prefix=("sh", "-c", enter, "sh"))
    assert str(target.pid) in (group / "cgroup.procs").read_text().split()
    return target


async def planned(bench: Bench, target: DotnetTarget, backend: str = "auto", medium: Medium | None = None) -> DumpPlan:
    request = DumpRequest((target.key,), frozenset({target.key}), backend=backend, medium=medium)
    return await bench.service.plan(request, sample_of(target))


async def test_runtime_in_a_tight_group_is_not_asked_to_write_its_dump(
    bench: Bench, start_target: StartTarget, group: Path
) -> None:
    target = confined(group, start_target)
    plan = await planned(bench, target)
    (step,) = plan.steps
    assert step.backend == "createdump"
    assert "its memory limit leaves" in step.reason
    assert ["its memory limit leaves" in passed.reason for passed in step.passed_over] == [True]
    assert "memory-limit" not in {remark.code for remark in plan.remarks}
    failures = (group / "memory.failcnt").read_text()
    (result,) = await bench.service.wait(bench.service.submit(plan))
    check_finished(result, target)
    assert (group / "memory.failcnt").read_text() == failures, "its group never came to its limit"


async def test_socket_by_name_in_a_tight_group_is_warned_about_and_works(
    bench: Bench, start_target: StartTarget, group: Path
) -> None:
    target = confined(group, start_target)
    plan = await planned(bench, target, "ipc")
    (warning,) = [remark for remark in plan.of(Severity.WARNING) if remark.code == "memory-limit"]
    assert "what its runtime writes counts against it, about 2" in warning.message
    assert "--backend createdump" in warning.hint
    (result,) = await bench.service.wait(bench.service.submit(plan))
    check_finished(result, target)


async def test_memory_is_refused_over_the_socket_of_a_tight_group_and_had_without_it(
    bench: Bench, start_target: StartTarget, group: Path
) -> None:
    target = confined(group, start_target)
    plan = await planned(bench, target, "ipc", Medium.MEMORY)
    assert plan.is_refused
    (refusal,) = plan.of(Severity.REFUSAL)
    assert "the memory limit of the target, whose runtime writes it, leaves" in refusal.message
    plan = await planned(bench, target, "auto", Medium.MEMORY)
    assert (plan.steps[0].backend, plan.steps[0].medium) == ("createdump", Medium.MEMORY)
    (result,) = await bench.service.wait(bench.service.submit(plan))
    check_finished(result, target)


async def test_roomy_group_changes_nothing(bench: Bench, start_target: StartTarget, group: Path) -> None:
    (group / "memory.limit_in_bytes").write_text(str(4 << 30))
    target = confined(group, start_target)
    plan = await planned(bench, target)
    assert plan.steps[0].backend == "ipc"
    assert plan.steps[0].medium is Medium.DISK
