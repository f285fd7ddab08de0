"""The .NET processes of the host: which runtimes they run on, and whether each could be captured now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from octotui.cli.doctor.check import Check, failure, ok, warning
from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps import commands
from octotui.dumps.backends import advice
from octotui.dumps.model import DumpPlan, DumpRequest, Severity
from octotui.errors import NothingMatched, OctotuiError, ProcessGone
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable
from octotui.units import bytes_text, seconds_text

if TYPE_CHECKING:
    from octotui.host import Host

MOST_TARGETS = 50


def chosen(sample: Sample, pid: int | None) -> tuple[ProcessKey, ...]:
    """The process `pid`, or every .NET process with a role in Octopus. Raises NothingMatched for an unknown pid."""
    if pid is None:
        found = [
            key
            for key in sample.snapshot.processes
            if (meaning := sample.meaning(key)).dotnet and meaning.role not in ("", "none") and not meaning.is_own
        ]
        return tuple(sorted(found, key=lambda key: (key.started, key.pid))[:MOST_TARGETS])
    process = sample.snapshot.find(pid)
    if process is None:
        raise NothingMatched(f"no process has the pid {pid}", hint="octotui tree --all")
    return (process.key,)


def runtimes(sample: Sample, inspect: Callable[[ProcessKey], RuntimeFacts]) -> list[Check]:
    """One check for each runtime that a readable .NET process runs on, and whether its createdump is there."""
    seen: dict[str, Check] = {}
    for key in list(sample.snapshot.processes):
        if not sample.meaning(key).dotnet:
            continue
        try:
            facts = inspect(key)
        except OctotuiError:
            continue
        where = facts.runtime_directory
        if where and where not in seen and len(seen) < MOST_TARGETS:
            seen[where] = _runtime(facts)
    if not seen:
        return [ok(".NET runtimes", "no .NET process that this user can read is running")]
    return list(seen.values())


def _runtime(facts: RuntimeFacts) -> Check:
    kind = "single-file " if facts.kind is RuntimeKind.SINGLE_FILE else ""
    title = f"{kind}.NET {printable(facts.version or 'of unknown version', 60)}"
    where, tool = printable(facts.runtime_directory), facts.createdump
    if tool is None:
        advised = "install the whole runtime of that version beside it"
        return warning(title, f"{where}: createdump is not there", advised, code="createdump-missing")
    if tool.problem or not tool.is_runnable:
        problem = tool.problem or "createdump cannot be run by the target's user"
        return warning(title, f"{where}: {problem}", advice.run_bits(tool), code="createdump-not-runnable")
    if tool.untrusted:
        words = f"{where}: createdump found; root never starts it ({printable(tool.untrusted)} is not root's)"
        return ok(title, words, code="createdump-untrusted")
    return ok(title, f"{where}: createdump found", code="runtime")


async def readiness(host: Host, sample: Sample, keys: Iterable[ProcessKey]) -> list[Check]:
    """One check for each process: how it would be captured now, by the planner that a capture goes by."""
    checks = []
    for key in keys:
        process = sample.process(key)
        name = sample.meaning(key).label or (process.name if process else "process")
        title = f"{name} {key.pid}"
        try:
            plan = await host.dumps.plan(DumpRequest((key,), explicit=frozenset({key})), sample)
        except OctotuiError as error:
            checks.append(failure(title, error.message, error.hint, code=error.code))
            continue
        checks.append(planned(title, plan))
    return checks or [ok("targets", "no Octopus .NET process is running", code="targets")]


def planned(title: str, plan: DumpPlan) -> Check:
    """What the plan for one process says of it."""
    refusals, warnings = plan.of(Severity.REFUSAL), plan.of(Severity.WARNING)
    if plan.is_refused or not plan.steps:
        if refusals and refusals[0].code == ProcessGone.default_code:
            return warning(title, "it has ended meanwhile", commands.octotui("doctor"), code="process-gone")
        if refusals:
            return failure(title, refusals[0].message, refusals[0].hint, code=refusals[0].code)
        reason = plan.left_out[0].reason if plan.left_out else "nothing of it can be captured"
        return warning(title, reason, code="left-out")
    step = plan.steps[0]
    detail = (
        f"{step.type.value} dump by {step.backend}, about {bytes_text(step.estimate.bytes)}, "
        f"pause about {seconds_text(step.estimate.pause_seconds)}"
    )
    if warnings:
        return warning(title, f"{detail}; {warnings[0].message}", warnings[0].hint, code=warnings[0].code)
    return ok(title, detail, code="ready")
