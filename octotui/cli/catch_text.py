"""A rule and what became of it as plain lines, as JSON, and as an exit status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from octotui.dumps.arming.state import Caught, Ending, RuleState
from octotui.dumps.arming.words import ENDINGS, status_words, summary
from octotui.dumps.model import Remark, Severity
from octotui.dumps.results import DumpResult, JobState

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
    ending = ENDINGS[state.ending] if state.ending is not None else "it is still armed"
    yield f"Over: {ending}. {_capital(summary(state))}."


def exit_status(state: RuleState, results: Iterable[DumpResult], *, interrupted: bool = False) -> int:
    """0 all the dumps that were asked for, 1 something failed, 3 refused, 4 not enough matched, 130 interrupted."""
    if interrupted:
        return INTERRUPTED
    if state.dumps >= state.rule.count:
        return 0
    outcomes = {result.outcome for result in results}
    if outcomes & {JobState.FAILED, JobState.LOST, JobState.CANCELLED} or state.ending is Ending.ERROR:
        return REFUSED if outcomes == {JobState.REFUSED} else FAILED
    if JobState.REFUSED in outcomes:
        return REFUSED
    return FAILED if state.ended_early or state.failed else NOTHING_MATCHED


def rule_document(state: RuleState, reach: str, remarks: Sequence[Remark]) -> dict[str, Any]:
    """`rule` of `octotui catch --json`. `can_miss` is what can be missed here, "" for nothing; `warnings` were known
    before it was armed.
    """
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
