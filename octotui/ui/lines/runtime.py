"""What is known of the .NET runtime of one process, and how a dump of it would be made."""

from __future__ import annotations

from collections.abc import Iterator

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.model import DumpPlan, Severity, Step
from octotui.text import printable
from octotui.ui.lines.fields import Field
from octotui.units import bytes_text, seconds_text

_KINDS = {
    RuntimeKind.NONE: "none found",
    RuntimeKind.CORECLR: "CoreCLR",
    RuntimeKind.SINGLE_FILE: "CoreCLR in a single file",
    RuntimeKind.UNKNOWN: "cannot be told",
}


def dotnet_fields(dotnet: bool | None, plan: DumpPlan | None) -> Iterator[Field]:
    """Is it .NET, which runtime, and what a dump can be asked of: the socket and createdump."""
    yield Field(".NET", {True: "yes", False: "no", None: "not known yet"}[dotnet])
    for step in plan.steps if plan else ():
        yield from _runtime(step.facts)


def _runtime(facts: RuntimeFacts) -> Iterator[Field]:
    version = facts.version or ("version not known" if facts.kind is not RuntimeKind.NONE else "")
    yield Field("Runtime", " ".join(word for word in (_KINDS[facts.kind], version) if word))
    yield Field("", printable(facts.runtime_directory), "muted")
    if facts.socket is not None:
        yield Field("Socket", f"there: {printable(facts.socket.path)}")
    else:
        yield Field("Socket", f"none: {printable(facts.socket_problem) or 'not found'}", "muted")
    yield _createdump(facts)
    yield Field(
        "Waits", f"at its start, by {printable(facts.waits_at_start)}" if facts.waits_at_start else "", "warning"
    )
    apart = [name for name, same in (("files", facts.same_mounts), ("pids", facts.same_pids)) if not same]
    yield Field("Apart", f"it has its own {' and '.join(apart)} (a container)" if apart else "")
    yield Field("Not read", printable(facts.unreadable), "warning")


def _createdump(facts: RuntimeFacts) -> Field:
    tool = facts.createdump
    if tool is None:
        return Field("Tool", "no createdump beside the runtime", "muted")
    if not tool.is_runnable:
        return Field("Tool", f"createdump is there, not runnable: {printable(tool.problem)}", "muted")
    if tool.untrusted:
        return Field(
            "Tool", f"createdump is there, not trusted: others than root can change {printable(tool.untrusted)}"
        )
    return Field("Tool", "createdump is there, runnable, and only root can change it")


def dump_fields(plan: DumpPlan | None, problem: str) -> Iterator[Field]:
    """How a dump of this process alone would be made, at what price, and why; or what stands against it."""
    if plan is None:
        yield Field("Dump", problem, "muted")
        return
    label = "Dump"
    for step in plan.steps:
        yield Field(label, _price(step))
        yield Field("", printable(step.reason), "muted")
        for passed in step.passed_over:
            yield Field("", f"not {passed.backend}: {printable(passed.reason)}", "muted")
        label = ""
    for item in plan.left_out:
        yield Field(label, f"none: {printable(item.reason)}", "muted")
        label = ""
    for remark in (*plan.of(Severity.REFUSAL), *plan.of(Severity.WARNING)):
        yield Field(label, remark.message, "failed" if remark.severity is Severity.REFUSAL else "warning")
        yield Field("", f"→ {remark.hint}" if remark.hint else "", "hint")
        label = ""


def _price(step: Step) -> str:
    size, pause = bytes_text(step.estimate.bytes), seconds_text(step.estimate.pause_seconds)
    return f"{step.type.value} by {step.backend}, ~{size}, pause ~{pause}"
