"""Heap types of real .NET 8.0 and 3.1 processes whose objects are known."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from dotnet_targets import needs_root
from heap_shelf import shelf
from sessions_left import no_more_than, sockets_of

from octotui.dotnet.observer import Observer
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.errors import Refused

CONTROLLER = Path("/sys/fs/cgroup/memory")


@pytest.fixture
async def observer() -> AsyncIterator[Observer]:
    made = Observer(headroom=Surroundings().room_in_cgroup)
    yield made
    await made.aclose()


async def test_known_objects_are_counted_exactly(observer: Observer, each_runtime: str) -> None:
    with shelf(each_runtime, books=20_000, boxes=300) as key:
        before = sockets_of(key.pid)
        plan = await observer.heap_plan(key)
        progress: list[int] = []
        found = await observer.heap(plan, progress.append)
        await no_more_than(before, key.pid)
    uses = {use.type: (use.objects, use.bytes) for use in found.types}
    assert uses["Shop.Book"] == (20_000, 480_000)
    assert uses["Shop.Box<Dictionary<string, int>>"] == (300, 7_200)
    assert uses["Label"] == (300, 7_200)
    assert (found.is_whole, found.lost_events) == (True, 0)
    assert found.bytes == pytest.approx(plan.heap_bytes, abs=2_000_000)
    assert 0 < found.stop_seconds < 2
    assert progress == sorted(progress)
    assert progress[-1] == found.stream_bytes


async def test_a_cancelled_count_leaves_no_session(observer: Observer, each_runtime: str) -> None:
    with shelf(each_runtime, books=800_000, boxes=1) as key:
        before = sockets_of(key.pid)
        plan = await observer.heap_plan(key)
        began = asyncio.Event()
        counting = asyncio.ensure_future(observer.heap(plan, lambda done: began.set()))
        await began.wait()
        counting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await counting
        await no_more_than(before, key.pid)
        again = await observer.heap(plan)
        assert again.objects > 800_000


async def test_a_process_that_ends_while_it_is_counted_is_no_hang(observer: Observer) -> None:
    with shelf("8.0", books=800_000, boxes=1) as key:
        plan = await observer.heap_plan(key)
        counting = asyncio.ensure_future(observer.heap(plan, lambda done: os.kill(key.pid, 9)))
        async with asyncio.timeout(30):
            (found,) = await asyncio.gather(counting, return_exceptions=True)
    assert isinstance(found, Exception) or not found.is_whole


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group. It goes when the last process in it has ended."""
    made = CONTROLLER / f"octotui-test-{os.getpid()}-{time.monotonic_ns()}"
    made.mkdir()
    try:
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


@needs_root
@pytest.mark.skipif(
    not (CONTROLLER / "memory.limit_in_bytes").exists(), reason="the memory controller of cgroup v1 is not here"
)
async def test_a_container_without_the_room_refuses_and_nothing_is_asked(observer: Observer, group: Path) -> None:
    (group / "memory.limit_in_bytes").write_text(str(256 << 20))
    enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    with shelf("8.0", books=1_000_000, boxes=1, prefix=("sh", "-c", enter, "sh")) as key:
        used = int((group / "memory.usage_in_bytes").read_text())
        assert not (await observer.heap_plan(key)).refusal
        (group / "memory.limit_in_bytes").write_text(str(used + (40 << 20)))
        plan = await observer.heap_plan(key)
        assert "its container has" in plan.refusal
        assert plan.hint.startswith(f"octotui stacks {key.pid}")
        with pytest.raises(Refused):
            await observer.heap(plan)
