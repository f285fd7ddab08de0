"""What a person should know before one process is captured: refusals, warnings and notices, each with its next step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.commands import as_root, octotui
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.model import DumpType, Remark, Severity, Step, Target
from octotui.dumps.rights import Rights
from octotui.units import bytes_text, seconds_text

TENTACLE = "tentacle-service"
SERVER = "server"
CAPTURING_TOOLS = ("octotui", "createdump", "dotnet-dump", "dotnet-gcdump")
"""What a tracer that captures is called."""
TENTACLE_PATIENCE_SECONDS = 60.0
IPC = "ipc"
DIRECT = "createdump"


def is_closed(facts: RuntimeFacts, proc: Path = Path("/proc")) -> bool:
    """Whether its memory is closed to its own user. Raises OSError when that cannot be told.

    The kernel gives the files of such a process to root; its directory keeps its owner.
    """
    return facts.uid not in (0, -1) and os.stat(proc / str(facts.key.pid) / "maps").st_uid != facts.uid


def refusal_of(facts: RuntimeFacts, target: Target, rights: Rights, proc: Path = Path("/proc")) -> Remark | None:
    """Why this process cannot be captured by anybody's backend, or None."""
    key, pid = facts.key, facts.key.pid
    who = f"process {pid} ({target.name})"
    if not rights.may_act_for(facts.uid):
        owner = f"{target.user} (uid {facts.uid})" if target.user else f"uid {facts.uid}"
        return Remark(
            Severity.REFUSAL,
            "other-user",
            f"{who} belongs to {owner}; only that user and root may capture it",
            as_root("dump", str(pid)),
            key,
        )
    if facts.tracer_pid:
        tracer = f"{facts.tracer_name or 'a process'} (pid {facts.tracer_pid})"
        return Remark(
            Severity.REFUSAL,
            "traced",
            f"{who} is being traced by {tracer}, and only one can trace a process",
            # To end a capture that its octotui left behind would cost a good dump.
            "that is another capture: wait until it is over, octotui dumps lists it then"
            if facts.tracer_name.startswith(CAPTURING_TOOLS)
            else f"end that tracer or wait for it: ps -fp {facts.tracer_pid}",
            key,
        )
    if _is_surely_closed(facts, proc):
        return Remark(
            Severity.REFUSAL,
            "not-dumpable",
            f"{who} is closed even to its own user, as whom its dump would be written: it is setuid, its program is "
            "not readable, or it set PR_SET_DUMPABLE 0",
            octotui("doctor", str(pid)),
            key,
        )
    if facts.kind is RuntimeKind.UNKNOWN:
        return Remark(
            Severity.REFUSAL,
            "unreadable",
            facts.unreadable or f"{who} cannot be looked into",
            as_root("dump", str(pid))
            if not rights.is_root
            else "give octotui CAP_SYS_PTRACE (docker run --cap-add=SYS_PTRACE), or capture it from the host",
            key,
        )
    return None


def _is_surely_closed(facts: RuntimeFacts, proc: Path) -> bool:
    try:
        return is_closed(facts, proc)
    except OSError:
        return False


def remarks_of(step: Step, asked: DumpType, surroundings: Surroundings | None = None) -> Iterator[Remark]:
    """Warnings and notices of one step."""
    target, facts = step.target, step.facts
    key, name = target.key, f"{target.label or target.name} {target.key.pid}"
    if facts.waits_at_start:
        yield Remark(
            Severity.NOTICE,
            "waits-at-start",
            f"{name} runs no code yet: its runtime waits for a diagnostics tool ({facts.waits_at_start}), only a full "
            "dump of it can be read, and it waits on afterwards",
            "let that tool continue it, or start it without that variable",
            key,
        )
    elif asked is not step.type:
        is_packed = facts.kind is RuntimeKind.SINGLE_FILE
        why = "is a single-file program, which" if is_packed else "has no createdump that can be used, so it"
        reason = f"{name} {why} can only be dumped in full: its dump will be {step.type}"
        yield Remark(Severity.NOTICE, "full-only", reason, key=key)
    if not step.is_portable:
        yield Remark(
            Severity.NOTICE,
            "not-portable",
            f"the dump of {name} by {step.backend} can be read on this host alone, and support's tools may find no "
            ".NET in it",
            "leave --backend out for a dump that can be sent to support",
            key,
        )
    yield from long_pause(step)
    if target.role == SERVER:
        yield Remark(
            Severity.WARNING,
            "server",
            f"{name} is an Octopus Server: nobody can use it during the pause, and its dump holds data of every space",
            "capture it only when support asked for exactly that",
            key,
        )
    if facts.state == "T":
        yield Remark(Severity.NOTICE, "stopped", f"{name} is stopped and will stay so after its dump", key=key)
    room = (surroundings or Surroundings()).room_in_cgroup(key.pid)
    if room is not None and room < step.estimate.bytes and step.backend == IPC:
        could_be_direct = any(passed.backend == DIRECT and "asked for" in passed.reason for passed in step.passed_over)
        yield Remark(
            Severity.WARNING,
            "memory-limit",
            f"the memory limit of {name} leaves {bytes_text(room)}; what its runtime writes counts against it, "
            f"about {bytes_text(step.estimate.bytes)}",
            "use --backend createdump, whose memory does not count against that limit"
            if could_be_direct
            else "use --type mini, or raise that limit for as long as the capture takes",
            key,
        )


def long_pause(step: Step) -> Iterator[Remark]:
    """The warning that a Tentacle stands still for longer than its server has patience."""
    target, pause = step.target, step.estimate.pause_seconds
    name = f"{target.label or target.name} {target.key.pid}"
    if target.role == TENTACLE and pause > TENTACLE_PATIENCE_SECONDS:
        yield Remark(
            Severity.WARNING,
            "long-pause",
            f"{name} will stand still for about {seconds_text(pause)} and may lose its connection to the server",
            "use --type mini, which takes less than a second",
            target.key,
        )
