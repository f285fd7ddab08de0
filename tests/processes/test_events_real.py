"""The kernel's own events of this test's children; the rest of the host makes events of its own all the while."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from event_children import heard_of, python, subscription, zero_lives
from event_messages import fork

from octotui.processes import event_socket, events
from octotui.processes.events import EventKind, ProcessEvents

FORK, EXEC, EXIT = EventKind.FORK, EventKind.EXEC, EventKind.EXIT


@pytest.fixture
def listening() -> Iterator[ProcessEvents]:
    with subscription() as listening:
        yield listening


def test_a_child_is_heard_from_its_fork_over_its_exec_to_its_end(listening: ProcessEvents) -> None:
    before = time.monotonic_ns()
    child = subprocess.Popen(["true"])
    child.wait()
    after = time.monotonic_ns()
    found = heard_of(listening, [child.pid])
    assert [(event.kind, event.parent_pid) for event in found] == [(FORK, os.getpid()), (EXEC, 0), (EXIT, 0)]
    stamps = [event.monotonic_ns for event in found]
    assert [before, *stamps, after] == sorted([before, *stamps, after])


@pytest.mark.parametrize(
    "ending", ["sys.exit(0)", "sys.exit(3)", "os._exit(255)", "os.kill(os.getpid(), 9)", "os.abort()"]
)
def test_an_end_carries_the_status_that_a_parent_would_see(ending: str, listening: ProcessEvents) -> None:
    code = "import os, resource, sys\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    pid = os.posix_spawn(python("")[0], python(code + ending), {})
    _, status = os.waitpid(pid, 0)
    assert heard_of(listening, [pid])[-1].exit_status == status


def test_a_kill_from_outside_is_told_by_its_signal(listening: ProcessEvents) -> None:
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGTERM)
    child.wait()
    status = heard_of(listening, [child.pid])[-1].exit_status
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGTERM


def test_lives_of_no_length_are_all_heard(listening: ProcessEvents) -> None:
    pids = zero_lives(300)
    found = heard_of(listening, pids)
    assert [event.pid for event in found if event.kind is FORK] == pids
    assert [event.pid for event in found if event.kind is EXIT] == pids


@pytest.mark.parametrize("is_filtered", [True, False], ids=["filter", "decoder"])
def test_threads_that_come_and_go_are_silent(is_filtered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_filtered:
        monkeypatch.setattr(event_socket, "_attach", lambda *_: False)
    read: list[int] = []
    decode = events.decode

    def recorded(datagram: memoryview, mask: int) -> object:
        read.append(struct.unpack_from("=I", datagram, 60)[0])
        return decode(datagram, mask)

    monkeypatch.setattr(events, "decode", recorded)
    with subscription() as listening:
        assert listening.is_filtered is is_filtered
        threads = [threading.Thread(target=int) for _ in range(50)]
        for thread in threads:
            thread.start()
            thread.join()
        ids = {thread.native_id for thread in threads}
        child = subprocess.Popen(["true"])
        child.wait()
        found = heard_of(listening, {child.pid, *filter(None, ids)}, ends=1)
        assert {event.pid for event in found} == {child.pid}
        # Without the filter they reach the socket, and the decoder drops them.
        assert bool(ids & set(read)) is not is_filtered


@pytest.mark.parametrize("is_filtered", [True, False], ids=["filter", "mask"])
def test_only_the_kinds_that_are_wanted_come(is_filtered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_filtered:
        monkeypatch.setattr(event_socket, "_attach", lambda *_: False)
    read: list[int] = []
    decode = events.decode

    def recorded(datagram: memoryview, mask: int) -> object:
        read.append(struct.unpack_from("=I", datagram, 36)[0])
        return decode(datagram, mask)

    with subscription(want=[EXIT]) as listening:
        if not is_filtered and not listening.is_masked:
            pytest.skip("this kernel knows no mask")
        listening.drain(100_000)
        monkeypatch.setattr(events, "decode", recorded)
        child = subprocess.Popen(["true"])
        child.wait()
        assert [event.kind for event in heard_of(listening, [child.pid])] == [EXIT]
        assert set(read) == {EXIT}


def test_an_exec_by_a_side_thread_is_an_end_of_no_meaning_and_an_exec(listening: ProcessEvents) -> None:
    code = """
