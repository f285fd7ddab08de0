"""Captures with gdb's gcore, only where it is asked for by name: its dump can be read on this host alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from octotui.dotnet import maps
from octotui.dotnet.access import Identity, why_not_runnable
from octotui.dotnet.kernel import read_bounded
from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dotnet.trust import first_untrusted
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.backends.launching import ENVIRONMENT, confirmed, run_tool, start
from octotui.dumps.commands import as_root
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights
from octotui.dumps.verifying.writers import Writer
from octotui.errors import CaptureFailed
from octotui.text import printable

GDB = ("/usr/bin/gdb", "/usr/local/bin/gdb")
MOST_FILES = 4000

_SETTINGS = (
    # Nothing is loaded that lies beside the target's files, and no library of threads but the host's own.
    "set auto-load off",
    "set auto-load safe-path /nonexistent",
    "set libthread-db-search-path $sdir",
    "set auto-solib-add off",
    "set debuginfod enabled off",
    "set confirm off",
    "set pagination off",
)
_ENVIRONMENT = {**ENVIRONMENT, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_NOISE = ("warning: ", "[", "Using host libthread_db", "Saved corefile")


class GcoreBackend:
    """gdb with the rights of the target's user, told to load nothing; a target of root only from files of root.

    Not in the sandbox of createdump: it names no library by the target's memory, and without the links of `/proc` it
    would read that memory word by word, with the target standing still.
    """

    name = "gcore"
    title = "gdb's gcore"
    writer = Writer.GCORE
    is_portable = False
    is_on_request = True
    needs = "gdb, the same files as octotui, and the right to trace the process"
    does = "needs nothing of .NET; the dump lacks what support's tools look for and can be read on this host alone"

    def __init__(self, rights: Rights, places: Sequence[str] = GDB, proc: Path = Path("/proc")) -> None:
        self._rights = rights
        self._places = places
        self._proc = proc

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        gdb = next((path for path in self._places if os.path.lexists(path)), "")
        if not gdb:
            return Availability(False, "gdb is not installed", "sudo apt-get install gdb", is_installed=False)
        if type is not DumpType.HEAP:
            return Availability(False, "gcore writes a heap dump and no other", "use --type heap")
        if not facts.same_mounts:
            return Availability(False, "it sees other files than octotui (container, chroot or private mounts)")
        if not self._rights.may_act_for(facts.uid):
            return Availability(False, f"it runs as uid {facts.uid}", as_root("dump", str(facts.key.pid)))
        who = Identity(facts.uid, facts.gid, facts.groups, overrides_modes=facts.uid == 0)
        if problem := why_not_runnable(gdb, who):
            return Availability(False, f"gdb cannot be run ({problem})")
        if untrusted := first_untrusted(gdb):
            return Availability(False, f"someone other than root can change {printable(untrusted)}")
        if facts.kind is RuntimeKind.UNKNOWN:
            return Availability(False, "its memory map cannot be read")
        if facts.uid == 0 and (foreign := self._foreign_file(facts)):
            return Availability(
                False,
                f"gdb would read {printable(foreign)} as root, which someone other than root can change",
                "use --backend ipc",
            )
        denial, hint = self._rights.why_not_trace(facts.uid, is_child_of_target=False)
        if denial:
            return Availability(False, denial, hint)
        return Availability(True, f"gdb can be started as uid {facts.uid}; its dump can be read on this host alone")

    async def run(self, capture: Capture) -> None:
        if printable(capture.path) != capture.path:
            raise CaptureFailed(
                "gdb cannot be told that path", hint="choose an --output DIR with a plain name", code="path"
            )

        def begin(log: int) -> subprocess.Popen[bytes]:
            confirmed(capture, self.probe)
            gdb = next(path for path in self._places if os.path.lexists(path))
            settings = [word for setting in _SETTINGS for word in ("-iex", setting)]
            pid = str(capture.facts.key.pid)
            command = [gdb, "-nx", "-nh", "-batch", *settings, "-p", pid, "-ex", f"gcore {capture.path}"]
            return start(command, capture, self._rights, log, _ENVIRONMENT, is_bounded=True)

        await run_tool("gdb", capture, begin, _failure)

    def _foreign_file(self, facts: RuntimeFacts) -> str:
        """The first file in the memory of the process that someone other than root can change; "" for none."""
        try:
            raw = read_bounded(self._proc / str(facts.key.pid) / "maps", maps.LARGEST_MAP)
        except OSError:
            return f"/proc/{facts.key.pid}/maps"
        paths = list(dict.fromkeys(mapping.path for mapping in maps.parse_maps(raw) if mapping.is_file))
        if len(paths) > MOST_FILES:
            return paths[MOST_FILES]
        return next((bad for bad in map(first_untrusted, paths) if bad), "")


def _failure(said: Sequence[str], otherwise: str) -> CaptureFailed:
    lines = [line for line in said if not line.startswith(_NOISE)]
    text = "; ".join(lines[-3:]) or otherwise
    if "No space left on device" in text:
        hint, code = "free some space there, or choose another directory with --output DIR", "disk-full"
    elif "ptrace" in text:
        hint, code = "something else traces the process, or the kernel forbids it: octotui doctor", "traced"
    else:
        hint, code = "leave --backend out, or run octotui doctor PID", "gdb-failed"
    return CaptureFailed(text, hint=hint, code=code)
