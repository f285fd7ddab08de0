"""Targets of the matrix that no stand-in gives: any program with a home of its own, a tracer, a reused pid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matrix_checks import status_of
from real_captures import wait_until

from octotui.demo.standin import start_ticks
from octotui.dotnet import runtime
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey

LISTENER = """
import os, socket, struct, sys
from octotui.demo.standin import start_ticks

name = f"dotnet-diagnostic-{os.getpid()}-{start_ticks(os.getpid())}-socket"
server = socket.socket(socket.AF_UNIX)
server.bind(os.path.join(os.environ["TMPDIR"], name))
server.listen()
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
while True:
    connection, _ = server.accept()
    with connection:
        request = connection.recv(65536)
        is_dump = request[16:17] == b"\\x01"
        code = 0 if is_dump else 0x80131385
        connection.sendall(struct.pack("<14sHBBHI", b"DOTNET_IPC_V1\\0", 24, 0xFF, 0 if is_dump else 0xFF, 0, code))
"""
"""A process with a diagnostics socket and no runtime library, as a single-file program shows itself from outside."""

TRACER = """
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0x4206, int(sys.argv[1]), None, None) == 0, ctypes.get_errno()
print(flush=True)
sys.stdin.read()
"""

REUSER = """
import ctypes, os, struct, sys
pid = (ctypes.c_int32 * 1)(int(sys.argv[1]))
SIGCHLD, CLONE3 = 17, 435
wanted = struct.pack("<11Q", 0, 0, 0, 0, SIGCHLD, 0, 0, 0, ctypes.addressof(pid), 1, 0)
child = ctypes.CDLL(None, use_errno=True).syscall(CLONE3, wanted, len(wanted))
if child == 0:
    os.execvp("sleep", ["sleep", "600"])
print(child, flush=True)
sys.stdin.read()
os.kill(child, 9)
os.waitpid(child, 0)
"""


@dataclass(frozen=True, slots=True)
class Started:
    """A process of a test. `home` holds its log; `tmpdir` is its TMPDIR. Both are removed at its end."""

    process: subprocess.Popen[bytes]
    key: ProcessKey
    home: Path
    tmpdir: Path

    @property
    def pid(self) -> int:
        return self.key.pid


@contextmanager
def program(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    is_ready: Callable[[ProcessKey], bool] = lambda key: True,
) -> Iterator[Started]:
    """Any program as a target, ended by its pid at the end."""
    home = Path(tempfile.mkdtemp(prefix="oct-"))
    temporary = home / "tmp"
    temporary.mkdir()
    full = {**os.environ, "TMPDIR": str(temporary), "HOME": str(home), **(environment or {})}
    try:
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(command, env=full, cwd=home, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            started = Started(process, ProcessKey(process.pid, start_ticks(process.pid)), home, temporary)
            wait_until(lambda: is_ready(started.key), f"{command[0]} is ready")
            yield started
        finally:
            process.kill()
            process.communicate()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def has_socket(key: ProcessKey) -> bool:
    try:
        return runtime.inspect(key).socket is not None
    except ProcessGone:
        return False


@contextmanager
def traced(key: ProcessKey) -> Iterator[int]:
    """Inside, another process traces `key`; gives the tracer's pid."""
    with _helper(TRACER, str(key.pid)) as helper:
        wait_until(lambda: status_of(key).tracer_pid == helper.pid, "it is traced")
        yield helper.pid


@contextmanager
def reused(pid: int) -> Iterator[None]:
    """Inside, a `sleep` runs under `pid`, whose process has ended and was collected."""
    with _helper(REUSER, str(pid)):
        assert Path(f"/proc/{pid}/comm").read_text() in ("sleep\n", "python\n", "python3\n")
        yield


@contextmanager
def _helper(code: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python program that says a line when it is ready and ends with its standard input."""
    helper = subprocess.Popen([sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert helper.stdout is not None
        said = helper.stdout.readline()
        assert said and not said.startswith(b"-1"), "the helper failed"
        yield helper
    finally:
        helper.communicate()
