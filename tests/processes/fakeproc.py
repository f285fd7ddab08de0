"""A proc file system made of plain files, for the things that a real one does only once in a while."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

KERNEL_THREAD = 0x00200040
USER_PROCESS = 0x00400000


class FakeProc:
    """Processes as directories below `root`; `add` again to change one."""

    def __init__(self, root: Path, *, uptime: float = 1000.0) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.set_uptime(uptime)

    def set_uptime(self, seconds: float) -> None:
        (self.root / "uptime").write_text(f"{seconds:.2f} 0.00\n")

    def add(
        self,
        pid: int,
        argv: Sequence[bytes] = (b"/bin/bash",),
        *,
        name: bytes = b"bash",
        parent: int = 1,
        started: int = 100,
        state: str = "S",
        user_ticks: int = 0,
        system_ticks: int = 0,
        threads: int = 1,
        rss_pages: int = 256,
        flags: int = USER_PROCESS,
        faults: int = 90,
        stack: int = 0x7FFC0000,
        executable: str = "/bin/bash",
        cwd: str = "/srv",
        cgroup: bytes = b"0::/system.slice/tentacle.service\n",
        command: bytes | None = None,
    ) -> Path:
        home = self.root / str(pid)
        home.mkdir(exist_ok=True)
        line = (
            f"{state} {parent} {pid} {pid} 0 -1 {flags} {faults} 0 0 0 {user_ticks} {system_ticks} 0 0 20 0 "
            f"{threads} 0 {started} 12000000 {rss_pages} 18446744073709551615 1 1 {stack} "
            "0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0"
        )
        (home / "stat").write_bytes(b"%d (%s) %s\n" % (pid, name, line.encode()))
        (home / "cmdline").write_bytes(b"".join(a + b"\0" for a in argv) if command is None else command)
        (home / "cgroup").write_bytes(cgroup)
        for link, target in (("exe", executable), ("cwd", cwd)):
            (home / link).unlink(missing_ok=True)
            if target:
                (home / link).symlink_to(target)
        return home

    def add_kernel_thread(self, pid: int, name: bytes, *, parent: int = 2) -> None:
        self.add(
            pid, (), name=name, parent=parent, started=1, state="I", rss_pages=0, flags=KERNEL_THREAD, stack=0,
            executable="", cwd="", cgroup=b"0::/\n",
        )  # fmt: skip

    def remove(self, pid: int) -> None:
        shutil.rmtree(self.root / str(pid))
