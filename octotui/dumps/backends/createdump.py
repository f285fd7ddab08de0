"""Captures with the createdump of the target's own runtime, started directly: for a stopped or stuck target."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

from octotui.dotnet import runtime
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends import advice, words
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights
from octotui.dumps.waiting import to_its_end, unbroken
from octotui.dumps.writers import Writer
from octotui.errors import CaptureFailed, OctotuiError
from octotui.text import printable
from octotui.units import seconds_text

GRACE_SECONDS = 0.5
UNCHANGED = ("kind", "uid", "gid", "groups", "runtime_directory", "createdump", "same_mounts")
LOG_BYTES = 64 << 10
FIRST_VERSION_WITHOUT_PID = 11
OPTIONS = {DumpType.MINI: "-n", DumpType.HEAP: "-h", DumpType.TRIAGE: "-t", DumpType.FULL: "-u"}

_PR_SET_NO_NEW_PRIVS = 38
_F_SEAL_GROW = 0x0004


class CreatedumpBackend:
    """Runs with the rights of the target's user and no more, and never executes as root what others can change."""

    name = "createdump"
    title = "createdump, started directly"
    writer = Writer.CREATEDUMP
    is_portable = True
    is_on_request = False
    needs = "a createdump beside the process's runtime, the same files as octotui, and the right to trace it"
    does = "captures a process that is stopped or whose runtime does not answer"

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        """Its order is the order of the reasons: what a person could not change stands first."""
        tool = facts.createdump
        if tool is None:
            return Availability(False, "there is no createdump beside its runtime")
        if _lost_its_pid(facts.version):
            return Availability(False, f"the createdump of .NET {facts.version} only dumps the process that starts it")
        if not facts.same_mounts:
            return Availability(False, "it sees other files than octotui (container, chroot or private mounts)")
        if not self._rights.may_act_for(facts.uid):
            return Availability(False, f"it runs as uid {facts.uid}", "run octotui with sudo")
        if not tool.is_runnable:
            return Availability(False, f"its createdump cannot be run ({tool.problem})", advice.run_bits(tool))
        if facts.uid == 0 and tool.untrusted:
            return Availability(
                False,
                f"someone other than root can change {printable(tool.untrusted)}, and createdump would run it as root",
                advice.trust(facts, tool.untrusted),
            )
        denial, hint = self._rights.why_not_trace(facts.uid, is_child_of_target=False)
        if denial:
            return Availability(False, denial, hint)
        whom = "as root, from files that only root can change" if facts.uid == 0 else f"as uid {facts.uid}"
        return Availability(True, f"the createdump of its own runtime can be started {whom}")

    async def run(self, capture: Capture) -> None:
        log = _bounded_log()
        try:
            with ThreadPoolExecutor(1) as starter:
                await self._run(capture, log, starter)
        finally:
            os.close(log)

    async def _run(self, capture: Capture, log: int, starter: ThreadPoolExecutor) -> None:
        started: list[subprocess.Popen[bytes]] = []
        loop = asyncio.get_running_loop()
        deadline = capture.deadline_seconds
        try:
            await unbroken(loop.run_in_executor(starter, lambda: started.append(self._start(capture, log))))
            async with asyncio.timeout(deadline):
                await _exit_of(started[0])
        except TimeoutError as error:
            await to_its_end(_end(started[0]))
            raise CaptureFailed(
                f"the dump was not done after {seconds_text(deadline)} and was stopped; the target runs on",
                hint="try --type mini, or another --output DIR on a faster disk",
                code="deadline",
            ) from error
        except asyncio.CancelledError:
            if started:
                await to_its_end(_end(started[0]))
            raise
        except OSError as error:
            raise CaptureFailed(
                f"createdump could not be started ({error.strerror})",
                hint="octotui doctor PID says what stands in the way",
                code="not-started",
            ) from error
        capture.note(_words_in(log))
        code = started[0].wait()
        if code != 0:
            raise words.failure(capture.said, _exit_words(code), code="createdump-failed")

    def _start(self, capture: Capture, log: int) -> subprocess.Popen[bytes]:
        """Starts createdump as the target's user. Runs in a thread that ends soon: no-new-privileges sticks to it."""
        facts = self._confirmed(capture)
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        is_other = facts.uid != self._rights.uid
        process = subprocess.Popen(
            [
                _tool(capture),
                OPTIONS[capture.type],
                "-f",
                capture.template,
                str(facts.key.pid),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
            umask=0o077,
            start_new_session=True,
            user=facts.uid if is_other else None,
            group=facts.gid if is_other else None,
            extra_groups=facts.groups if is_other else None,
        )
        try:
            # createdump knows its target by a bare pid: what it was started for must still have it.
            capture.target.check()
        except OctotuiError:
            _end_now(process)
            raise
        return process

    def _confirmed(self, capture: Capture) -> RuntimeFacts:
        """The facts as they are at this moment: of the held process, with the user and runtime that were admitted.

        Raises CaptureFailed when they are others, ProcessGone when the process ended.
        """
        known = capture.facts
        capture.target.check()
        facts = runtime.inspect(known.key)
        is_same = all(getattr(facts, name) == getattr(known, name) for name in UNCHANGED)
        available = self.probe(facts, capture.type)
        if not is_same or not available.ok:
            why = "another program or user" if not is_same else available.reason
            raise CaptureFailed(
                f"process {known.key.pid} is not what it was a moment ago ({why})",
                hint="look at it and plan again",
                code="changed",
            )
        return facts


def _tool(capture: Capture) -> str:
    tool = capture.facts.createdump
    if tool is None:
        raise CaptureFailed("there is no createdump beside its runtime", code="no-createdump")
    return tool.reachable


def _lost_its_pid(version: str) -> bool:
    major = version.partition(".")[0]
    return major.isdigit() and int(major) >= FIRST_VERSION_WITHOUT_PID


def _bounded_log() -> int:
    """A file in memory for the tool's words. A pipe would end the tool if octotui died; this one cannot grow either."""
    import fcntl

    log = os.memfd_create("octotui-createdump", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(log, LOG_BYTES)
    fcntl.fcntl(log, fcntl.F_ADD_SEALS, _F_SEAL_GROW)
    return log


def _words_in(log: int) -> str:
    # The tool shares the file's offset and can set it anywhere: it says nothing of what was written.
    return os.pread(log, LOG_BYTES, 0).replace(b"\0", b"").decode("utf-8", "replace")


async def _exit_of(process: subprocess.Popen[bytes]) -> None:
    """Returns when the process has ended, without taking its exit status."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the tool and collects it."""
    process.terminate()
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await _exit_of(process)
    except TimeoutError:
        process.kill()
        await _exit_of(process)
    process.wait()


def _end_now(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _exit_words(code: int) -> str:
    if code < 0:
        try:
            return f"createdump was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"createdump was ended by signal {-code}"
    return f"createdump ended with exit code {code} and said nothing"
