"""What the locale and the terminal of this run can show, as they were when the program was started."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from octotui.text import decoded, locale_is_utf8

_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python writes into LC_CTYPE when it finds itself in the C locale; the terminal has not changed by that."""


def environment(
    now: Mapping[str, str] | None = None, started_with: Mapping[str, str] | None = None
) -> Mapping[str, str]:
    """The environment `now` without the LC_CTYPE that Python itself put there and `started_with` does not have."""
    now = os.environ if now is None else now
    first = _first_environment() if started_with is None else started_with
    if first and now.get("LC_CTYPE") in _COERCED and not first.get("LC_CTYPE"):
        return {name: value for name, value in now.items() if name != "LC_CTYPE"}
    return now


def shows_unicode() -> bool:
    """Whether lines and marks beyond ASCII may be written: the locale of the person who started this is UTF-8."""
    return locale_is_utf8(environment())


@functools.cache
def _first_environment() -> Mapping[str, str]:
    """What the program was started with; empty where the system does not tell."""
    try:
        raw = Path("/proc/self/environ").read_bytes()
    except OSError:
        return {}
    pairs = (decoded(entry).partition("=") for entry in raw.split(b"\0"))
    return {name: value for name, _, value in pairs if name}
