"""What speaks against asking a runtime anything: told from /proc, before its socket is touched."""

from __future__ import annotations

import os

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.errors import OctotuiError, Refused
from octotui.text import printable

OWN_TRACER = "octotui-tracer"
"""One that waits for the end of a process lets it run and passes its signals on."""


def why_not(facts: RuntimeFacts, euid: int | None = None) -> OctotuiError | None:
    """The sentence, with the next step; None when the process can be asked. `euid` is octotui's own."""
    pid, socket = facts.key.pid, facts.socket
    euid = os.geteuid() if euid is None else euid
    if facts.kind is RuntimeKind.NONE:
        return _refused(f"process {pid} is not a .NET process", f"octotui stacks --tree {pid}", "not-dotnet")
    if facts.unreadable and socket is None:
        return _refused(facts.unreadable, f"sudo octotui stacks {pid}", "unreadable")
    if socket is None:
        why = facts.socket_problem or "it has no diagnostics socket"
        return _refused(f"process {pid} cannot be asked: {why}", f"octotui dump {pid}", "no-socket")
    if euid not in (0, socket.uid):
        words = f"process {pid} of uid {socket.uid} answers that user and root only"
        return _refused(words, f"sudo octotui stacks {pid}", "denied")
    if facts.state in "ZX":
        return _refused(f"process {pid} has ended", "octotui tree", "process-gone")
    if facts.tracer_pid and not facts.tracer_name.startswith(OWN_TRACER):
        by = f"{printable(facts.tracer_name, 40)} ({facts.tracer_pid})" if facts.tracer_name else str(facts.tracer_pid)
        words = f"process {pid} is traced by {by}, which may stop it at any moment"
        return _refused(words, "end that tool first", "traced")
    if facts.state in "Tt":
        return _refused(f"process {pid} is stopped and cannot answer", f"kill -CONT {pid}", "stopped")
    if facts.waits_at_start:
        variable = facts.waits_at_start.partition("=")[0]
        words = f"process {pid} waits at its start for a tool ({variable}) and runs no managed code yet"
        return _refused(words, "let that tool continue it", "suspended")
    return None


def _refused(message: str, hint: str, code: str) -> Refused:
    return Refused(message, hint=hint, code=code)
