"""How a step ended that gave no dump: an error as the result that people and scripts read."""

from __future__ import annotations

from dataclasses import replace

from octotui.dumps.keeping.records import result_of
from octotui.dumps.model import Step
from octotui.dumps.results import DumpResult, Failure, JobState
from octotui.errors import OctotuiError, Refused
from octotui.text import printable


def failed(step: Step, error: BaseException) -> DumpResult:
    """The result of `step`: refused or failed. Any error but octotui's own kinds and OSError is told as a defect."""
    blank = result_of(step, JobState.FAILED)
    if isinstance(error, OctotuiError):
        is_refusal = isinstance(error, Refused) or error.code == "pid-reused"
        outcome = JobState.REFUSED if is_refusal else JobState.FAILED
        return replace(blank, outcome=outcome, failure=Failure(error.code, error.message, error.hint))
    if isinstance(error, OSError):
        words = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        return replace(blank, failure=Failure("os-error", printable(words), "octotui doctor shows what is amiss here"))
    words = f"octotui met an error of its own; the target runs on ({type(error).__name__})"
    return replace(blank, failure=Failure("internal", words))
