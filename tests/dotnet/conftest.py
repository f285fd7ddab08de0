"""A `/proc` of a test's own making, and directories whose paths are short enough for a socket."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from octotui.processes.model import ProcessKey

STATUS = """\
Name:\ttarget
Umask:\t0022
State:\tS (sleeping)
TracerPid:\t{tracer}
Uid:\t{uid}\t{uid}\t{uid}\t{uid}
Gid:\t{gid}\t{gid}\t{gid}\t{gid}
Groups:\t{groups}
NSpid:\t{pid}{inner}
VmRSS:\t    2048 kB
RssAnon:\t    1024 kB
VmSwap:\t      64 kB
Threads:\t{threads}
CapEff:\t{capabilities}
"""


class FakeProc:
    """Writes processes below `root` as Linux shows them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._namespaces(root / "self", "mnt:[1]", "pid:[1]")

    def add(
        self,
        pid: int = 812,
        started: int = 4711,
        *,
        maps: bytes = b"",
        environ: bytes = b"",
        state: str = "S",
        name: str = "target",
        uid: int | None = None,
        gid: int = 0,
        groups: str = "",
        inner: int | None = None,
        tracer: int = 0,
        threads: int = 9,
        capabilities: str = "0000000000000000",
        mount_namespace: str = "mnt:[1]",
        root: Path = Path("/"),
        executable: str = "/opt/Tentacle",
    ) -> ProcessKey:
        directory = self.root / str(pid)
        directory.mkdir(exist_ok=True)
        fields = " ".join(["0"] * 18)
        (directory / "stat").write_text(f"{pid} ({name}) {state} {fields} {started} 0 0\n")
        (directory / "status").write_text(
            STATUS.format(
                tracer=tracer,
                uid=os.geteuid() if uid is None else uid,
                gid=gid,
                groups=groups,
                pid=pid,
                inner=f"\t{inner}" if inner else "",
                threads=threads,
                capabilities=capabilities,
            )
        )
        (directory / "comm").write_text(name + "\n")
        (directory / "maps").write_bytes(maps)
        (directory / "environ").write_bytes(environ)
        (directory / "exe").symlink_to(executable)
        (directory / "cwd").symlink_to("/")
        (directory / "root").symlink_to(root)
        self._namespaces(directory, mount_namespace, "pid:[2]" if inner else "pid:[1]")
        return ProcessKey(pid, started)

    @staticmethod
    def _namespaces(directory: Path, mounts: str, pids: str) -> None:
        (directory / "ns").mkdir(parents=True)
        (directory / "ns" / "mnt").symlink_to(mounts)
        (directory / "ns" / "pid").symlink_to(pids)


@pytest.fixture
def fake_proc(tmp_path: Path) -> FakeProc:
    (tmp_path / "proc").mkdir()
    return FakeProc(tmp_path / "proc")


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory with a short path: a socket's may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="oct-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_socket() -> Callable[[Path], Path]:
    """Leaves a socket at a path; nobody listens on it."""

    def make(path: Path) -> Path:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        return path

    return make
