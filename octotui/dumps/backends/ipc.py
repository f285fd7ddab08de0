"""Captures through the diagnostics socket: the process's own runtime starts createdump, as the process's own user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from octotui.dotnet import ipc
from octotui.dotnet.model import DiagnosticsSocket, RuntimeFacts, RuntimeKind
from octotui.dumps.backends import advice, words
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.commands import as_root
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights
from octotui.dumps.targets.target import find_capturing_child, kill_capturing_child
from octotui.dumps.targets.waiting import in_thread, to_its_end
from octotui.dumps.verifying.writers import Writer
from octotui.errors import CaptureFailed, DiagnosticsError
from octotui.units import seconds_text

LIVENESS_SECONDS = 3.0
STOPPING_SECONDS = 3.0
ENDING_SECONDS = 1.0
GUARD_SECONDS = 0.1
GUARD_STRIKES = 3
KINDS = {
    DumpType.MINI: ipc.DumpKind.NORMAL,
    DumpType.HEAP: ipc.DumpKind.HEAP,
    DumpType.TRIAGE: ipc.DumpKind.TRIAGE,
    DumpType.FULL: ipc.DumpKind.FULL,
}


async def answering_socket(capture: Capture) -> DiagnosticsSocket:
    """The target's socket, which answered just now: that also proves that the target itself listens there.

    Raises CaptureFailed: `no-socket`, or `socket-silent` where another backend may stand in.
    """
    socket = capture.facts.socket
    if socket is None:
        raise CaptureFailed("the process has no diagnostics socket", code="no-socket")
    try:
        await ipc.process_info(socket, timeout=LIVENESS_SECONDS)
    except DiagnosticsError as error:
        raise CaptureFailed(error.message, hint=error.hint, code="socket-silent") from error
    return socket


class IpcBackend:
    """The lasting way: needs no tool on the host and executes nothing as anyone but the target's user."""

    name = "ipc"
    title = "diagnostics socket"
    writer = Writer.CREATEDUMP
    is_portable = True
    is_on_request = False
    needs = "the process's diagnostics socket, and a createdump beside its runtime that its user may execute"
    does = "needs no tool on the host and works in containers; the runtime dumps itself, as its own user"

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        """Every condition that, unmet, would fail the dump or cost the target its socket."""
        socket = facts.socket
        if socket is None:
            return Availability(False, facts.socket_problem or "it has no diagnostics socket")
        if not self._rights.may_act_for(socket.uid):
            reason = f"its socket answers uid {socket.uid} and root only"
            return Availability(False, reason, as_root("dump", str(facts.key.pid)))
        if facts.state in "TtZX":
            return Availability(False, "it is stopped, so its runtime cannot answer", "leave --backend out")
        if facts.kind is RuntimeKind.SINGLE_FILE:
            if type is not DumpType.FULL:
                return Availability(False, "a single-file program can only be dumped in full", "use --type full")
        elif facts.createdump is None or not facts.createdump.is_runnable:
            problem = facts.createdump.problem if facts.createdump else "there is none beside its runtime"
            return Availability(
                False,
                f"its createdump cannot be run ({problem}), and asking for it would cost the process its socket",
                advice.run_bits(facts.createdump) if facts.createdump else "",
            )
        denial, hint = self._rights.why_not_trace(facts.uid, is_child_of_target=True)
        if denial:
            return Availability(False, denial, hint)
        return Availability(True, "its runtime answers on its diagnostics socket and dumps as its own user")

    async def run(self, capture: Capture) -> None:
        await answering_socket(capture)
        try:
            await self._request(capture)
        except CaptureFailed:
            if not words.is_early_denial(capture.said):
                raise
            capture.said.clear()
            await self._request(capture)

    async def _request(self, capture: Capture) -> None:
        assert capture.facts.socket is not None
        request = asyncio.ensure_future(
            ipc.generate_core_dump(
                capture.facts.socket, capture.template, KINDS[capture.type], timeout=capture.deadline_seconds
            )
        )
        guard = asyncio.ensure_future(keep_answering(capture))
        try:
            await asyncio.shield(request)
        except asyncio.CancelledError:
            kill_capturing_child(capture.target.key)
            await to_its_end(_stop(capture, request))
            raise
        except DiagnosticsError as error:
            await to_its_end(_stop(capture, request))
            if error.code == "diagnostics-closed":
                # Its connections close a little before it is gone.
                await in_thread(capture.target.ends_within, ENDING_SECONDS)
            raise _failure(capture, error) from error
        finally:
            guard.cancel()


async def keep_answering(capture: Capture) -> None:
    """Continues a target that a killed createdump left stopped: its runtime could not reply otherwise."""
    strikes = 0
    while True:
        await asyncio.sleep(GUARD_SECONDS)
        status = capture.target.status()
        is_stuck = status is not None and status.state == "T" and not status.tracer_pid and not capture.was_stopped
        strikes = strikes + 1 if is_stuck and find_capturing_child(capture.target.key) is None else 0
        if strikes >= GUARD_STRIKES:
            await in_thread(capture.target.resume_if_left_stopped, False)
            strikes = 0


async def _stop(capture: Capture, request: asyncio.Future[None]) -> None:
    """Ends the createdump that the target started or is about to start, until the runtime says that it is over."""
    await end_capturing_child(capture, request.done)
    if not request.done():
        request.cancel()
    await asyncio.gather(request, return_exceptions=True)


async def end_capturing_child(capture: Capture, is_over: Callable[[], bool]) -> None:
    """Ends the createdump that the target started or is about to start; `is_over` tells when it starts no other.

    Closing the connection would not do it: the runtime waits for its child, and the target stands still meanwhile.
    """
    key = capture.target.key
    loop = asyncio.get_running_loop()
    deadline = loop.time() + STOPPING_SECONDS
    while loop.time() < deadline and capture.target.is_alive:
        killed = kill_capturing_child(key)
        if not killed and is_over() and find_capturing_child(key) is None:
            break
        await asyncio.sleep(0.01)


def _failure(capture: Capture, error: DiagnosticsError) -> CaptureFailed:
    if error.code == "diagnostics-closed" and not capture.target.is_alive:
        return words.target_ended()
    if error.code == "diagnostics-timeout":
        return CaptureFailed(
            f"the dump was not done after {seconds_text(capture.deadline_seconds)} and was stopped; the target runs on",
            hint="try --type mini, or another --output DIR on a faster disk",
            code="deadline",
        )
    for line in error.message.split("; "):
        capture.note(line)
    if error.code != "diagnostics-failed":
        return CaptureFailed(error.message, hint=error.hint, code=error.code)
    return words.failure(capture.said, error.message, code=error.code)
