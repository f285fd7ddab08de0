"""A rule and what became of it as plain lines, as JSON, and as an exit status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from octotui.cli.plan_text import title
from octotui.dumps.arming.state import Caught, Ending, RuleState
from octotui.dumps.arming.words import ending_words, status_words, summary
from octotui.dumps.model import Remark, Severity
from octotui.dumps.results import AnalysisResult, DumpResult, JobState
from octotui.units import seconds_text

FAILED, REFUSED, NOTHING_MATCHED, INTERRUPTED = 1, 3, 4, 130
_WORDS = {Severity.REFUSAL: "Refused", Severity.WARNING: "Warning", Severity.NOTICE: "Note"}


def remark_lines(remarks: Iterable[Remark]) -> Iterator[str]:
    """What a person should know before the rule is armed."""
    for remark in remarks:
        if remark.severity is Severity.REFUSAL:
            # It is told as the error that ends the command.
            continue
        yield f"{_WORDS[remark.severity]}: {remark.message}"
        if remark.hint:
            yield f"  next step: {remark.hint}"


def closing_lines(state: RuleState, *, interrupted: bool) -> Iterator[str]:
    """How the rule came out."""
    if interrupted:
        yield f"Interrupted; everything was let go. {_capital(summary(state))}."
        return
    ending = ending_words(state.ending, state.rule) if state.ending is not None else "it is still armed"
    yield f"Over: {ending}. {_capital(summary(state))}."


def analysis_lines(analyses: Iterable[AnalysisResult]) -> Iterator[str]:
    """One line for each look with its files below it; what went wrong, and the next step, for the others."""
    for result in analyses:
        name = title(result.target)
        if result.text is not None:
            yield f"{name}: stacks in {seconds_text(result.seconds)}"
            yield f"  {result.text}"
            yield from (f"  {path}" for path in [result.document] if path is not None)
            continue
        words = f": {result.failure.message}" if result.failure else ""
        yield f"{name}: stacks {result.outcome.value}{words}"
        if result.failure and result.failure.hint:
            yield f"  next step: {result.failure.hint}"


def exit_status(
    state: RuleState,
    results: Iterable[DumpResult],
    analyses: Iterable[AnalysisResult] = (),
    *,
    interrupted: bool = False,
) -> int:
    """0 all that was asked for, 1 something failed, 3 refused, 4 not enough matched, 130 interrupted."""
    if interrupted:
        return INTERRUPTED
    has_stacks = not state.rule.take.has_stacks or state.looks >= state.rule.count
    if state.taken >= state.rule.count and has_stacks:
        return 0
    outcomes = {result.outcome for result in results} | {analysis.outcome for analysis in analyses}
    if outcomes & {JobState.FAILED, JobState.LOST, JobState.CANCELLED} or state.ending is Ending.ERROR:
        return REFUSED if outcomes == {JobState.REFUSED} else FAILED
    if JobState.REFUSED in outcomes:
        return REFUSED
    return FAILED if state.ended_early or state.failed else NOTHING_MATCHED


def rule_document(state: RuleState, reach: str, remarks: Sequence[Remark]) -> dict[str, Any]:
    """`rule` of `octotui catch --json`; with stacks it tells of looks too.

    `can_miss` is what can be missed here, "" for nothing; `warnings` were known before it was armed.
    """
    asked = {"take": state.rule.take.value, "looked": state.looked, "looks": state.looks}
    return {
        "id": state.id,
        "sentence": state.sentence,
        "ending": state.ending.value if state.ending else "interrupted",
        "can_miss": reach,
        "warnings": [remark.message for remark in remarks],
        "seen": state.seen,
        "captured": state.captured,
        "dumps": state.dumps,
        "passed": state.passed,
        "ended_early": state.ended_early,
        "failed": state.failed,
        "left": state.left,
        "lost_events": state.lost,
        "unseen": state.unseen,
        **(asked if state.rule.take.has_stacks else {}),
        "processes": [_caught_document(found) for found in state.caught],
    }


def _caught_document(caught: Caught) -> dict[str, Any]:
    status = caught.exit_status
    return {
        "pid": caught.key.pid,
        "started": caught.key.started,
        "name": caught.name,
        "role": caught.role,
        "stage": caught.stage.value,
        "note": caught.note,
        "wait_status": status,
        "ended_with": status_words(status) if status is not None else "",
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
