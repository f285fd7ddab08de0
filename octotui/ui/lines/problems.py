"""What went wrong when a process was asked something: the sentence, then the next step."""

from __future__ import annotations

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
