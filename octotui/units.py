"""Bytes, durations and ages in one wording: narrow for columns, spelled out for sentences."""

from __future__ import annotations

_STEPS = ("", "K", "M", "G", "T", "P")


def short_bytes(count: int) -> str:
    """At most five cells for a column: `0`, `812K`, `18M`, `1.9G` (powers of 1024)."""
    value = float(max(0, count))
    for suffix in _STEPS:
        if value < 999.5 or suffix == _STEPS[-1]:
            break
        value /= 1024
    if suffix and value < 9.95:
        return f"{value:.1f}{suffix}"
    return f"{value:.0f}{suffix}"


def bytes_text(count: int) -> str:
    """For sentences: `0 bytes`, `812 kB`, `157 MB`, `1.9 GB` (powers of 1000, as disks are sold)."""
    if count < 1000:
        return f"{max(0, count)} bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1000
        if value < 999.5 or unit == "PB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def seconds_text(seconds: float) -> str:
    """For sentences: `0.34 s`, `6.3 s`, `48 s`, `2 min 5 s`, `1 h 2 min`."""
    seconds = max(0.0, seconds)
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(whole // 60, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def short_age(seconds: float) -> str:
    """At most six cells for a column: `8s`, `3m20s`, `47m`, `5h`, `12d`. From a minute on it moves in steps of ten
    seconds, so that a column of ages does not flicker.
    """
    whole = int(max(0.0, seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 600:
        minutes, rest = divmod(whole // 10 * 10, 60)
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h"
    return f"{whole // 86400}d"


def percent_text(percent: float) -> str:
    """One decimal below 100, none above: `0.4`, `38.0`, `212`."""
    return f"{percent:.1f}" if percent < 99.95 else f"{percent:.0f}"
