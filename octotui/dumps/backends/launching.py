"""Starts a capturing tool with the rights of the target's user and no more, watches it, and ends it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import platform
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from octotui.dotnet import runtime
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends import sandbox, words
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.estimating.estimates import estimated_bytes, most_bytes
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights
from octotui.dumps.targets.waiting import in_thread, to_its_end, unbroken
from octotui.errors import CaptureFailed, OctotuiError
from octotui.units import seconds_text

GRACE_SECONDS = 0.5
ENDING_SECONDS = 1.0
LOG_BYTES = 64 << 10
UNCHANGED = ("kind", "uid", "gid", "groups", "runtime_directory", "createdump", "same_mounts")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

_PR_SET_NO_NEW_PRIVS = 38
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1
_F_SEAL_GROW = 0x0004
_LIMIT_BLOCK = 512

Probe = Callable[[RuntimeFacts, DumpType], Availability]
Start = Callable[[int], subprocess.Popen[bytes]]
Explain = Callable[[Sequence[str], str], CaptureFailed]


def start(
    command: Sequence[str],
    capture: Capture,
    rights: Rights,
    log: int,
    environment: Mapping[str, str] = ENVIRONMENT,
    *,
    is_bounded: bool = False,
    inherited: Collection[int] = (),
    programs: Collection[str] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command` as the target's user, its words going to `log`; `is_bounded` limits the files it can write,
    and it gets the descriptors `inherited`. With `programs` it can run and load only those files and directories and
    the host's libraries, see `sandbox.enter`.

    Runs in a thread that ends soon: no-new-privileges, the keyring and the mounts stick to it. Raises OSError,
    SandboxError, and ProcessGone when the target ended meanwhile; nothing runs then.
    """
    facts = capture.facts
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if (keyctl := _KEYCTL.get(platform.machine())) is not None:
        # Whoever inherits a session keyring possesses its keys, whatever its uid.
        libc.syscall(ctypes.c_long(keyctl), ctypes.c_long(_KEYCTL_JOIN_SESSION_KEYRING), None)
    is_other = facts.uid != rights.uid
    if programs is not None:
        sandbox.enter(programs)
    process = subprocess.Popen(
        _bounded(command, most_bytes(estimated_bytes(facts, capture.type))) if is_bounded else list(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        env=dict(environment),
        pass_fds=tuple(inherited),
        umask=0o077,
        start_new_session=True,
        user=facts.uid if is_other else None,
        group=facts.gid if is_other else None,
        extra_groups=facts.groups if is_other else None,
    )
    try:
        # The tool knows its target by a bare pid: what it was started for must still have it.
        capture.target.check()
    except (OctotuiError, OSError):
        _end_now(process)
        raise
    return process


def _bounded(command: Sequence[str], most: int) -> list[str]:
    """The command with a limit, in bytes, on each file that it writes; only a shell can set one for it alone."""
    return ["/bin/sh", "-c", 'ulimit -f "$0" && exec "$@"', str(most // _LIMIT_BLOCK), *command]


def confirmed(capture: Capture, probe: Probe) -> RuntimeFacts:
    """The facts as they are at this moment: of the held process, with the user and runtime that were admitted.

    Raises CaptureFailed when they are others, ProcessGone when the process ended.
    """
    known = capture.facts
    capture.target.check()
    facts = runtime.inspect(known.key)
    is_same = all(getattr(facts, name) == getattr(known, name) for name in UNCHANGED)
    available = probe(facts, capture.type)
    if not is_same or not available.ok:
        why = "another program or user" if not is_same else available.reason
        raise CaptureFailed(
            f"process {known.key.pid} is not what it was a moment ago ({why})",
            hint="look at it and plan again",
            code="changed",
        )
    if available.type not in (None, capture.type):
        raise CaptureFailed(
            f"process {known.key.pid} can only be dumped in full: {available.reason}",
            hint=f"use --type {available.type}",
            code="full-only",
        )
    return facts


async def run_tool(name: str, capture: Capture, begin: Start, explain: Explain | None = None) -> None:
    """Runs the tool that `begin` starts to its end; `begin` gets the descriptor of its log.

    Raises CaptureFailed with its words, by `explain` where given. When it is cancelled or late the tool is ended first.
    """
    log = bounded_log()
    try:
        with ThreadPoolExecutor(1) as starter:
            code = await _run(name, capture, lambda: begin(log), starter)
        capture.note(words_in(log))
    finally:
        os.close(log)
    if code == 0:
        return
    # A killed target takes a moment to end: its tool is its tracer, and goes first.
    lines = words.failure_lines(capture.said)
    may_have_ended = code > 0 and (not lines or any("No such process" in line for line in lines))
    if await in_thread(capture.target.ends_within, ENDING_SECONDS if may_have_ended else 0.0):
        raise words.target_ended()
    otherwise = exit_words(name, code)
    raise explain(capture.said, otherwise) if explain else words.failure(capture.said, otherwise, code=f"{name}-failed")


async def _run(
    name: str, capture: Capture, begin: Callable[[], subprocess.Popen[bytes]], starter: ThreadPoolExecutor
) -> int:
    started: list[subprocess.Popen[bytes]] = []
    deadline = capture.deadline_seconds
    try:
        await unbroken(asyncio.get_running_loop().run_in_executor(starter, lambda: started.append(begin())))
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
            f"{name} could not be started ({error.strerror})",
            hint="octotui doctor PID says what stands in the way",
            code="not-started",
        ) from error
    return started[0].wait()


def bounded_log() -> int:
    """A file in memory for the tool's words. A pipe would end the tool if octotui died; this one cannot grow either."""
    import fcntl

    log = os.memfd_create("octotui-words", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(log, LOG_BYTES)
    fcntl.fcntl(log, fcntl.F_ADD_SEALS, _F_SEAL_GROW)
    return log


def words_in(log: int) -> str:
    """What the tool said. It can set the offset of the file that it shares: that tells nothing of what was written."""
    return os.pread(log, LOG_BYTES, 0).replace(b"\0", b"").decode("utf-8", "replace")


def exit_words(name: str, code: int) -> str:
    """How a tool ended, by its exit status as `Popen` gives it."""
    if code < 0:
        try:
            return f"{name} was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"{name} was ended by signal {-code}"
    return f"{name} ended with exit code {code} and said nothing"


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
