"""Captures with dotnet-dump where it is installed: it asks the runtime over the same socket, with the user's rights."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from octotui.dotnet.access import Identity
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts
from octotui.dotnet.sockets import socket_name
from octotui.dumps.backends import dotnettool
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.backends.ipc import IpcBackend, answering_socket, end_capturing_child, keep_answering
from octotui.dumps.backends.launching import ENVIRONMENT, confirmed, run_tool, start
from octotui.dumps.disk.acting import Actor
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights
from octotui.dumps.targets.waiting import in_thread, to_its_end
from octotui.dumps.verifying.writers import Writer
from octotui.errors import CaptureFailed
from octotui.text import printable

TYPES = {DumpType.MINI: "Mini", DumpType.HEAP: "Heap", DumpType.TRIAGE: "Triage", DumpType.FULL: "Full"}
TEMPORARY = "t"
"""The tool's TMPDIR below the staging directory."""

_LONGEST_ADDRESS = 107


class DotnetDumpBackend:
    """The tool takes the newest socket in its TMPDIR that has the pid in its name, whoever made it. So it gets a
    TMPDIR of its own with one link in it, to the socket that octotui has verified."""

    name = "dotnet-dump"
    title = "dotnet-dump"
    writer = Writer.CREATEDUMP
    is_portable = True
    is_on_request = False
    needs = "what ipc needs, and a dotnet-dump with a .NET runtime that only root or the process's user can change"
    does = "asks the runtime as ipc does, by Microsoft's own tool"

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._socket = IpcBackend(rights)

    def _tool(self, facts: RuntimeFacts) -> dotnettool.Found:
        # Root starts nothing that others can change, not even with their own rights: see CreatedumpBackend.
        who = Identity(facts.uid, facts.gid, facts.groups, overrides_modes=facts.uid == 0)
        return dotnettool.find(who, facts.runtime_directory, frozenset({0, self._rights.uid}))

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        found = self._tool(facts)
        if not found.path:
            return Availability(False, found.problem, found.hint, is_installed=found.is_installed)
        if not facts.same_mounts or not facts.same_pids:
            return Availability(False, "it lives in a container, and dotnet-dump would run outside of it")
        available = self._socket.probe(facts, type)
        if not available.ok:
            return available
        return Availability(True, f"{printable(found.path)} can be started as uid {facts.uid}")

    async def run(self, capture: Capture) -> None:
        socket = await answering_socket(capture)
        directory, temporary = await in_thread(_prepare, capture, socket)
        guard = asyncio.ensure_future(keep_answering(capture))
        try:
            await run_tool(self.name, capture, lambda log: self._start(capture, temporary, directory, log))
        except BaseException:
            # The runtime waits for its createdump, and the target stands still, whether the tool lives or not.
            await to_its_end(end_capturing_child(capture, lambda: True))
            raise
        finally:
            guard.cancel()
            os.close(directory)

    def _start(self, capture: Capture, temporary: str, directory: int, log: int) -> subprocess.Popen[bytes]:
        facts = confirmed(capture, self.probe)
        if facts.socket != capture.facts.socket:
            raise CaptureFailed("its diagnostics socket is not where it was a moment ago", code="changed")
        found = self._tool(facts)
        environment = {
            **ENVIRONMENT,
            "HOME": temporary,
            "TMPDIR": temporary,
            "DOTNET_ROOT": found.runtime_root,
            "DOTNET_BUNDLE_EXTRACT_BASE_DIR": f"{temporary}/x",
            "DOTNET_EnableDiagnostics": "0",
            "COMPlus_EnableDiagnostics": "0",
            "DOTNET_NOLOGO": "1",
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
            "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        }
        pid, type = str(facts.key.pid), TYPES[capture.type]
        command = [found.path, "collect", "-p", pid, "--type", type, "-o", capture.template]
        return start(command, capture, self._rights, log, environment, inherited=(directory,))


def _prepare(capture: Capture, socket: DiagnosticsSocket) -> tuple[int, str]:
    """Makes the tool's TMPDIR, with its user's rights, in the staging directory, which is removed as a whole.

    Returns its descriptor and its path, which leads over that descriptor where a socket's path would be too long.
    """
    facts = capture.facts
    path = os.path.join(os.path.dirname(capture.path), TEMPORARY)
    link = os.path.join(path, socket_name(facts.namespace_pid, facts.key.started))

    def made() -> int:
        Path(path).mkdir(mode=0o700)
        Path(link).symlink_to(socket.path)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    try:
        directory = Actor(facts.uid, facts.gid, facts.groups).do(made)
    except OSError as error:
        raise CaptureFailed(
            f"no directory for dotnet-dump can be made beside the dump ({error.strerror})", code="unwritable"
        ) from error
    return directory, path if len(os.fsencode(link)) <= _LONGEST_ADDRESS else f"/proc/self/fd/{directory}"
