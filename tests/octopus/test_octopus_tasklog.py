"""The end of Output.log: read from where a stranger says, and nothing else than it read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from octotui.octopus.tasklog import TAIL_BYTES, TaskLog
from octotui.processes.model import ProcessKey

AT = "2026-11-23T10:15:02.1234567+00:00"
KEY = ProcessKey(os.getpid(), 0)
US = os.getuid()
needs_root = pytest.mark.skipif(US != 0, reason="only root can give a file away")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    directory = tmp_path / "Work" / "20261123101502-826567-1"
    directory.mkdir(parents=True)
    return directory


def entries(*messages: str) -> str:
    return "".join(json.dumps(["stdout", message, AT]) + "\n" for message in messages)


def log(work: Path, *messages: str) -> Path:
    path = work / "Output.log"
    path.write_text(entries(*messages))
    return path


def read(work: Path, owners: tuple[int, ...] = (US,)) -> TaskLog:
    return TaskLog(str(work), KEY, owners)


def shown(reader: TaskLog) -> list[str]:
    tail = reader.read()
    assert tail.problem == ""
    return [entry.text for entry in tail.entries]


def refused(reader: TaskLog) -> str:
    tail = reader.read()
    assert tail.problem and tail.entries == ()
    return tail.problem


def test_the_entries_are_given_with_place_and_size(work: Path) -> None:
    path = log(work, "one", "two")
    tail = read(work).read()
    assert [(entry.source, entry.text, entry.at) for entry in tail.entries] == [
        ("stdout", "one", "10:15:02"),
        ("stdout", "two", "10:15:02"),
    ]
    assert (tail.path, tail.size_bytes, tail.skipped_bytes, tail.strange) == (str(path), path.stat().st_size, 0, 0)


def test_what_is_appended_is_followed_and_an_unchanged_log_is_not_read_again(work: Path) -> None:
    path = log(work, "one")
    reader = read(work)
    first = reader.read()
    assert reader.read() is first
    with path.open("a") as file:
        file.write(entries("two") + '["stdout","half')
    assert shown(reader) == ["one", "two"]
    with path.open("a") as file:
        file.write(' a line","x"]')
    assert shown(reader) == ["one", "two", "half a line"]


def test_a_log_that_was_begun_anew_is_read_anew(work: Path) -> None:
    path = log(work, "one", "two")
    reader = read(work)
    assert shown(reader) == ["one", "two"]
    path.unlink()
    gone = reader.read()
    assert "There is no Output.log" in gone.problem
    assert [entry.text for entry in gone.entries] == ["one", "two"], "what was read last stays in view"
    log(work, "three")
    assert shown(reader) == ["three"]


def test_only_the_end_of_a_large_log_is_read(work: Path) -> None:
    path = log(work, *(f"line {number} " + "x" * 100 for number in range(3000)))
    tail = read(work).read()
    assert tail.skipped_bytes == path.stat().st_size - TAIL_BYTES
    assert tail.entries[-1].text.startswith("line 2999 ")
    assert 300 < len(tail.entries) < 600
    assert tail.strange == 0


def test_a_file_that_is_no_log_shows_nothing_of_itself(work: Path) -> None:
    (work / "Output.log").write_text("root:$y$hunter2:19000:0:99999:7:::\n" * 3)
    tail = read(work).read()
    assert tail.entries == () and tail.strange > 90
    assert "hunter2" not in repr(tail)


def test_a_link_is_not_followed(work: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(entries("hunter2"))
    (work / "Output.log").symlink_to(tmp_path / "secret")
    assert refused(read(work)) == "Output.log is a link and is not followed"


def test_a_hard_link_is_not_read(work: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(entries("hunter2"))
    os.link(tmp_path / "secret", work / "Output.log")
    assert "second name" in refused(read(work))


def test_neither_a_pipe_nor_a_device_nor_a_directory_is_read_or_waited_for(work: Path) -> None:
    os.mkfifo(work / "Output.log")
    assert "not a regular file" in refused(read(work))
    (work / "Output.log").unlink()
    (work / "Output.log").mkdir()
    assert "not a regular file" in refused(read(work))


@needs_root
def test_a_file_of_another_owner_than_its_directory_is_not_read(work: Path) -> None:
    log(work, "hunter2")
    os.chown(work, 1234, 1234)
    assert "belongs to uid 0 and its directory to uid 1234" in refused(read(work, (0, 1234)))


@needs_root
def test_the_log_of_a_user_who_does_not_run_the_task_is_not_read(work: Path) -> None:
    """The process of uid 1234 names the directory of root on its command line."""
    log(work, "hunter2")
    assert "uid 0, who runs neither" in refused(read(work, (1234,)))


@needs_root
def test_a_directory_that_the_user_linked_elsewhere_is_not_followed(work: Path, tmp_path: Path) -> None:
    log(work, "hunter2")
    link = tmp_path / "claimed"
    link.symlink_to(work)
    os.chown(link, 1234, 1234, follow_symlinks=False)
    assert refused(read(link)) == "A link on the way to Output.log is not followed: claimed"
    assert "not followed" in refused(read(link / ".." / "claimed"))


@needs_root
def test_a_link_that_root_made_is_followed(work: Path, tmp_path: Path) -> None:
    log(work, "one")
    (tmp_path / "home").symlink_to(work.parent)
    (tmp_path / "relative").symlink_to("./home/../Work")
    assert shown(read(tmp_path / "home" / work.name)) == ["one"]
    assert shown(read(tmp_path / "relative" / work.name)) == ["one"]


@needs_root
def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "not followed" in refused(read(tmp_path / "a"))


@pytest.mark.parametrize(
    "path", ["", "relative/Work/x", "C:\\Octopus\\Work\\x", "/a\0b", "/" + "a/" * 500, "/etc/passwd"]
)
def test_a_path_that_makes_no_sense_is_a_sentence(path: str) -> None:
    assert refused(TaskLog(path, KEY, (US,)))


def test_a_work_directory_without_a_log_says_that_there_is_none(work: Path) -> None:
    assert "There is no Output.log" in refused(read(work))
    assert "There is no Output.log" in refused(read(work / "gone"))


@needs_root
def test_a_log_that_this_user_may_not_read_names_the_next_step(work: Path) -> None:
    log(work, "one").chmod(0o600)
    for directory in (work, work.parent, *work.parents[1:3]):
        directory.chmod(0o711)
    program = (
        "import sys\n"
        "from octotui.octopus.tasklog import TaskLog\n"
        "from octotui.processes.model import ProcessKey\n"
        "tail = TaskLog(sys.argv[1], ProcessKey(812, 1), (0,)).read()\n"
        "print(tail.problem, tail.hint, sep='|')\n"
    )
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", program]
    told = subprocess.run([*as_nobody, str(work)], capture_output=True, check=True, text=True).stdout
    assert told == "Output.log is not permitted to this user|sudo octotui --pid 812\n"


@pytest.fixture
def contained(tmp_path: Path) -> Iterator[tuple[ProcessKey, str]]:
    """A process in a mount namespace of its own, where the work directory holds another log."""
    inside = tmp_path / "Work" / "inside-00000001"
    inside.mkdir(parents=True)
    text = entries("from the container").replace("\n", "")
    script = f"mount -t tmpfs none {inside} && printf '%s' '{text}' > {inside}/Output.log && echo ready && exec cat"
    child = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        if child.stdout.readline() != "ready\n":
            pytest.skip("namespaces are not permitted here")
        started = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19])
        yield ProcessKey(child.pid, started), str(inside)
    finally:
        child.stdin.close()
        child.stdout.close()
        child.wait()


def test_the_log_of_a_container_is_the_one_that_its_process_sees(contained: tuple[ProcessKey, str]) -> None:
    key, directory = contained
    assert shown(TaskLog(directory, key, (US,))) == ["from the container"]
    reused = ProcessKey(key.pid, key.started + 1)
    assert "There is no Output.log" in refused(TaskLog(directory, reused, (US,)))
