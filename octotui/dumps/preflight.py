"""What a person should know before one process is captured: refusals, warnings and notices, each with its next step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.model import DumpType, Remark, Severity, Step, Target
from octotui.dumps.rights import Rights
from octotui.processes.cgroups import CGROUP_ROOT, memory_room, parse_cgroups
from octotui.units import bytes_text, seconds_text

TENTACLE = "tentacle-service"
SERVER = "server"
TENTACLE_PATIENCE_SECONDS = 60.0


def refusal_of(facts: RuntimeFacts, target: Target, rights: Rights) -> Remark | None:
    """Why this process cannot be captured by anybody's backend, or None."""
    key, pid = facts.key, facts.key.pid
    who = f"process {pid} ({target.name})"
    if not rights.may_act_for(facts.uid):
        owner = f"{target.user} (uid {facts.uid})" if target.user else f"uid {facts.uid}"
        return Remark(
            Severity.REFUSAL,
            "other-user",
            f"{who} belongs to {owner}; only that user and root may capture it",
            f'run "sudo octotui dump {pid}"',
            key,
        )
    if facts.tracer_pid:
        tracer = f"{facts.tracer_name or 'a process'} (pid {facts.tracer_pid})"
        return Remark(
            Severity.REFUSAL,
            "traced",
            f"{who} is being traced by {tracer}, and only one can trace a process",
            f"end that tracer or wait for it: ps -fp {facts.tracer_pid}",
            key,
        )
    if facts.kind is RuntimeKind.UNKNOWN:
        return Remark(
            Severity.REFUSAL,
            "unreadable",
            facts.unreadable or f"{who} cannot be looked into",
            f'run "sudo octotui dump {pid}"' if not rights.is_root else f'run "octotui doctor {pid}"',
            key,
        )
    return None


def remarks_of(
    step: Step, asked: DumpType, cgroups: Path = CGROUP_ROOT, proc: Path = Path("/proc")
) -> Iterator[Remark]:
    """Warnings and notices of one step."""
    target, facts = step.target, step.facts
    key, name = target.key, f"{target.label or target.name} {target.key.pid}"
    if asked is not step.type:
        reason = f"{name} is a single-file program, which can only be dumped in full: its dump will be {step.type}"
        yield Remark(Severity.NOTICE, "full-only", reason, key=key)
    pause = step.estimate.pause_seconds
    if target.role == TENTACLE and pause > TENTACLE_PATIENCE_SECONDS:
        yield Remark(
            Severity.WARNING,
            "long-pause",
            f"{name} will stand still for about {seconds_text(pause)} and may lose its connection to the server",
            "use --type mini, which takes less than a second",
            key,
        )
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
    room = _memory_room(key.pid, cgroups, proc)
    if room is not None and room < step.estimate.bytes and step.backend == "ipc":
        yield Remark(
            Severity.WARNING,
            "memory-limit",
            f"the memory limit of {name} leaves {bytes_text(room)}; what its runtime writes counts against it, "
            f"about {bytes_text(step.estimate.bytes)}",
            "use --backend createdump, whose memory does not count against that limit",
            key,
        )


def _memory_room(pid: int, cgroups: Path, proc: Path) -> int | None:
    try:
        return memory_room(parse_cgroups((proc / str(pid) / "cgroup").read_bytes()), cgroups).free_bytes
    except (OSError, ValueError):
        return None
