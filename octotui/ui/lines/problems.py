"""What went wrong when a process was asked something: the sentence, then the next step."""

from __future__ import annotations

from collections.abc import Callable

from octotui.errors import OctotuiError
from octotui.text import printable
from octotui.ui.lines.glyphs import Glyphs
from octotui.ui.lines.listing import Item, sentence_items

_MOST = 500


def problem_items(error: OctotuiError, width: int, glyphs: Glyphs) -> list[Item]:
    """In lines of at most `width` cells, the sign of a failure before the first."""
    message = printable(error.message, _MOST)
    items = sentence_items(message[:1].upper() + message[1:], "failed", width, glyphs, sign=f"{glyphs.failed} ")
    if error.hint:
        items += sentence_items(f"→ {printable(error.hint, _MOST)}", "hint", width, glyphs, sign="  ")
    return items


def next_steps(problem: OctotuiError, how: Callable[[str], str], width: int, glyphs: Glyphs) -> list[Item]:
    """What can be done about it from the screen of stacks, by key; `how` names the key of an action."""
    words = f"{how('look-again')} looks again"
    if "octotui dump" in problem.hint:
        words = f"{how('back')} and then {how('dump-one')} captures it here; {words}"
    return sentence_items(glyphs.text(f"→ {words}"), "hint", width, glyphs, sign="  ")
