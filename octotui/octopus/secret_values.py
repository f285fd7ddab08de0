"""Secrets that their own shape gives away: API keys, tokens, signatures, script keys, PEM blocks."""

from __future__ import annotations

import re

MASK = "***"
"""What stands where a secret was."""

_SHOWN = 8
_PEM_BEGIN = re.compile(r"-----BEGIN\b")
_PEM_END = re.compile(r"-----END\b[^\n]*?-----|-----END\b[^\n-]*+-*+")
_URL_USER = re.compile(r"://[^\s\"'/?#@:]*+:(?!\d{1,5}/)[^\s\"']{0,256}@|://[^\s\"'/?#@]*+@")
_IDENTIFYING_HEX = re.compile(
    r"(?i)((?:thumbprint|trust)[\"']?[\s=:]+[\"']?)([0-9a-f]{8})[0-9a-f]{32}(?:[0-9a-f]{24})?(?![0-9a-z])"
)
_HEX_40 = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{8})[0-9A-Fa-f]{32}(?![0-9A-Za-z])")
_LOWER_HEX_64 = re.compile(r"(?<![0-9A-Za-z])([0-9a-f]{8})[0-9a-f]{56}(?![0-9A-Za-z])")
_LONG_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{100,}+={0,2}")
_SIMPLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![0-9A-Za-z])[0-9A-F]{64,}+(?![0-9A-Za-z])",
        r"(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])",
        r"(?<![0-9A-Za-z-])[0-9A-F]{32}(?![0-9A-Za-z])",
        r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])",
        r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{22}==(?![A-Za-z0-9+/=])",
        r"API-[A-Z0-9]{10,}+|(?i:api-[a-z0-9]{20,}+)",
        r"eyJ[\w-]{8,}+(?:\.[\w-]*+){0,4}",
        r"(?:AKIA|ASIA|AROA)[0-9A-Z]{16,}+",
        r"gh[pousr]_\w{16,}+|github_pat_\w{16,}+|glpat-[\w-]{16,}+|xox[abeprs]-[\w-]{8,}+|(?<![A-Za-z0-9])sk-[\w-]{20,}+|hv[sb]\.[\w-]{16,}+",
    )
)
_AFTER = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)((?<![a-z0-9_])sig=)[^&\s\"';]++",
        r"(?i)(\bbearer\s++)(?!\*\*\*)[^\s\"']++",
        r"(?i)(\bbasic\s++)(?!\*\*\*)[a-z0-9+/]{8,}+={0,2}",
        r"(?i)(ConvertTo-SecureString\s++(?:-String\s++)?)(?:\"[^\"]*+\"?|'[^']*+'?|(?!-|\*\*\*)\S++)",
    )
)
_HINTS = (
    "-----", "://", "api-", "eyj", "akia", "asia", "aroa", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    "glpat-", "xox", "sk-", "hvs.", "hvb.", "sig=", "bearer", "basic", "securestring",
)  # fmt: skip
_LONG_RUN = re.compile(r"[0-9A-Fa-f]{32}|[A-Za-z0-9+/]{22}=|[A-Za-z0-9+/]{100}")


def mask_values(text: str) -> str:
    """`text` with every value that looks like a secret masked; 40 and 64 digit thumbprints keep eight digits."""
    if not may_hold_value(text, text.lower()):
        return text
    text = _mask_pem(text)
    text = _URL_USER.sub(_masked_url, text)
    for pattern in _AFTER:
        text = pattern.sub(lambda match: match[1] + MASK, text)
    text = _IDENTIFYING_HEX.sub(r"\1\2…", text)
    text = _HEX_40.sub(r"\1…", text)
    text = _LOWER_HEX_64.sub(r"\1…", text)
    for pattern in _SIMPLE:
        text = pattern.sub(MASK, text)
    return _LONG_BASE64.sub(_masked_base64, text)


def may_hold_value(text: str, lowered: str) -> bool:
    """Whether `text` can hold a secret by shape; a cheap test that is True too often, never False too often."""
    return any(hint in lowered for hint in _HINTS) or (len(text) > 23 and _LONG_RUN.search(text) is not None)


def _mask_pem(text: str) -> str:
    if "-----" not in text:
        return text
    parts: list[str] = []
    position = 0
    while begin := _PEM_BEGIN.search(text, position):
        parts.append(_without_pem_tail(text[position : begin.start()]))
        parts.append(MASK)
        end = _PEM_END.search(text, begin.end())
        if end is None:
            return "".join(parts)
        position = end.end()
    parts.append(_without_pem_tail(text[position:]))
    return "".join(parts)


def _without_pem_tail(text: str) -> str:
    """A block whose start was cut off still ends in `-----END`; its body goes with it."""
    parts: list[str] = []
    position = 0
    for end in _PEM_END.finditer(text):
        start = end.start()
        while start > position and (text[start - 1].isalnum() or text[start - 1] in "+/=\n\r\\ "):
            start -= 1
        parts += (text[position:start], MASK)
        position = end.end()
    parts.append(text[position:])
    return "".join(parts)


def _masked_url(match: re.Match[str]) -> str:
    user, separator, _ = match[0][3:].partition(":")
    if separator:
        return f"://{user}:{MASK}@"
    name = user.removesuffix("@")
    return f"://{MASK}@" if len(name) >= 16 else match[0]


def _masked_base64(match: re.Match[str]) -> str:
    text = match[0]
    is_path = text.count("/") * 20 > len(text)
    is_mixed = any(c.isdigit() for c in text) and any(c.isupper() for c in text) and any(c.islower() for c in text)
    return MASK if is_mixed and not is_path else text
