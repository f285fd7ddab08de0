"""Everything about one process: its runtime, its socket, what the kernel holds against it, and how it is captured."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from octotui.cli.doctor.check import Check, Status, failure, ok, warning
from octotui.cli.doctor.obstacles import obstacles
from octotui.cli.doctor.roots import Roots
from octotui.cli.doctor.targets import planned
from octotui.dotnet import asking, ipc, runtime
from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps import commands
from octotui.dumps.backends import advice
from octotui.dumps.backends.base import Backend
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Remark, Severity
from octotui.dumps.rights import Rights, read_rights
from octotui.errors import DiagnosticsError, OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable
from octotui.units import bytes_text

if TYPE_CHECKING:
    from octotui.host import Host

ANSWER_SECONDS = 2.0
NO_TOOL = "install the whole runtime of that version beside it, from the same source"
OLD_RUNTIMES = ("2.", "3.")
_GROUP = "process"


async def examine(
    host: Host,
    sample: Sample,
    key: ProcessKey,
    *,
    roots: Roots | None = None,
    rights: Rights | None = None,
    inspect: Callable[[ProcessKey], RuntimeFacts] = runtime.inspect,
) -> list[Check]:
    """The lines of `octotui doctor PID`. Asks the runtime who it is, and nothing else of it."""
    roots = roots or Roots()
    rights = rights or read_rights(roots.proc / "sys")
    try:
        facts = inspect(key)
    except OctotuiError as error:
        return [failure(f"process {key.pid}", error.message, commands.octotui("tree"), code=error.code).within(_GROUP)]
    if facts.kind is RuntimeKind.NONE:
        words = "it is not a .NET process; its .NET descendants can be captured"
        fix = commands.octotui("dump", "--tree", str(key.pid))
        return [warning("runtime", words, fix, code="not-dotnet").within(_GROUP)]
    found = [
        runtime_of(facts),
        await answers(facts, rights),
        stacks_of(facts),
        createdump_of(facts),
        *obstacles(facts, rights, roots),
        room(facts, roots),
    ]
    lines = [check.within(_GROUP) for check in found]
    try:
        plan = await host.dumps.plan(DumpRequest((key,), explicit=frozenset({key})), sample)
    except OctotuiError as error:
        return [*lines, failure("capture", error.message, error.hint, code=error.code).within("capture")]
    capture = [*backends_of(facts, plan, host.dumps.backends), *outcome(plan, found)]
    return [*lines, *(check.within("capture") for check in capture)]


def runtime_of(facts: RuntimeFacts) -> Check:
    """Which .NET it is, and whether it runs managed code yet."""
    if facts.kind is RuntimeKind.UNKNOWN:
        fix = commands.as_root("doctor", str(facts.key.pid))
        if os.geteuid() == 0:
            fix = "root lacks a right here: see capabilities and user namespace below"
        return warning("runtime", facts.unreadable or "it cannot be looked into", fix, code="runtime")
    version = printable(facts.version or "of unknown version", 60)
    where = f" in {printable(facts.runtime_directory, 200)}" if facts.runtime_directory else ""
    if facts.waits_at_start:
        words = f".NET {version}{where} waits at its start for a tool ({facts.waits_at_start}): full dumps only"
        return warning(
            "runtime", words, "let that tool continue it, or start it without the variable", code="suspended"
        )
    if facts.kind is RuntimeKind.SINGLE_FILE:
        words = ".NET in a single file: full dumps only"
        return ok("runtime", words, code="single-file")
    return ok("runtime", f".NET {version}{where}", code="runtime")


def stacks_of(facts: RuntimeFacts) -> Check:
    """Whether its stacks can be read live. Asks it nothing."""
    problem = asking.why_not(facts)
    if problem is not None:
        return warning("stacks", f"no live stacks: {problem.message}", problem.hint, code=f"stacks-{problem.code}")
    fix = commands.octotui("stacks", str(facts.key.pid))
    if facts.version.startswith(OLD_RUNTIMES):
        words = f"{fix} works, but runtimes this old name no threads, and are reported to hang at times when it ends"
        return warning("stacks", words, commands.octotui("dump", str(facts.key.pid)), code="stacks-old")
    return ok("stacks", f"{fix} says what its threads do, without a dump", code="stacks")


async def answers(facts: RuntimeFacts, rights: Rights, seconds: float = ANSWER_SECONDS) -> Check:
    """Whether its runtime answers now: ProcessInfo is a question that costs the process nothing."""
    socket = facts.socket
    if socket is None:
        return ok("socket", f"{facts.socket_problem or 'none'}; createdump needs none", code="no-socket")
    shown = printable(socket.path, 200)
    if not rights.may_act_for(socket.uid):
        fix = commands.as_root("doctor", str(facts.key.pid))
        return warning("socket", f"{shown} answers uid {socket.uid} and root only", fix, code="socket")
    if facts.state in "TtZX":
        return warning("socket", f"{shown}: not asked, since the process is stopped", code="socket")
    try:
        await ipc.process_info(socket, timeout=seconds)
    except DiagnosticsError as error:
        fix = commands.octotui("dump", str(facts.key.pid), "--backend", "createdump")
        return warning("socket", printable(error.message, 300), fix, code=error.code)
    return ok("socket", f"{shown} of uid {socket.uid} answers", code="socket")


def createdump_of(facts: RuntimeFacts) -> Check:
    """Whether the tool that writes the dump is there, and fit to be run."""
    tool = facts.createdump
    if tool is None:
        if facts.kind is RuntimeKind.SINGLE_FILE:
            return ok("createdump", "inside the program itself, through its socket", code="createdump")
        if facts.kind is RuntimeKind.UNKNOWN:
            return warning("createdump", "cannot be told: where its runtime lies is not known", code="createdump")
        return warning("createdump", "not beside its runtime", NO_TOOL, code="createdump-missing")
    if tool.problem or not tool.is_runnable:
        code = "createdump-missing" if tool.problem.startswith("there is no") else "createdump-not-runnable"
        words = tool.problem or "its user cannot run it"
        return warning("createdump", words, advice.run_bits(tool), code=code)
    if tool.untrusted:
        words = (
            f"{printable(tool.path, 200)}; root never starts it, since {printable(tool.untrusted, 200)} is not root's"
        )
        fix = advice.trust(facts, tool.untrusted) if facts.uid == 0 and facts.socket is None else ""
        return Check(Status.WARNING if fix else Status.OK, "createdump", words, fix, "createdump-untrusted")
    return ok("createdump", printable(tool.path, 200), code="createdump")


def room(facts: RuntimeFacts, roots: Roots) -> Check:
    """What the memory limit of its control group leaves: the dump's page cache counts to whoever writes it."""
    left = Surroundings(proc=roots.proc, system=roots.system, cgroups=roots.system / "fs/cgroup").room_in_cgroup(
        facts.key.pid
    )
    if left is None:
        return ok("memory limit", "none", code="memory-limit")
    if left < facts.private_bytes:
        fix = commands.octotui("dump", str(facts.key.pid), "--backend", "createdump")
        words = (
            f"{bytes_text(left)} left of its control group's, a heap dump is about {bytes_text(facts.private_bytes)}"
        )
        return warning("memory limit", words, fix, code="memory-limit")
    return ok("memory limit", f"{bytes_text(left)} left", code="memory-limit")


