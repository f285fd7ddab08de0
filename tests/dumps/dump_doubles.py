"""Stand-ins for the dump room: processes to hold, facts made by hand, and a backend that does as it is told."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dump_cores import Core

from octotui.dotnet.model import CreatedumpTool, DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpType
from octotui.dumps.staged.journal import Entry
from octotui.dumps.staged.staging import Staging
from octotui.dumps.targets.target import read_status
from octotui.dumps.verifying.writers import Writer
from octotui.errors import CaptureFailed, OctotuiError
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample, Snapshot


class Sleeper:
    """A real process that does nothing, to be held and captured by scripted backends."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(["sleep", "600"])
        status = read_status(self.process.pid)
        assert status is not None
        self.key = ProcessKey(self.process.pid, status.started)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class Sleepers:
    """Starts sleepers that end with the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def __call__(self) -> Sleeper:
        sleeper = Sleeper()
        self._stack.callback(sleeper.end)
        return sleeper


def facts_of(key: ProcessKey, **changes: Any) -> RuntimeFacts:
    """Facts of a healthy .NET 8 process of our own user."""
    facts = RuntimeFacts(
        key=key,
        kind=RuntimeKind.CORECLR,
        version="8.0.4",
        runtime_directory="/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.4",
        createdump=CreatedumpTool("/usr/bin/createdump", "/usr/bin/createdump", True),
        socket=DiagnosticsSocket("/tmp/no-such-socket", key.pid, os.geteuid()),
        uid=os.geteuid(),
        gid=os.getegid(),
        namespace_pid=key.pid,
        threads=1,
        private_bytes=50_000_000,
        mapped_bytes=20_000_000,
    )
    return replace(facts, **changes)


def info(key: ProcessKey, parent: int = 1, name: str = "Calamari", **changes: Any) -> ProcessInfo:
    return replace(ProcessInfo(key, parent, name, argv=(name,), user="root", uid=os.geteuid()), **changes)


def sample_of(*processes: ProcessInfo, meanings: dict[ProcessKey, Meaning] | None = None) -> Sample:
    snapshot = Snapshot("host", datetime.now(UTC), 0.0, 0.0, {process.key: process for process in processes})
    calamari = Meaning(role="calamari", label="Calamari", dotnet=True)
    return Sample(snapshot, meanings={process.key: calamari for process in processes} | (meanings or {}))


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(content)
    path.chmod(0o600)


class ScriptedBackend:
    """A backend that writes a small whole core, or what it was told instead.

    `holds` makes a run wait for `release`; `ended` counts the runs that came to their end, whichever.
    """

    title = "scripted"
    writer = Writer.CREATEDUMP
    is_portable = True
    is_on_request = False
    needs = "nothing"
    does = "what it is told"

    def __init__(self, name: str = "ipc") -> None:
        self._name = name
        self.available = Availability(True, "it does as it is told")
        self.core: Core | None = Core()
        self.content: bytes | None = None
        self.fails: OctotuiError | None = None
        self.crashes: BaseException | None = None
        self.holds = False
        self.release = asyncio.Event()
        self.started = asyncio.Event()
        self.runs: list[Capture] = []
        self.ended = 0

    @property
    def name(self) -> str:
        return self._name

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        return self.available

    async def run(self, capture: Capture) -> None:
        self.runs.append(capture)
        self.started.set()
        try:
            if self.fails is not None:
                raise self.fails
            if self.crashes is not None:
                raise self.crashes
            path = Path(capture.path)
            pid = capture.facts.key.pid
            core = bytes(replace(self.core, pid=pid, threads=(pid,))) if self.core else b""
            content = self.content if self.content is not None else core
            if content:
                append(path, content[:5000])
            if self.holds:
                await self.release.wait()
            if content:
                append(path, content[5000:])
            capture.note("[createdump] Dump successfully written in 1ms")
        finally:
            self.ended += 1


def silent_socket() -> CaptureFailed:
    return CaptureFailed("the runtime did not answer", code="socket-silent")


def entry_of(staging: Staging, store: Store, owner: tuple[int, int], name: str) -> Entry:
    """The journal's entry of a capture into `staging` that the octotui `owner` (pid, start ticks) began."""
    device, inode = staging.identity
    return Entry(
        owner_pid=owner[0],
        owner_started=owner[1],
        target_pid=4242,
        target_started=1,
        namespace_pid=4242,
        staging=str(staging.directory),
        device=device,
        inode=inode,
        file="dump",
        writer_uid=os.geteuid(),
        destination=str(store.directory),
        name=name,
        record={"schema": 1, "captured_at": "2026-09-30T10:15:02Z", "name": "Calamari", "outcome": "lost"},
    )
