"""The reader of /proc, and psutil beside it, on this machine's own processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from octotui.errors import AccessDenied
from octotui.processes.events import ProcessEvents
from octotui.processes.hearing import Hearing
from octotui.processes.model import ProcessInfo, ProcessKey, ProcessSource
from octotui.processes.portable import PsutilSource
from octotui.processes.procfs import ProcfsSource
from octotui.processes.sampler import Sampler
from octotui.processes.source import open_source

Start = Callable[..., "subprocess.Popen[bytes]"]

SECRET = "-variablesPassword=hunter2"


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple(argument.replace("hunter2", "***") for argument in argv)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes and ends them."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*argv: str | bytes, **options: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)  # type: ignore[call-overload]
        started.append(child)
        return child  # type: ignore[no-any-return]

    yield run
    for child in started:
        child.kill()
        child.communicate()


def seen(source: ProcessSource, pid: int) -> ProcessInfo:
    found = source.read().find(pid)
    assert found is not None
    return found


def wait_until_waiting(child: subprocess.Popen[bytes]) -> None:
    """Return when a shell that was told to has written its line, so that its exec or its fork is over."""
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"


@pytest.mark.parametrize("source_class", [ProcfsSource, PsutilSource])
def test_a_child_of_ours_is_seen_with_its_fields(source_class: type[ProcfsSource], start: Start) -> None:
    child = start("bash", "-c", "echo ready; read line", "bash", SECRET, b"\x1b]0;x\x07\xff", cwd="/")
    wait_until_waiting(child)
    taken = source_class(masked).read()
    found = taken.find(child.pid)
    assert found is not None
    assert (found.parent_pid, found.name, found.threads, found.cwd) == (os.getpid(), "bash", 1, "/")
    # The shell may not have come from its line to its wait yet.
    assert found.state in ("S", "R")
    assert found.argv[-2:] == ("-variablesPassword=***", "␛]0;x␇�")
    assert os.path.basename(found.executable) == "bash"
    assert found.uid == os.geteuid()
    assert found.rss_bytes > 0
    assert 0.0 <= taken.age_seconds(found) < 600.0
    assert not found.is_kernel


def test_both_readers_see_the_same_processes(start: Start) -> None:
    children = [start("sleep", "600") for _ in range(3)]
    mine, theirs = ProcfsSource(masked).read(), PsutilSource(masked).read()
    for child in (*children, os):
        pid = child.pid if isinstance(child, subprocess.Popen) else os.getpid()
        own, other = mine.find(pid), theirs.find(pid)
        assert own is not None
        assert other is not None
        same = ("pid", "parent_pid", "name", "executable", "argv", "user", "uid", "cwd", "is_kernel")
        assert [getattr(own, field) for field in same] == [getattr(other, field) for field in same]
        assert own.started_seconds == pytest.approx(other.started_seconds, abs=2.0)
    assert {key.pid for key in mine.processes} & {key.pid for key in theirs.processes} >= {c.pid for c in children}


@pytest.mark.parametrize("source_class", [ProcfsSource, PsutilSource])
def test_a_child_keeps_its_key_when_it_execs_and_shows_what_it_became(
    source_class: type[ProcfsSource], start: Start
) -> None:
    child = start("bash", "-c", "echo ready; read line; exec cat")
    wait_until_waiting(child)
    source, sampler = source_class(masked), Sampler()
    first = sampler.advance(source.read())
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"\nready\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"ready\n"
    second = sampler.advance(source.read())
    before, after = first.snapshot.find(child.pid), second.snapshot.find(child.pid)
    assert before is not None
    assert after is not None
    assert (before.name, after.name, after.argv) == ("bash", "cat", ("cat",))
    assert before.key == after.key
    assert after.key not in second.arrived


@pytest.mark.parametrize("source_class", [ProcfsSource, PsutilSource])
def test_a_child_that_ended_and_was_not_waited_for_is_a_zombie_with_its_old_command_line(
    source_class: type[ProcfsSource], start: Start
) -> None:
    child = start("sleep", "600")
    source = source_class(masked)
    assert seen(source, child.pid).argv == ("sleep", "600")
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    found = seen(source, child.pid)
    assert (found.state, found.name, found.argv) == ("Z", "sleep", ("sleep", "600"))
    child.communicate()
    assert source.read().find(child.pid) is None


def test_a_stopped_child_says_so(start: Start) -> None:
    child = start("sleep", "600")
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    assert [seen(source, child.pid).state for source in (ProcfsSource(masked), PsutilSource(masked))] == ["T", "T"]


def test_a_program_whose_file_has_a_hostile_name_is_shown_harmless(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (\x1b[2J"
    program.symlink_to("/bin/sleep")
    child = start(str(program), "600")
    found = seen(ProcfsSource(masked), child.pid)
    assert (found.name, found.parent_pid) == ("a) S 1 (␛[2J", os.getpid())
    assert "\x1b" not in found.command


def test_processes_of_others_are_listed_with_what_may_be_read() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "import json, os\n"
        "from octotui.processes.procfs import ProcfsSource\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = ProcfsSource(tuple).read().find(1)\n"
        "print(json.dumps([found.name, found.user, found.executable, found.cwd]))\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    assert json.loads(told) == [psutil.Process(1).name()[:15], "root", "", ""]


def test_the_source_of_this_machine_reads_proc() -> None:
    assert isinstance(open_source(masked), ProcfsSource)


def test_the_source_of_a_machine_without_proc_is_psutil(tmp_path: Path) -> None:
    assert isinstance(open_source(masked, tmp_path), PsutilSource)


def test_threads_whose_pids_are_the_newest_are_no_processes() -> None:
    def refused() -> ProcessEvents:
        raise AccessDenied("the kernel tells nothing here")

    source = ProcfsSource(masked, hearing=Hearing(refused))
    watched = frozenset[ProcessKey]()
    for _ in range(3):
        source.read(watched)
    is_over = threading.Event()
    threads = [threading.Thread(target=is_over.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    child = subprocess.Popen(["sleep", "600"])
    try:
        found = source.read(watched).pids
        assert child.pid in found
        assert not {thread.native_id for thread in threads} & found.keys()
    finally:
        child.kill()
        child.wait()
        is_over.set()
        for thread in threads:
            thread.join()
        source.close()


def test_the_followed_table_of_this_machine_has_what_came_and_not_what_went() -> None:
    if os.geteuid() != 0:
        pytest.skip("older kernels tell only root of process starts")
    source = ProcfsSource(masked, hearing=Hearing())
    watched = frozenset[ProcessKey]()
    for _ in range(3):
        source.read(watched)
    assert source.read(watched).events == "on"
    children: list[subprocess.Popen[bytes]] = []
    try:
        for turn in range(12):
            children += [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
            ended = children.pop(turn)
            ended.kill()
            ended.wait()
            source.listen()
            found = source.read(watched).pids
            assert {child.pid for child in children} <= found.keys()
            assert ended.pid not in found
    finally:
        for child in children:
            child.kill()
            child.wait()
        source.close()


def test_a_process_that_ends_while_it_is_first_read_leaves_no_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    source = ProcfsSource(masked)
    child = subprocess.Popen(["sleep", "600"])

    def end_it(*_: object) -> None:
        child.kill()
        child.wait()

    try:
        source.read(frozenset())
        with monkeypatch.context() as patched:
            really_read = source._reader.updated

            def ended_meanwhile(directory: int, pid: int, *rest: object) -> object:
                return end_it() if pid == child.pid else really_read(directory, pid, *rest)  # type: ignore[arg-type]

            patched.setattr(source._reader, "updated", ended_meanwhile)
            source._table.drop(child.pid)
            source._files.forget(child.pid)
            source.read(frozenset())
        opened = {os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if is_open(name)}
        assert f"/proc/{child.pid}/stat" not in opened
        assert f"/proc/{os.getpid()}/stat" in opened
    finally:
        end_it()
        source.close()


def is_open(descriptor: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{descriptor}")
