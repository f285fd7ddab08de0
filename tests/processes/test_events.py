"""Starts and ends of real processes as the kernel tells of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from octotui.processes.events import ProcessEvents
from octotui.processes.eventwire import EventKind, ProcessEvent

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="older kernels tell only root of process starts")


def heard_of(events: ProcessEvents, pid: int) -> list[ProcessEvent]:
    """What is heard of one process until it has ended; other tests start processes too."""
    found: list[ProcessEvent] = []
    for _ in range(2000):
        found += [event for event in events.drain().events if event.pid == pid]
        if found and found[-1].kind is EventKind.EXIT:
            return found
        time.sleep(0.005)
    raise AssertionError(f"the end of {pid} was not heard: {found}")


@needs_root
def test_a_program_that_lives_for_no_time_is_heard_to_start_and_to_end() -> None:
    with ProcessEvents.open() as events:
        child = subprocess.Popen([sys.executable, "-c", "import os; os._exit(3)"])
        child.wait()
        fork, execed, ended = heard_of(events, child.pid)
    assert (fork.kind, fork.parent_pid) == (EventKind.FORK, os.getpid())
    assert execed.kind is EventKind.EXEC
    assert (ended.kind, os.waitstatus_to_exitcode(ended.exit_status)) == (EventKind.EXIT, 3)
    assert fork.monotonic_ns < execed.monotonic_ns < ended.monotonic_ns <= time.monotonic_ns()


@needs_root
def test_a_process_that_is_killed_is_heard_to_end_by_that_signal() -> None:
    with ProcessEvents.open() as events:
        child = subprocess.Popen(["sleep", "600"])
        child.kill()
        child.wait()
        assert os.waitstatus_to_exitcode(heard_of(events, child.pid)[-1].exit_status) == -9


_THREADS = "import threading\nfor _ in range(50):\n    one = threading.Thread(target=int); one.start(); one.join()\n"


@needs_root
@pytest.mark.parametrize("is_filtered", [True, False], ids=["by the kernel", "without a filter"])
def test_threads_that_come_and_go_are_silent(is_filtered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_filtered:
        monkeypatch.setattr("octotui.processes.events._attach_filter", lambda connection: None)
    with ProcessEvents.open() as events:
        child = subprocess.Popen([sys.executable, "-c", _THREADS])
        child.wait()
        kinds = [event.kind for event in heard_of(events, child.pid)]
    assert kinds == [EventKind.FORK, EventKind.EXEC, EventKind.EXIT]


@needs_root
def test_a_reader_that_sleeps_through_a_storm_is_told_of_its_loss_and_hears_on() -> None:
    with ProcessEvents.open(buffer_bytes=16_384) as events:
        for _ in range(40):
            subprocess.run(["true"], check=True)
        for _ in range(200):
            if events.drain().was_lost:
                break
            subprocess.run(["true"], check=True)
        assert events.lost
        assert any(is_heard(events) for _ in range(200))


def is_heard(events: ProcessEvents) -> bool:
    """Whether the end of a child is heard, although the room for events is that of a few."""
    while events.drain().events:
        pass
    child = subprocess.Popen(["true"])
    child.wait()
    return any(event.kind is EventKind.EXIT and event.pid == child.pid for event in events.drain().events)


@needs_root
def test_what_waits_beyond_the_limit_is_left_for_the_next_time() -> None:
    with ProcessEvents.open() as events:
        for _ in range(5):
            subprocess.run(["true"], check=True)
        first = events.drain(limit=2)
        assert first.has_more and len(first.events) >= 2
        assert len(events.drain().events) >= 5


@needs_root
def test_a_closed_subscription_gives_nothing_and_keeps_no_descriptor() -> None:
    events = ProcessEvents.open()
    descriptor = events.fileno()
    assert os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
    assert os.get_inheritable(descriptor) is False
    events.close()
    events.close()
    subprocess.run(["true"], check=True)
    assert events.drain().events == ()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


_IN_A_CHILD = (
    "from octotui.errors import AccessDenied\n"
    "from octotui.processes.events import ProcessEvents\n"
    "try:\n"
    "    ProcessEvents.open(ack_seconds=0.3).close()\n"
    "    print('heard')\n"
    "except AccessDenied as error:\n"
    "    print(error.code, error)\n"
)


def opened_by(*prefix: str) -> str:
    command = [*prefix, sys.executable, "-c", _IN_A_CHILD]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_root
@pytest.mark.parametrize(
    ("namespaces", "words"),
    [
        (("--net",), "this is another network namespace"),
        (("--pid", "--fork"), "as in a container"),
        (("--user", "--map-root-user"), "as in a container"),
    ],
)
def test_in_a_container_the_reason_is_said_with_what_to_do(namespaces: tuple[str, ...], words: str) -> None:
    said = opened_by("unshare", *namespaces)
    assert said.startswith("no-events the kernel does not tell of process starts here")
    assert words in said and "run octotui on the host itself" in said


def test_a_user_without_rights_hears_too_or_is_told_to_become_root() -> None:
    if os.geteuid() != 0:
        said = opened_by()
    else:
        code = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n" + _IN_A_CHILD
        preloaded = "from octotui.processes import events\n" + code
        run = subprocess.run([sys.executable, "-c", preloaded], capture_output=True, text=True, check=True)
        said = run.stdout
    assert said == "heard\n" or "sudo octotui" in said
