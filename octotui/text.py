"""Untrusted text made safe to show: control, bidi and broken characters become visible stand-ins."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping

LONGEST = 4096
"""Characters kept of one string; a longer one ends in an ellipsis."""

_NEWLINES = {"\n": "↵", "\r": "↵", "\t": "→", "\u2028": "↵", "\u2029": "↵"}
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Letters and marks that draw nothing, variation selectors among them: terminals disagree on the cells they take."""

_ASCII = str.maketrans(
    {
        "…": "~", "│": "|", "└": "`", "├": "|", "─": "-", "●": "*", "✓": "v", "×": "x", "▌": ">", "·": "-", "—": "-",
        "↵": "$", "→": ">", "≈": "~", "▸": "+", "▾": "-", "Σ": "S", "›": ">", "█": "#", "░": ".", "▏": "|",
        "↑": "^", "↓": "v", "←": "<", "⏎": "$", "’": "'", "“": '"', "”": '"', "◌": "o", "▲": "^", "▼": "v",
        "≥": ">=", "≤": "<=", "\ufffd": "?",
    }
)  # fmt: skip


def printable(text: str, longest: int = LONGEST) -> str:
    """`text` with everything that could drive a terminal made visible, cut to `longest` characters.

    C0 controls become their pictures (U+2400 block), DEL U+2421, all other control, format (bidi overrides,
    zero width), surrogate, unassigned and invisible characters U+FFFD.
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_stand_in(character) for character in text)


def _stand_in(character: str) -> str:
    if character in _NEWLINES:
        return _NEWLINES[character]
    if unicodedata.category(character) not in _UNSAFE_CATEGORIES and character not in _INVISIBLE:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def decoded(raw: bytes) -> str:
    """Bytes of the kernel as text; bytes that are not UTF-8 survive as surrogates until `printable` shows them."""
    return os.fsdecode(raw)


def ascii_only(text: str) -> str:
    """`text` for a terminal that shows ASCII only: known symbols by their likeness, the rest as `?`."""
    if text.isascii():
        return text
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


def locale_is_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale that `environment` names (LC_ALL, else LC_CTYPE, else LANG) is a UTF-8 one."""
    if os.name == "nt":
        return True
    named = (environment.get(variable, "") for variable in ("LC_ALL", "LC_CTYPE", "LANG"))
    return "utf8" in next((name for name in named if name), "").lower().replace("-", "")


def shell_quoted_path(path: str) -> str:
    """`path` as it can be pasted into a shell."""
    import shlex

    return shlex.quote(path)
