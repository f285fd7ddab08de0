"""What is handed to the terminal's clipboard, and the sentence that shows it.

A terminal may ignore the request (OSC 52) without a word, so the sentence says what was copied, never that it arrived.
"""

from __future__ import annotations

from rich.cells import cell_len

from octotui.text import printable

SHORT = 60
"""Cells of a text that the sentence shows whole at 80 columns; a longer one is counted."""

SHOWN = 200

NO_CLIPBOARD = (
    "Nothing arrives? tmux: set -g set-clipboard on. screen and some terminals",
    "take no copies: hold Shift and drag over the text, then copy as usual.",
)


def clipboard_text(text: str) -> str:
    """`text` as it can be encoded: bytes of a path that are no UTF-8 are shown as stand-ins."""
    return text if _is_encodable(text) else printable(text)


def copied_sentence(text: str) -> str:
    """`Copied: TEXT`; of a long text its length and its beginning."""
    shown = printable(text, SHOWN)
    return f"Copied: {shown}" if cell_len(shown) <= SHORT else f"Copied {len(text)} characters: {shown}"


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
