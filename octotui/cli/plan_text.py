"""A capture plan and its results as plain lines and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from octotui.cli import output
from octotui.dumps import commands
from octotui.dumps.model import DumpPlan, Estimate, LeftOut, Offer, Order, Remark, Severity, Step, Target
from octotui.dumps.plans.offers import disk_reasons, offer_words, step_notes
from octotui.dumps.results import DumpResult, JobState
from octotui.dumps.results import Failure as CaptureFailure
from octotui.processes.model import ProcessKey, Sample
from octotui.units import bytes_text, seconds_text

MOST_OFFERED = 8
"""Pids in the command that offers stacks instead."""

_WORDS = {Severity.REFUSAL: "Refused", Severity.WARNING: "Warning", Severity.NOTICE: "Note"}


def title(target: Target) -> str:
    """How a target is named on every line: `Calamari 14220`."""
    return f"{target.label or target.name} {target.key.pid}"


def plan_lines(plan: DumpPlan) -> list[str]:
    """The plan as a person reads it: steps, what is left out, destination, refusals, warnings, notices."""
    lines: list[str] = []
    if plan.steps:
        lines += output.columns([_HEAD, *(_step_cells(step) for step in plan.steps)], right=frozenset({3, 4}))
        lines += _totals(plan)
        lines += [f"Note: {text}" for text in step_notes(plan)]
        lines += [f"How: {text}" for text in _reasons(plan)]
        free = f", {bytes_text(plan.free_bytes)} free" if plan.free_bytes or not plan.is_refused else ""
        lines.append(f"Destination {plan.destination}{free}.")
        pids = [str(step.target.key.pid) for step in plan.steps[:MOST_OFFERED]]
        lines.append(f"Often enough, in 0.1 s and without a secret: {commands.octotui('stacks', *pids)}")
    refused = {remark.key for remark in plan.of(Severity.REFUSAL)}
    lines += _left_out([left for left in plan.left_out if left.target.key not in refused])
    for severity in (Severity.REFUSAL, Severity.WARNING, Severity.NOTICE):
        for remark in plan.of(severity):
            lines.append(f"{_WORDS[severity]}: {_remark_text(plan, remark)}")
            if remark.hint:
                lines.append(f"  next step: {remark.hint}")
    return lines


_HEAD = ("PROCESS", "TYPE", "BACKEND", "SIZE", "PAUSE")


def _totals(plan: DumpPlan) -> list[str]:
    """The sums, and where there is a choice what each order of capture would cost."""
    if not plan.offers:
        pause = seconds_text(plan.total_pause_seconds)
        return [f"Total about {bytes_text(plan.total_bytes)}, a pause of about {pause}."]
    lines = [f"Total about {bytes_text(plan.total_bytes)}."]
    for offer in plan.offers:
        is_chosen = offer.order is plan.request.order
        how = " (chosen)" if is_chosen else f" ({_SWITCHES[offer.order]})"
        lines.append(f"Order {offer_words(offer)}{how}.")
    return lines


_SWITCHES = {Order.TOGETHER: "add --together", Order.ONE_BY_ONE: "leave out --together"}


def _reasons(plan: DumpPlan) -> list[str]:
    """Why each backend was chosen or passed over, said once however many steps share it."""
    found: dict[str, None] = {}
    for step in plan.steps:
        if step.reason:
            found[f"{step.backend}: {step.reason}"] = None
        found |= {f"not {passed.backend}: {passed.reason}": None for passed in step.passed_over}
    return [*found, *disk_reasons(plan)]


def _left_out(left_out: list[LeftOut]) -> list[str]:
    """Grouped by reason, so that ten shells take one line."""
    reasons: dict[str, list[str]] = {}
    for left in left_out:
        reasons.setdefault(left.reason, []).append(title(left.target))
    return [f"Left out: {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _step_cells(step: Step) -> tuple[str, ...]:
    return (
        title(step.target),
        step.type.value,
        step.backend,
        "~" + bytes_text(step.estimate.bytes),
        "~" + seconds_text(step.estimate.pause_seconds),
    )


def _remark_text(plan: DumpPlan, remark: Remark) -> str:
    """The sentence with the name of its target before it, unless it names that itself."""
    target = _target_of(plan, remark)
    is_named = target and re.search(rf"(?<!\S){re.escape(title(target))}(?!\w)", remark.message)
    return remark.message if target is None or is_named else f"{title(target)}: {remark.message}"


def _target_of(plan: DumpPlan, remark: Remark) -> Target | None:
    targets = [*(step.target for step in plan.steps), *(left.target for left in plan.left_out)]
    return next((target for target in targets if target.key == remark.key), None)


def plan_document(plan: DumpPlan) -> dict[str, Any]:
    """The plan of `dump --dry-run --json`."""
    return {
        "plan": {
            "destination": str(plan.destination),
            "free_bytes": plan.free_bytes,
            "total_bytes": plan.total_bytes,
            "total_pause_seconds": round(plan.total_pause_seconds, 3),
            "refused": plan.is_refused,
            "order": plan.request.order.value,
            "offers": [_offer_document(offer) for offer in plan.offers],
            "steps": [_step_document(step) for step in plan.steps],
            "left_out": [{**left.target.as_json(), "reason": left.reason} for left in plan.left_out],
            "remarks": [_remark_document(remark) for remark in plan.remarks],
        }
    }


def _offer_document(offer: Offer) -> dict[str, Any]:
    return {
        "order": offer.order.value,
        "longest_pause_seconds": round(offer.longest_pause_seconds, 3),
        "total_seconds": round(offer.total_seconds, 3),
        "moment_seconds": round(offer.moment_seconds, 3),
        "reason": offer.reason,
    }


def _step_document(step: Step) -> dict[str, Any]:
    return {
        **step.target.as_json(),
        "backend": step.backend,
        "type": step.type.value,
        "reason": step.reason,
        "estimate": step.estimate.as_json(),
        "medium": step.medium.value,
        "medium_reason": step.medium_reason,
        "portable": step.is_portable,
        "passed_over": [{"backend": passed.backend, "reason": passed.reason} for passed in step.passed_over],
    }


def _remark_document(remark: Remark) -> dict[str, Any]:
    return {
        "severity": remark.severity.value,
        "code": remark.code,
        "pid": remark.key.pid if remark.key else None,
        "message": remark.message,
        "hint": remark.hint,
    }


def refused_results(plan: DumpPlan, sample: Sample) -> tuple[DumpResult, ...]:
    """A result with outcome `refused` for each process that the plan refuses by name."""
    return tuple(
        DumpResult(
            target=_target_of(plan, remark) or _sampled(remark.key, sample),
            outcome=JobState.REFUSED,
            backend="",
            type=plan.request.type,
            estimate=Estimate(0, 0.0),
            failure=CaptureFailure(remark.code, remark.message, remark.hint),
        )
        for remark in plan.of(Severity.REFUSAL)
        if remark.key is not None
    )


def _sampled(key: ProcessKey, sample: Sample) -> Target:
    """A target of which the plan holds no more than its key, as the sample knows it."""
    process, meaning = sample.process(key), sample.meaning(key)
    if process is None:
        return Target(key, name="")
    return Target(
        key, process.name, process.command, process.user, process.uid, meaning.role, meaning.label, meaning.task,
        meaning.instance, meaning.version,
    )  # fmt: skip


def result_lines(results: Iterable[DumpResult]) -> list[str]:
    """One line for each whole dump with its path below it; what went wrong, and the next step, for the others."""
    lines: list[str] = []
    for result in results:
        name = title(result.target)
        if result.outcome is JobState.FINISHED and result.path is not None:
            paused = "" if result.pause_seconds is None else f", paused {seconds_text(result.pause_seconds)}"
            state = "verified" if result.verified else "not verified"
            state += "" if result.is_portable else ", not portable"
            lines.append(
                f"{name}: {result.type.value} {bytes_text(result.bytes)} in {seconds_text(result.seconds)}"
                f"{paused}, {state}"
            )
            lines.append(f"  {result.path}")
            continue
        words = result.failure.message if result.failure else ""
        lines.append(f"{name}: {result.outcome.value}" + (f": {words}" if words else ""))
        if result.failure and result.failure.hint:
            lines.append(f"  next step: {result.failure.hint}")
    return lines


def exit_status(results: Iterable[DumpResult], *, interrupted: bool = False) -> int:
    """0 all captured, 1 something failed, 3 something was refused and nothing failed, 130 interrupted."""
    outcomes = {result.outcome for result in results}
    if interrupted:
        return 130
    if outcomes & {JobState.FAILED, JobState.LOST, JobState.CANCELLED}:
        return 1
    return 3 if JobState.REFUSED in outcomes else 0
