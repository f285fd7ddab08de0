"""A strict reader of what a program wrote to its terminal: plain text, and each control sequence on its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    rb"|(?P<osc>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"
    rb"|(?P<string>\x1b[PX^_][^\x1b]*\x1b\\)"
    rb"|(?P<escape>\x1b[ -/]*[0-~])"
    rb"|(?P<broken>\x1b)"
    rb"|(?P<control>[\x00-\x1f\x7f])"
    rb"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)

_MODES = ["1000", "1002", "1003", "1004", "1006", "1015", "1016", "1049", "2004", "2026", "2048", "25", "7"]

ALLOWED = re.compile(
    rb"\x1b\[[0-9;]*m"  # colours and attributes
    rb"|\x1b\[\d+;\d+H"  # to a cell
    rb"|\x1b\[\?(?:" + "|".join(_MODES).encode() + rb")[hl]"  # modes: mouse, paste, focus, whole screen, cursor, wrap
    rb"|\x1b\[\?(?:2026|2048)\$p"  # asks what the terminal can do
    rb"|\x1b\[[<>]\d*u"  # the kitty keyboard
    rb"|\x1b\]22;[a-z-]+\x07"  # the shape of the mouse pointer
)
"""What the screen itself sends."""

CLIPBOARD = re.compile(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is csi, osc, string, escape, broken, control or text."""

    kind: str
    data: bytes


def tokens(raw: bytes) -> list[Token]:
    """Everything in `raw`, in order; what is no whole sequence is `broken`."""
    found = [Token(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(raw)]
    assert b"".join(token.data for token in found) == raw
    return found


def strange(raw: bytes) -> list[bytes]:
    """The sequences and control characters that the screen does not send by itself; C1 characters in text too."""
    return [token.data for token in tokens(raw) if _is_strange(token)]


def _is_strange(token: Token) -> bool:
    if token.kind == "text":
        shown = token.data.decode("utf-8", "surrogateescape")
        return any(0x80 <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 or c in _DIRECTIONS for c in shown)
    if token.kind == "control":
        return token.data not in (b"\n", b"\r")
    return not ALLOWED.fullmatch(token.data)


_DIRECTIONS = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2066\u2067\u2068\u2069\ufeff"


def colours(raw: bytes) -> set[str]:
    """The colour codes in `raw`: `31`, `38;5`, `48;2`, ... without attributes such as bold."""
    found: set[str] = set()
    for token in tokens(raw):
        if token.kind != "csi" or not token.data.endswith(b"m") or token.data[2:3] in (b"<", b">", b"?"):
            continue
        codes = token.data[2:-1].decode().split(";")
        at = 0
        while at < len(codes):
            code = int(codes[at] or 0)
            if code in (38, 48):
                found.add(f"{code};{codes[at + 1]}")
                at += 5 if codes[at + 1] == "2" else 3
                continue
            if 30 <= code <= 49 or 90 <= code <= 107:
                found.add(str(code))
            at += 1
    return found
