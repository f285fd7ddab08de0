"""Descriptors of real processes, and tables of sockets as the kernel writes them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fakeproc import FakeProc

from octotui.errors import ProcessGone
from octotui.processes.model import ProcessInfo
from octotui.processes.openfiles import MOST_FILES, OpenFile, open_files
from octotui.processes.procfs import ProcfsSource
from octotui.processes.sockets import Socket, read_sockets

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def process_of(pid: int) -> ProcessInfo:
    found = ProcfsSource(tuple).read().find(pid)
    assert found is not None
    return found


def ours() -> dict[int, OpenFile]:
    return {file.number: file for file in open_files(process_of(os.getpid())).files}


def test_a_file_a_pipe_and_a_listening_socket_of_a_real_process_are_told(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    path = tmp_path / "x\x1b[31m y"
    with path.open("w") as file, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        found = ours()
        assert found[file.fileno()].target == f"{tmp_path}/x␛[31m y"
        assert found[reader].target.startswith("pipe ")
        assert found[listener.fileno()].socket == Socket("tcp", f"127.0.0.1:{port}", "", "listening")
        assert found[listener.fileno()].socket in open_files(process_of(os.getpid())).listening
    os.close(reader)
    os.close(writer)


def test_a_connection_has_both_addresses_and_its_state() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            own = "{}:{}".format(*client.getsockname())
            connected = ours()[client.fileno()].socket
            assert connected == Socket("tcp", own, f"127.0.0.1:{address[1]}", "connected")
            assert connected in open_files(process_of(os.getpid())).connected


def test_version_six_datagrams_and_unix_sockets_are_told(tmp_path: Path) -> None:
    path = tmp_path / "diagnostics socket"
    with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        unix.bind(str(path))
        unix.listen()
        datagram.bind(("127.0.0.1", 0))
        found = ours()
        assert found[unix.fileno()].socket == Socket("unix", str(path), "", "listening")
        assert found[datagram.fileno()].socket == Socket("udp", f"127.0.0.1:{datagram.getsockname()[1]}")


def test_sockets_of_another_network_namespace_are_found_there() -> None:
    listen = (
        "import socket, sys\n"
        "s = socket.socket(); s.bind(('0.0.0.0', 4711)); s.listen()\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", listen], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        if child.stdout.readline() != "ready\n":
            pytest.skip("namespaces are not permitted here")
        assert [s.local for s in open_files(process_of(child.pid)).listening] == ["0.0.0.0:4711"]
    finally:
        child.stdin.close()
        child.stdout.close()
        child.wait()


def test_another_users_files_are_refused_with_the_next_step() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = (
        "from octotui.errors import AccessDenied\n"
        "from octotui.processes.openfiles import open_files\n"
        "from octotui.processes.environment import environment\n"
        "from octotui.processes.procfs import ProcfsSource\n"
        "init = ProcfsSource(tuple).read().find(1)\n"
        "for read in (open_files, lambda p: environment(p, shown_value=lambda n, v: v)):\n"
        "    try:\n"
        "        read(init)\n"
        "    except AccessDenied as error:\n"
        "        print(error)\n"
    )
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", program]
    told = subprocess.run(as_nobody, capture_output=True, check=True, text=True).stdout.splitlines()
    assert told == [
        "The open files of this process are not permitted to this user: sudo octotui --pid 1",
        "The environment of this process is not permitted to this user: sudo octotui --pid 1",
    ]


def fake(fake_proc: FakeProc, targets: dict[int, str]) -> ProcessInfo:
    home = fake_proc.add(80)
    (home / "fd").mkdir()
    for number, target in targets.items():
        (home / "fd" / str(number)).symlink_to(target)
    (found,) = ProcfsSource(tuple, fake_proc.root).read().processes.values()
    return found


def test_many_files_are_counted_and_only_some_are_listed(fake_proc: FakeProc) -> None:
    process = fake(fake_proc, {number: f"/f/{number}" for number in range(MOST_FILES + 40)})
    found = open_files(process, proc=fake_proc.root)
    assert (found.count, len(found.files)) == (MOST_FILES + 40, MOST_FILES)
    assert [file.number for file in found.files] == list(range(MOST_FILES))


def test_targets_are_said_in_words(fake_proc: FakeProc) -> None:
    targets = {0: "pipe:[77]", 1: "anon_inode:[eventpoll]", 2: "anon_inode:inotify", 3: "socket:[5]", 4: "/a (deleted)"}
    found = open_files(fake(fake_proc, targets), proc=fake_proc.root)
    assert [file.target for file in found.files] == ["pipe 77", "eventpoll", "inotify", "socket", "/a (deleted)"]


def test_a_process_that_has_ended_is_gone(fake_proc: FakeProc) -> None:
    process = fake(fake_proc, {})
    fake_proc.remove(80)
    with pytest.raises(ProcessGone):
        open_files(process, proc=fake_proc.root)


def tables(home: Path, **rows: str) -> Path:
    (home / "net").mkdir(parents=True)
    for name, text in rows.items():
        (home / "net" / name).write_text(HEAD + text)
    return home


def test_addresses_of_both_versions_are_read_from_the_tables(tmp_path: Path) -> None:
    rest = "00000000:00000000 00:00000000 00000000     0        0"
    home = tables(
        tmp_path,
        tcp=f"   0: 00000000:2AB5 00000000:0000 0A {rest} 11 1 0\n   1: 0100007F:1F90 0200007F:01BB 08 {rest} 12 1 0\n",
        tcp6=f"   0: {'0' * 24}01000000:1F90 {'0' * 32}:0000 0A {rest} 13 1 0\n"
        f"   1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:1000 01 {rest} 14 1 0\n",
    )
    found = read_sockets(home, {11, 12, 13, 14})
    assert found[11] == Socket("tcp", "0.0.0.0:10933", "", "listening")
    assert found[12] == Socket("tcp", "127.0.0.1:8080", "127.0.0.2:443", "closed by the other side")
    assert found[13] == Socket("tcp", "[::1]:8080", "", "listening")
    assert found[14] == Socket("tcp", "127.0.0.1:80", "127.0.0.2:4096", "connected")


def test_tables_that_are_absent_or_make_no_sense_are_left_out(tmp_path: Path) -> None:
    rest = "00000000:00000000 00:00000000 00000000     0        0"
    home = tables(
        tmp_path, tcp=f"0: zz:1 yy:2 0A {rest} 11 1 0\nshort\n\xff\n0: 00:0 00:0 01 {rest} 12 1 0\n", unix="a"
    )
    assert read_sockets(home, {11, 12}) == {}
    assert read_sockets(tmp_path / "none", {11}) == {}
