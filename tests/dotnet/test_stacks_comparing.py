"""Looks at one process side by side: what is alike, what moved, and what the stacks state as a fact."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stacks_fakes import look_of, thread

from octotui.dotnet.stacks.causes import Cause, cause, own_frame, reason
from octotui.dotnet.stacks.comparing import Course, compare
from octotui.dotnet.stacks.grouping import grouped
from octotui.dotnet.stacks.hints import hints
from octotui.dotnet.stacks.model import Activity, Frame, FrameKind, Look, OtherThread, ThreadLook
from octotui.dotnet.stacks.text import as_text

LIB = "System.Private.CoreLib!"
SLEEP = (LIB + "System.Threading.Thread.Sleep", "Calamari!P.Main")
WAIT = LIB + "System.Threading.Monitor.Wait"
CHILD_WAIT = "System.Diagnostics.Process!System.Diagnostics.Process.WaitForExit"
EVENT = LIB + "System.Threading.ManualResetEventSlim.Wait"
TASK_WAIT = (
    WAIT,
    EVENT,
    LIB + "System.Threading.Tasks.Task.SpinThenBlockingWait",
    LIB + "System.Threading.Tasks.Task.Wait",
)
POOL = (
    LIB + "System.Threading.ThreadPoolWorkQueue.Dispatch",
    LIB + "System.Threading.PortableThreadPool.WorkerThread.WorkerThreadStart",
)
IDLE = (
    LIB + "System.Threading.LowLevelLifoSemaphore.WaitForSignal",
    LIB + "System.Threading.LowLevelLifoSemaphore.Wait",
)
MANAGED, NATIVE, ENDED = Activity.MANAGED, Activity.NATIVE, Activity.ENDED


def stalled(id: int) -> ThreadLook:
    return thread(id, *TASK_WAIT, "Calamari!Step.Run", *POOL)


def idle(id: int) -> ThreadLook:
    return thread(id, *IDLE, POOL[1])


# What a thread waits for


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (SLEEP, Cause.SLEEP),
        ((LIB + "System.Threading.Monitor.Enter", "A!P.Run"), Cause.LOCK),
        ((LIB + "System.Threading.Monitor.Enter_Slowpath", "A!P.Run"), Cause.LOCK),
        ((WAIT, "A!P.Run"), Cause.PULSE),
        ((WAIT, EVENT, "A!P.Run"), Cause.EVENT),
        ((WAIT, LIB + "System.Threading.SemaphoreSlim.Wait", "A!P.Run"), Cause.EVENT),
        ((*TASK_WAIT, "A!P.Run"), Cause.TASK),
        ((WAIT, EVENT, LIB + "System.Threading.Tasks.Task.InternalWaitCore", "A!P.Run"), Cause.TASK),
        ((LIB + "System.Threading.Thread.Join", "A!P.Run"), Cause.THREAD),
        ((LIB + "System.Threading.WaitHandle.WaitOne", CHILD_WAIT), Cause.CHILD),
        (("System.Net.Sockets!System.Net.Sockets.Socket.Receive", "A!P.Run"), Cause.NETWORK),
        (("System.Console!Interop.Sys.Read", "System.Console!System.ConsolePal.Read"), Cause.INPUT),
        (IDLE, Cause.WORK),
        (("native call (IL_STUB_PInvoke)", LIB + "System.Threading.Thread.Sleep"), Cause.SLEEP),
        (("A!P.WaitForLock",), Cause.BELOW),
        ((LIB + "System.Object.Unheard", "A!P.Run"), Cause.OTHER),
        ((), Cause.OTHER),
        (("A!P.Step", *TASK_WAIT), Cause.BELOW),
    ],
)  # fmt: skip
def test_the_reason_of_a_wait_is_read_from_the_frames(names: tuple[str, ...], found: Cause) -> None:
    assert cause(thread(1, *names).frames) is found


def test_a_thread_that_spins_before_it_waits_does_not_wait_yet() -> None:
    assert reason(stalled(1)) is Cause.TASK
    assert reason(replace(stalled(1), activity=MANAGED)) is Cause.OTHER


def test_the_place_in_the_program_is_the_innermost_frame_that_is_nobodys_framework() -> None:
    assert own_frame(stalled(1).frames) == Frame("Calamari", "Step.Run")
    assert own_frame(idle(1).frames) is None
    made = Frame("", "lambda_method", FrameKind.DYNAMIC)
    assert own_frame((Frame("", "0x7f", FrameKind.UNKNOWN), Frame("", "native call (IL_STUB)"), made)) == made


# Identical stacks together


def test_identical_stacks_stand_together_the_largest_group_first_and_running_ones_before_waiting_ones() -> None:
    look = look_of([thread(5, *SLEEP), stalled(2), thread(9, "A!P.Burn", activity=MANAGED), stalled(3), stalled(7)])
    assert [[one.id for one in group.threads] for group in grouped(look)] == [[9], [2, 3, 7], [5]]


def test_equal_groups_stand_in_the_order_of_their_threads() -> None:
    look = look_of([thread(7, "A!B"), thread(3, "A!C"), thread(5, "A!D")])
    assert [group.threads[0].id for group in grouped(look)] == [3, 5, 7]


def test_outermost_frames_that_groups_share_are_folded() -> None:
    start = ("L!System.A", "L!System.B", "L!System.C")
    one, other, alone = grouped(
        look_of([thread(1, "A!P.Run", *start), thread(2, "A!P.Go", *start), thread(3, "A!P.Main", "A!P.Start")])
    )
    assert (one.folded, other.folded, alone.folded) == (3, 3, 0)
    assert [str(frame) for frame in one.shown] == ["A!P.Run"]
    text = as_text([look_of([*one.threads, *other.threads])])
    assert "    … 3 more as in other threads, the outermost is L!System.C" in text
    assert "    L!System.A" in as_text([look_of([*one.threads, *other.threads])], is_whole=True)


# What became of the threads


def courses(*looks: Look) -> dict[int, tuple[Course, str]]:
    return {number: (one.course, one.words) for number, one in compare(looks).items()}


def test_one_look_has_no_course() -> None:
    assert compare([look_of([thread(1, *SLEEP)])]) == {}


def test_a_hang_and_slow_work_are_told_apart() -> None:
    busy = thread(2, "A!P.Hash", "A!P.Main", activity=MANAGED)
    looks = [
        look_of([thread(1, *SLEEP, cpu_seconds=1.0), busy, thread(3, f"A!P.Step{number}", "A!P.Main", activity=NATIVE)])
        for number in range(3)
    ]
    assert courses(*looks) == {
        1: (Course.STILL, "stood still in all 3 looks"),
        2: (Course.BUSY, "busy in one place in all 3 looks"),
        3: (Course.MOVED, "moved inside A!P.Main"),
    }


def test_a_thread_seen_waiting_twice_that_worked_in_between_did_not_stand_still() -> None:
    looks = [look_of([thread(1, *SLEEP, cpu_seconds=seconds)]) for seconds in (1.0, 1.25)]
    ((course, words),) = courses(*looks).values()
    assert course is Course.BUSY
    assert words == "waited in the same place in both looks, but worked in between, 0.25 s of CPU"


def test_threads_come_and_go() -> None:
    first = look_of([thread(1, *SLEEP), thread(2, *SLEEP), thread(6, *SLEEP)])
    last = look_of([thread(1, *SLEEP), thread(4, *SLEEP), thread(5, *SLEEP, activity=ENDED)])
    assert courses(first, last) == {
        1: (Course.STILL, "stood still in both looks"),
        2: (Course.ENDED, "ended between the looks"),
        6: (Course.ENDED, "ended between the looks"),
        4: (Course.NEW, "began between the looks"),
        5: (Course.ENDED, "began and ended between the looks"),
    }


def test_a_thread_that_lives_on_without_managed_frames_has_not_ended() -> None:
    first, last = look_of([thread(1, *SLEEP), thread(2, *SLEEP)]), look_of([thread(1, *SLEEP), thread(3, *SLEEP)])
    with_others = [
        Look(one.key, 0, 0, one.runtime, one.threads, others=(OtherThread(other, other, "x", "S"),))
        for one, other in ((first, 3), (last, 2))
    ]
    assert courses(*with_others) == {
        1: (Course.STILL, "stood still in both looks"),
        3: (Course.MOVED, "moved: had no managed frames in the first look"),
    }


# Facts


def test_threads_that_wait_for_a_lock_are_named_and_their_owner_is_not_guessed() -> None:
    waiter = thread(17, LIB + "System.Threading.Monitor.Enter", "Calamari!P.WaitForLock", name="waiter")
    assert hints([look_of([waiter, thread(18, *SLEEP)])]) == (
        "thread 17 waiter waits for a lock, in Calamari!P.WaitForLock; who holds it is not told from outside",
    )


def test_a_wait_that_this_runtime_does_not_show_may_be_for_a_lock_and_is_not_said_to_be() -> None:
    (hint,) = hints([look_of([thread(17, "Calamari!P.WaitForLock", name="waiter")])])
    assert hint.startswith("thread 17 waiter waits in native code or for a lock, in Calamari!P.WaitForLock")
    assert "does not tell which" in hint


def test_a_wait_that_is_not_shown_and_soon_over_is_no_news() -> None:
    looks = [look_of([thread(17, f"Calamari!P.Step{number}"), thread(18, *SLEEP)]) for number in range(2)]
    assert hints(looks) == ()


def test_a_thread_that_runs_waits_for_nothing() -> None:
    assert hints([look_of([thread(1, "A!P.Burn", activity=MANAGED), thread(2, "A!P.Burn", activity=NATIVE)])]) == ()


def test_a_starved_thread_pool_is_a_fact_with_its_numbers() -> None:
    looks = [look_of([*map(stalled, range(1, 10)), idle(20)], taken_at=5.0 * number) for number in range(3)]
    said = hints(looks)
    assert said[0] == (
        "9 of 9 thread pool workers with work wait for tasks, in Calamari!Step.Run:"
        " new work of the pool waits behind them"
    )
    assert not any("threads wait for a task" in hint for hint in said)
    assert "no thread moved in 10 s" in said


def test_workers_of_which_some_work_are_counted_and_nothing_is_said_to_wait_behind_them() -> None:
    busy = thread(30, "Calamari!P.Hash", *POOL, activity=MANAGED)
    (hint,) = hints([look_of([*map(stalled, range(1, 5)), busy])])
    assert hint == "4 of 5 thread pool workers with work wait for tasks, in Calamari!Step.Run"


def test_a_pool_of_which_few_wait_is_not_starved() -> None:
    busy = [thread(30 + number, "Calamari!P.Hash", *POOL, activity=MANAGED) for number in range(4)]
    (hint,) = hints([look_of([*map(stalled, range(1, 4)), *busy])])
    assert hint == "3 threads wait for a task, in Calamari!Step.Run"


def test_two_workers_that_wait_are_no_starved_pool() -> None:
    (hint,) = hints([look_of([stalled(1), stalled(2), thread(9, *SLEEP)])])
    assert hint == "2 threads wait for a task, in Calamari!Step.Run"


def test_a_thread_that_waits_for_a_child_says_where_to_look_next() -> None:
    waits = (CHILD_WAIT, "Calamari!Script.Run")
    looks = [look_of([thread(3, *waits)]), look_of([thread(3, *waits)])]
    assert hints(looks)[0] == (
        "thread 3 waits for a child process in both looks, in Calamari!Script.Run; look at what it started"
    )


def test_a_thread_that_runs_in_one_place_is_named() -> None:
    looks = [look_of([thread(3, "A!P.Hash", name="hasher", activity=MANAGED)]) for _ in range(2)]
    assert hints(looks) == ("thread 3 hasher ran in one place in both looks, in A!P.Hash",)


def test_a_program_that_awaits_is_said_to_be_on_no_stack() -> None:
    main = thread(1, *TASK_WAIT, "A!Program.Main")
    on_no_stack = "no thread is in the program's own code now; async methods that await something are on no stack"
    assert hints([look_of([main, idle(2)])])[-1] == on_no_stack
    assert on_no_stack not in hints([look_of([main, thread(3, *SLEEP)])])
    assert hints([look_of([])]) == ()


def test_no_look_no_hint_no_text() -> None:
    assert hints([]) == as_text([]) == ()


# As text


def test_the_text_says_who_what_and_where() -> None:
    looks = [look_of([thread(1, *SLEEP, name="Calamari"), stalled(4), stalled(5)]) for _ in range(2)]
    assert list(as_text(looks))[1:] == [
        "! 2 threads wait for a task in both looks, in Calamari!Step.Run",
        "! no thread moved in 0 s",
        "",
        "2 threads (4, 5): each waits for a task; stood still in both looks",
        *(f"    {frame}" for frame in stalled(4).frames),
        "",
        "Thread 1 Calamari: sleeps; stood still in both looks",
        "    System.Private.CoreLib!System.Threading.Thread.Sleep",
        "    Calamari!P.Main",
    ]


def test_a_recursion_is_one_line_unless_all_is_wanted() -> None:
    look = look_of([thread(1, *["A!P.Descend"] * 40, "A!P.Main")])
    assert "    A!P.Descend (40 times)" in as_text([look])
    assert as_text([look], is_whole=True).count("    A!P.Descend") == 40


def test_many_threads_are_counted_and_all_are_named_only_when_wanted() -> None:
    look = look_of([thread(number, *SLEEP) for number in range(1, 15)])
    (heading,) = [line for line in as_text([look]) if line.startswith("14 threads")]
    assert heading == "14 threads (1, 2, 3, 4, 5, 6, 7 and 7 more): each sleeps"
    assert any("13, 14" in line for line in as_text([look], is_whole=True))


def test_threads_that_ended_while_looked_at_are_said_to() -> None:
    lines = as_text([look_of([thread(1, *SLEEP)]), look_of([thread(1, *SLEEP), thread(0, *SLEEP, activity=ENDED)])])
    assert "Thread 0: ended while it was looked at" in lines


@pytest.mark.parametrize("width", [20, 60, 80])
def test_lines_keep_to_a_width_and_frames_keep_their_methods(width: int) -> None:
    looks = [look_of([*map(stalled, range(1, 10)), thread(10, *SLEEP)]) for _ in range(2)]
    lines = as_text(looks, width=width)
    assert max(map(len, lines)) <= width
    assert any(line.endswith("Task.Wait") and line.startswith("    ") for line in lines)
    assert "".join("".join(lines).split()).count("newworkofthepoolwaitsbehindthem") == 1
