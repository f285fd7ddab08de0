"""What a person should know before a rule is armed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from octotui.dumps.model import Remark, Severity
from octotui.text import printable
from octotui.ui.drafts import Draft, Moment
from octotui.ui.lines.rules import ONLY_HERE

_FAILED = "Ends with status 0 are passed, no dump of them is kept"
_EARLY = (
    "Held at its start it has no runtime yet: look at it; let go it runs until its runtime is ready, is held again and "
    "captured"
)
_LET_GO = "Held at its start it has no runtime yet: look at it; let go it runs, and is asked once its runtime is ready"
_SERVICE = "A Tentacle or a Server that stands still serves nobody: deployments on this host wait or fail"
_SPARED = "A Tentacle or a Server that it catches is not held"
_STYLES = {Severity.REFUSAL: "failed", Severity.WARNING: "warning", Severity.NOTICE: "notice"}


def draft_warnings(draft: Draft, reach: str, remarks: Sequence[Remark]) -> Iterator[tuple[str, str]]:
    """Sentences with their style, `failed`, `warning` or `notice`.

    `reach` says what can be missed on this host, `remarks` are those of preflight.
    """
    if draft.whom.waits and reach:
        yield _sentence(reach), "warning"
    for remark in remarks:
        # The form has a field of its own for services, and no options of a command line.
        if remark.code != "service" or remark.severity is Severity.REFUSAL:
            yield _sentence(remark.message), _STYLES[remark.severity]
            if remark.severity is Severity.REFUSAL and remark.hint:
                yield _sentence(remark.hint), "hint"
    if draft.moment is Moment.FAILED_END:
        yield _FAILED, "notice"
    if draft.is_held and draft.can_be_held:
        if draft.needs_tick:
            yield (_SERVICE, "warning") if draft.holds_services else (_SPARED, "notice")
        if draft.whom.waits:
            yield _EARLY if draft.take.has_dump else _LET_GO, "notice"
    yield ONLY_HERE, "notice"


def _sentence(text: str) -> str:
    shown = printable(text, 400)
    return shown[:1].upper() + shown[1:]
