"""A made-up `/proc` and `/sys` for the doctor: a target and octotui, each with what the kernel would say of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octotui.cli.doctor.check import Check
from octotui.cli.doctor.obstacles import obstacles
from octotui.cli.doctor.roots import Roots
from octotui.dotnet.model import CreatedumpTool, DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps.rights import Rights
from octotui.processes.model import ProcessKey

PID = 14220
USER = 1000
EVERY_CAPABILITY = "000001ffffffffff"
DOCKER_DEFAULT = "00000000a80425fb"
INITIAL = "0 0 4294967295"
TOOL = CreatedumpTool("/usr/share/dotnet/createdump", "/usr/share/dotnet/createdump", True)


@dataclass(frozen=True, slots=True)
class KernelWorld:
    """The roots below one directory. Nothing stands in them but what is written."""

    directory: Path

    @property
    def roots(self) -> Roots:
        return Roots(self.directory / "proc", self.directory / "sys")

    def write(self, **files: str) -> None:
        """`proc__self__uid_map="..."`: two underscores are a slash."""
        for name, text in files.items():
            self.file(name.replace("__", "/"), text)

    def file(self, path: str, text: str) -> Path:
        found = self.directory / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(text)
        return found

    def process(self, who: int | str, uid: int, capabilities: str = "0", seccomp: str = "0", user: str = "1") -> None:
        self.file(
            f"proc/{who}/status",
            f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapPrm:\t{capabilities}\nCapEff:\t{capabilities}\nSeccomp:\t{seccomp}\n",
        )
        maps = self.file(f"proc/{who}/maps", "")
        if os.geteuid() == 0:
            os.chown(maps, uid, uid)
            # The kernel leaves the directory to the process's user, dumpable or not.
            os.chown(maps.parent, USER, USER)
        namespace = self.directory / f"proc/{who}/ns/user"
        namespace.parent.mkdir(exist_ok=True)
        namespace.unlink(missing_ok=True)
        namespace.symlink_to(f"user:[{user}]")

    def ask(self, facts: RuntimeFacts, code: str, *, uid: int = 0, scope: int = 0) -> Check:
        """The line of that code for octotui run by `uid`."""
        found = {check.code: check for check in obstacles(facts, Rights(uid, uid, scope), self.roots)}
        return found[code]


def a_world(directory: Path, *, octotui_uid: int = 0, target_uid: int = USER) -> KernelWorld:
    """A host on which nothing stands in the way of root."""
    world = KernelWorld(directory)
    world.process("self", octotui_uid, EVERY_CAPABILITY if octotui_uid == 0 else "0")
    world.process(PID, target_uid)
    world.file("proc/self/uid_map", INITIAL)
    world.file("proc/sys/kernel/osrelease", "6.1.0\n")
    world.file("proc/sys/kernel/hostname", "web-07\n")
    return world


def facts_of(**changes: Any) -> RuntimeFacts:
    """A .NET process of an ordinary user that is in the best of health."""
    known: dict[str, Any] = {
        "key": ProcessKey(PID, 100),
        "kind": RuntimeKind.CORECLR,
        "version": "8.0.4",
        "runtime_directory": "/usr/share/dotnet",
        "createdump": TOOL,
        "socket": DiagnosticsSocket(f"/tmp/dotnet-diagnostic-{PID}-100-socket", PID, USER),
        "uid": USER,
        "gid": USER,
        "private_bytes": 300_000_000,
    }
    return RuntimeFacts(**{**known, **changes})