import os, threading, time
threading.Thread(target=os.execv, args=("/bin/false", ["false"])).start()
time.sleep(60)
"""
    child = subprocess.Popen(python(code))
    child.wait()
    found = heard_of(listening, [child.pid], ends=2)
    assert [(event.kind, event.exit_status) for event in found] == [
        *[(FORK, 0), (EXEC, 0)],
        *[(EXIT, 0), (EXEC, 0), (EXIT, 256)],
    ]


def test_a_buffer_that_runs_over_is_told_once_it_is_read_to_its_end_and_hearing_goes_on() -> None:
    with subscription(buffer_bytes=16 << 10) as listening:
        pids = zero_lives(400)
        first = listening.drain(5)
        told = [first, listening.drain(100_000)]
        assert all(heard.was_lost for heard in told)
        assert listening.lost_count >= 1
        assert len({event.pid for heard in told for event in heard.events} & set(pids)) < len(pids)
        for _ in range(100):
            # So small a buffer may run over again by what the rest of the host does.
            child = subprocess.Popen(["true"])
            child.wait()
            heard = listening.drain(100_000)
            if not heard.was_lost:
                break
        assert [event.kind for event in heard.events if event.pid == child.pid] == [FORK, EXEC, EXIT]


def test_a_large_buffer_loses_nothing_while_the_reader_sleeps(listening: ProcessEvents) -> None:
    if listening.buffer_bytes < 8 << 20:
        pytest.skip("this user is not granted a large buffer")
    pids = zero_lives(1500)
    found = heard_of(listening, pids)
    assert [event.pid for event in found if event.kind is FORK] == pids
    assert listening.lost_count == 0


def test_what_is_no_message_of_the_kernel_is_not_believed(listening: ProcessEvents) -> None:
    forged = fork(4_100_000)
    port = listening._connection.getsockname()[0]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 11) as sender:
        try:
            sender.sendto(forged, (port, 0))
        except PermissionError:
            pytest.skip("only root may send to others")
        # The forged one is read before the child's.
        child = subprocess.Popen(["true"])
        child.wait()
        assert {event.pid for event in heard_of(listening, [child.pid, 4_100_000], ends=1)} == {child.pid}


def test_a_forked_child_that_closes_its_copy_leaves_its_parent_hearing() -> None:
    subscription().close()
    code = """
import os
from octotui.processes.events import ProcessEvents
events = ProcessEvents.open()
pid = os.fork()
if pid == 0:
    events.close()
    os._exit(0)
os.waitpid(pid, 0)
events.drain(100000)
pid = os.posix_spawn("/bin/true", ["true"], {})
os.waitpid(pid, 0)
print(sum(event.pid == pid for event in events.drain(100000).events))
"""
    done = subprocess.run(python(code), capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_the_end_of_the_interpreter_takes_the_subscription_back() -> None:
    subscription().close()
    code = """
from octotui.processes import events
def told(connection, owner, undo=events.unsubscribe):
    undo(connection, owner)
    print("unsubscribed", connection.fileno())
events.unsubscribe = told
kept = events.ProcessEvents.open()
"""
    done = subprocess.run(python(code, prefix=()), capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("unsubscribed -1\n", "")


def test_after_close_nothing_is_heard_and_no_descriptor_is_left() -> None:
    before = set(os.listdir("/proc/self/fd"))
    listening = subscription()
    assert not os.get_inheritable(listening.fileno())
    listening.close()
    subprocess.run(["true"], check=True)
    assert (listening.drain(), listening.fileno()) == (((), False, False), -1)
    assert set(os.listdir("/proc/self/fd")) == before
