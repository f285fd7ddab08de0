"""Managed stacks of real .NET 8.0 and 3.1 processes: named, grouped, compared; and a process that cannot be stopped."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from dotnet_targets import StartTarget, needs_root
from stackful import Stackful

from octotui.demo.tree import StandInTree
from octotui.dotnet.ipc import process_info
from octotui.dotnet.runtime import inspect
from octotui.dotnet.stacks.comparing import Course, compare
from octotui.dotnet.stacks.grouping import grouped
from octotui.dotnet.stacks.hints import hints
from octotui.dotnet.stacks.looking import look
from octotui.dotnet.stacks.methods import MethodTable
from octotui.dotnet.stacks.model import MOST_FRAMES, Activity, Look, ThreadLook
from octotui.errors import DiagnosticsError
from octotui.processes.model import ProcessKey

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WAIT_ALL = 0x40000000
WAITS = "Calamari!Standin.WaitForLock"


async def looked(key: ProcessKey, table: MethodTable | None = None, **options: float) -> Look:
    return await look(inspect(key), table if table is not None else MethodTable(), **options)


async def seen(key: ProcessKey, is_so: Callable[[Look], bool]) -> Look:
    """The first look of which that is true: a thread says that it is there just before it waits."""
    table = MethodTable()
    async with asyncio.timeout(60):
        while not is_so(found := await looked(key, table)):
            pass
    return found


def stack(thread: ThreadLook) -> list[str]:
    return [str(frame) for frame in thread.frames]


def named(found: Look, name: str) -> ThreadLook:
    (thread,) = [thread for thread in found.threads if thread.name == name]
    return thread


def inside(found: Look, method: str) -> list[ThreadLook]:
    return [thread for thread in found.threads if any(method in frame.method for frame in thread.frames)]


async def test_calamari_of_the_demo_shows_holder_waiter_and_main_by_name_and_frame() -> None:
    with StandInTree(ballast_mb=16, short_every=600) as tree:
        (calamari,) = [one for one in tree.pids() if one.role == "calamari"]
        key = ProcessKey(calamari.pid, calamari.started)
        found = await seen(key, lambda found: any("waiter waits in native code or" in hint for hint in hints([found])))
    main = next(thread for thread in found.threads if thread.id == calamari.pid)
    assert main.name == "Calamari"
    assert stack(main)[-1] == "Calamari!Standin.Main"
    assert stack(named(found, "holder"))[-2:] == [
        "System.Private.CoreLib!System.Threading.Thread.Sleep", "Calamari!Standin.HoldLock",
    ]  # fmt: skip
    assert stack(named(found, "waiter")) == [WAITS]
    assert named(found, "waiter").activity is Activity.WAITING


async def test_net_core_3_1_shows_the_wait_for_the_lock_and_warns(start_target: StartTarget) -> None:
    target = start_target(runtime="3.1", lock=True, heartbeat=False)
    found = await seen(target.key, lambda found: any("waits for a lock" in hint for hint in hints([found])))
    (waiter,) = inside(found, "WaitForLock")
    assert stack(waiter)[:2] == ["System.Private.CoreLib!System.Threading.Monitor.Enter", "Standin!Standin.WaitForLock"]
    assert any("before .NET 5" in remark for remark in found.remarks)


async def test_the_process_stood_still_for_moments_by_its_own_events_and_is_none_the_worse(
    start_target: StartTarget, each_runtime: str
) -> None:
    target = start_target(runtime=each_runtime)
    before = threads_of(target.pid)
    table = MethodTable()
    looks = [await looked(target.key, table) for _ in range(5)]
    assert all(one.stops.count >= 1 for one in looks)
    assert all(one.lost_events == 0 for one in looks)
    assert len({(thread.id, thread.name) for one in looks for thread in one.threads if thread.id == target.pid}) == 1
    assert target.alive()
    await until(lambda: threads_of(target.pid) <= before + 2)


async def test_a_hang_is_told_from_slow_work(start_target: StartTarget) -> None:
    target = start_target(threads=1, busy=100, heartbeat=False)
    table = MethodTable()
    looks = [await looked(target.key, table)]
    for _ in range(2):
        await asyncio.sleep(0.3)
        looks.append(await looked(target.key, table))
    courses = {course.thread.name: course for course in compare(looks).values()}
    assert courses["standin-0"].course is Course.STILL
    assert courses["busy"].course in (Course.BUSY, Course.MOVED)
    assert (courses["busy"].cpu_seconds or 0) > 0.05


async def test_names_come_once_and_later_looks_need_no_rundown(start_target: StartTarget) -> None:
    target = start_target(threads=3, heartbeat=False)
    table = MethodTable()
    first = await looked(target.key, table)
    known = len(table)
    later = await looked(target.key, table)
    assert len(table) == known > 100
    assert {tuple(stack(thread)) for thread in later.threads} <= {tuple(stack(thread)) for thread in first.threads}
    assert later.unnamed_frames == 0


async def test_code_that_is_new_since_the_names_came_is_named_too(each_runtime: str) -> None:
    with Stackful("deep", 2, 5, runtime=each_runtime) as target, Stackful("kinds", runtime=each_runtime) as other:
        table = MethodTable()
        await looked(other.key, table)
        # As if the one were the other at a later time: nothing of what is on its stacks was told.
        socket = inspect(target.key).socket
        assert socket is not None
        table.cookie = (await process_info(socket)).cookie
        found = await looked(target.key, table)
        known = len(table)
        assert inside(found, "Stackful.Descend")
        assert found.unnamed_frames == 0
        assert (await looked(target.key, table)).unnamed_frames == 0
        assert len(table) == known


async def test_of_20_000_methods_every_frame_is_named() -> None:
    with Stackful("methods", 20_000) as target:
        table = MethodTable()
        found = await looked(target.key, table)
    assert len(table) > 20_000
    assert found.lost_events == found.unnamed_frames == 0
    (main,) = inside(found, "Stackful.Main")
    assert stack(main)[-1] == "Stackful!Stackful.Main"


async def test_200_threads_in_one_place_are_one_group() -> None:
    with Stackful("deep", 200, 50) as target:
        found = await seen(target.key, lambda found: len(inside(found, "Thread.Sleep")) == 200)
    largest = max(grouped(found), key=lambda group: len(group.threads))
    assert len(largest.threads) == 200
    assert [frame.method for frame in largest.frames].count("Stackful.Descend") == 51
    assert {thread.name for thread in largest.threads} == {f"deep-{number}" for number in range(200)}


async def test_a_stack_deeper_than_a_runtime_tells_is_said_to_be_cut() -> None:
    with Stackful("deep", 1, 300) as target:
        found = await looked(target.key)
    (deep,) = inside(found, "Stackful.Descend")
    assert len(deep.frames) == MOST_FRAMES
    assert deep.is_cut
    assert any(f"{MOST_FRAMES} innermost frames" in remark for remark in found.remarks)


async def test_a_starved_thread_pool_is_seen(each_runtime: str) -> None:
    with Stackful("tasks", 9, runtime=each_runtime) as target:
        await seen(target.key, lambda found: any("9 of 9 thread pool workers" in hint for hint in hints([found])))


async def test_code_that_a_compiler_names_is_said_as_its_author_says_it(each_runtime: str) -> None:
    with Stackful("kinds", runtime=each_runtime) as target:
        found = await seen(target.key, lambda found: len(inside(found, "Thread.Sleep")) == 5)
    callers = {stack(thread)[2] for thread in inside(found, "Stackful.Stay")}
    assert callers == {
        "Stackful!Stackful.RunAsync (async)",
        "Stackful!Stackful.Steps (iterator)",
        "Stackful!Stackful.Box<T1, int>.Stay",
        "Stackful!Stackful.Box<T1, int>.IDisposable.Dispose",
        "deploy␛[2J\ufffdyfilrev (dynamic)",
    }
    assert inside(found, "AsyncStateMachineBox<Stackful.RunAsync>.MoveNext")


async def test_the_thread_that_answers_is_none_of_the_programs(start_target: StartTarget) -> None:
    target = start_target(heartbeat=False)
    found = await looked(target.key)
    assert [thread.name for thread in found.threads if thread.name.startswith(".NET EventPipe")] == []
    assert [other.name for other in found.others if other.name.startswith(".NET EventPipe")]


async def test_threads_that_end_meanwhile_are_shown_as_ended_and_break_nothing() -> None:
    with Stackful("come-and-go") as target:
        table = MethodTable()
        looks = [await looked(target.key, table) for _ in range(5)]
    assert all(inside(one, "Stackful.ComeAndGo") for one in looks)
    ended = [thread for one in looks for thread in one.threads if thread.activity is Activity.ENDED]
    assert all(thread.id == 0 and thread.frames for thread in ended)


@needs_root
async def test_threads_of_another_pid_namespace_have_the_ids_of_both() -> None:
    with Stackful("deep", 3, 5, prefix=("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")) as target:
        found = await seen(target.key, lambda found: len(inside(found, "Thread.Sleep")) == 3)
    deep = inside(found, "Stackful.Descend")
    assert {thread.name for thread in deep} == {"deep-0", "deep-1", "deep-2"}
    assert all(thread.own_id < 1000 and thread.id != thread.own_id and thread.state == "S" for thread in deep)
    assert found.others


async def test_a_process_that_cannot_be_suspended_is_given_up_in_time_and_is_well_once_let_go(
    tracer: Callable[[int, int], None],
) -> None:
    with Stackful("spin") as target:
        table = MethodTable()
        spinner = named(await looked(target.key, table), "spinner")
        assert spinner.activity is Activity.MANAGED
        tracer(_SEIZE, spinner.id)
        tracer(_INTERRUPT, spinner.id)
        try:
            with pytest.raises(DiagnosticsError) as raised:
                async with asyncio.timeout(60):
                    await looked(target.key, table, deadline=2.0)
        finally:
            tracer(_DETACH, spinner.id)
        assert raised.value.code == "stacks-no-answer"
        assert "take a dump first" in raised.value.hint
        socket = inspect(target.key).socket
        assert socket is not None
        assert (await process_info(socket, timeout=30)).pid == target.pid
        again = await looked(target.key, table, deadline=60)
        assert named(again, "spinner").activity is Activity.MANAGED


async def test_a_process_that_dies_meanwhile_is_an_error_and_not_a_wait(start_target: StartTarget) -> None:
    target = start_target(heartbeat=False)
    before = threads_of(target.pid)
    looking = asyncio.create_task(looked(target.key, sampling_seconds=30, deadline=60))
    await until(lambda: threads_of(target.pid) > before + 1)
    target.send(signal.SIGKILL)
    with pytest.raises(DiagnosticsError) as raised:
        await looking
    assert raised.value.code in ("diagnostics-closed", "diagnostics-stale")


async def test_a_look_that_is_cancelled_leaves_no_session_behind(start_target: StartTarget) -> None:
    target = start_target(heartbeat=False)
    await looked(target.key)
    before = threads_of(target.pid)
    for _ in range(3):
        looking = asyncio.create_task(looked(target.key, sampling_seconds=30, deadline=60))
        await asyncio.sleep(0.1)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    await until(lambda: threads_of(target.pid) <= before)
    assert (await looked(target.key)).threads


@pytest.fixture
def tracer() -> Callable[[int, int], None]:
    """ptrace requests of this thread, by their number."""
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ptrace.restype = ctypes.c_long

    def request(number: int, thread: int) -> None:
        if ptrace(number, thread, None, None) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if number == _INTERRUPT:
            os.waitpid(thread, _WAIT_ALL)

    return request


def threads_of(pid: int) -> int:
    return len(os.listdir(Path(f"/proc/{pid}/task")))


async def until(is_reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_reached():  # noqa: ASYNC110 -- the kernel's state has no event
            await asyncio.sleep(0.01)
