"""What a person should know before a rule is armed, in words."""

from __future__ import annotations

from collections.abc import Iterator

from octotui.text import printable
from octotui.ui.drafts import Draft, Moment
from octotui.ui.lines.rules import ONLY_HERE

AT_EXIT = (
    "Until its end no other dump tool and no DOTNET_DbgEnableMiniDump works on it, it starts threads more slowly, and "
    "its deployment waits while the dump is written"
)
_FAILED = "Ends with status 0 are passed, no dump of them is kept"
_EARLY = (
    "Held at its start it has no runtime yet: look at it; let go it runs until its runtime is ready, is held again and "
    "captured"
)
_SERVICE = "A Tentacle or a Server that stands still serves nobody: deployments on this host wait or fail"
_SPARED = "A Tentacle or a Server that it catches is captured without a hold"


def draft_warnings(draft: Draft, reach: str) -> Iterator[tuple[str, str]]:
    """Sentences with their style, `warning` or `notice`; `reach` says what can be missed on this host."""
    if draft.whom.waits and reach:
        yield _sentence(reach), "warning"
    if draft.moment.is_end:
        yield AT_EXIT, "warning"
    if draft.moment is Moment.FAILED_END:
        yield _FAILED, "notice"
    if draft.is_held and draft.can_be_held:
        if draft.needs_tick:
            yield (_SERVICE, "warning") if draft.holds_services else (_SPARED, "notice")
        if draft.whom.waits:
            yield _EARLY, "notice"
    yield ONLY_HERE, "notice"


def _sentence(text: str) -> str:
    shown = printable(text, 300)
    return shown[:1].upper() + shown[1:]