def backends_of(facts: RuntimeFacts, plan: DumpPlan, backends: Sequence[Backend]) -> Iterator[Check]:
    """One line for each backend: whether it would be used, or why not."""
    step = plan.steps[0] if plan.steps else None
    passed = {one.backend: one.reason for one in step.passed_over} if step else {}
    type = step.type if step else DumpType.HEAP
    for backend in backends:
        title, code = backend.name, f"backend-{backend.name}"
        if step is not None and backend.name == step.backend:
            yield ok(title, f"would be used: {step.reason}", code=code)
            continue
        found = backend.probe(facts, type)
        reason = passed.get(backend.name) or found.reason
        if found.ok:
            yield ok(title, f"could be used: {reason}", code=code)
        elif step is None:
            yield warning(title, f"cannot: {reason}", found.hint, code=code)
        else:
            yield ok(title, f"cannot: {reason}", code=code)


def outcome(plan: DumpPlan, found: Sequence[Check]) -> Iterator[Check]:
    """What would come of a capture now: the price and the place, or the refusal, and every other word of the plan."""
    first = planned("capture", plan)
    blocked = next((check for check in found if check.status is Status.FAILURE), None)
    if first.status is not Status.FAILURE and blocked is not None and _closes_every_way(blocked):
        yield failure("capture", f"it would fail: {blocked.title}, see above", blocked.fix, code=blocked.code)
    else:
        yield first
    if plan.steps:
        words = f"{printable(str(plan.destination), 200)}, {bytes_text(plan.free_bytes)} free"
        yield ok("destination", words, code="destination")
    for remark in plan.remarks:
        if remark.code != "sensitive" and remark.message != first.detail:
            yield _remark(remark)


def _closes_every_way(check: Check) -> bool:
    """A createdump that cannot be run is the plan's own to weigh; the kernel's rules are not in it."""
    return not check.code.startswith("createdump")


def _remark(remark: Remark) -> Check:
    status = {Severity.REFUSAL: Status.FAILURE, Severity.WARNING: Status.WARNING}.get(remark.severity, Status.OK)
    return Check(status, remark.severity.value, remark.message, remark.hint, remark.code)


def examined(host: Host, sample: Sample, key: ProcessKey) -> list[Check]:
    """`examine`, for a caller without a loop."""

    async def run() -> list[Check]:
        try:
            return await examine(host, sample, key)
        finally:
            await host.dumps.aclose()

    return asyncio.run(run())
