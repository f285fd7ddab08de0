"""How much disk dumps may take: a quota for the store, and a floor of space that stays free."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from octotui.errors import UsageError
from octotui.text import printable
from octotui.units import bytes_text

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15}
_BINARY_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgtp]?)(i?)b?)", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)


def parse_size(text: str, name: str) -> int:
    """Bytes of `20GB`, `512 MiB` or `1000`. Raises UsageError naming the setting `name`."""
    found = _SIZE.fullmatch(text.strip())
    unit = found[2].lower() if found else ""
    if found is None or (found[3] and not unit):
        raise UsageError(f'{name}: "{printable(text, 40)}" is no size', hint="write it as 20GB, 512MB or 1000000")
    return int(float(found[1]) * (_BINARY_UNITS if found[3] else _UNITS)[unit])


@dataclass(frozen=True, slots=True)
class Bound:
    """A share of a file system or a number of bytes; both 0: no bound."""

    percent: float = 0.0
    bytes: int = 0

    @classmethod
    def parse(cls, text: str, name: str) -> Bound:
        """`10%`, `20GB`, or `0` for none. Raises UsageError naming the setting `name`."""
        share = _PERCENT.fullmatch(text.strip())
        if share is None:
            try:
                return cls(bytes=parse_size(text, name))
            except UsageError as error:
                message = f'{name}: "{printable(text, 40)}" is neither a share nor a size'
                raise UsageError(message, hint="write it as 10%, 20GB, or 0 for no limit") from error
        if float(share[1]) > 100:
            raise UsageError(f"{name}: {share[0]} is more than all of it", hint="give 0% to 100%")
        return cls(percent=float(share[1]))

    def of(self, total_bytes: int) -> int:
        """The bound in bytes on a file system of `total_bytes`; 0 for none."""
        return self.bytes or int(total_bytes * self.percent / 100)

    def __str__(self) -> str:
        return f"{self.percent:g}%" if self.percent else bytes_text(self.bytes)


@dataclass(frozen=True, slots=True)
class Limits:
    """`quota` bounds what the files of the store take up; `keep_free` is what no capture may eat into, anywhere."""

    quota: Bound = Bound(percent=10.0)
    keep_free: Bound = Bound(percent=15.0)

    @classmethod
    def parse(cls, quota: str, keep_free: str) -> Limits:
        """Raises UsageError naming the setting that makes no sense."""
        return cls(Bound.parse(quota, "quota"), Bound.parse(keep_free, "keep-free"))

    @classmethod
    def none(cls) -> Limits:
        return cls(Bound(), Bound())

    def fullness(self, *, used_bytes: int, free_bytes: int, total_bytes: int) -> Fullness:
        """How a store of `used_bytes` on that file system stands to these limits."""
        quota, floor = self.quota.of(total_bytes), self.keep_free.of(total_bytes)
        return Fullness(used_bytes, quota, free_bytes, floor)


@dataclass(frozen=True, slots=True)
class Fullness:
    """What the files of a store take up and what is free beside them, in bytes; a limit of 0 is none."""

    used_bytes: int
    quota_bytes: int
    free_bytes: int
    keep_free_bytes: int

    def missing_bytes(self, room: int = 0) -> int:
        """What has to go from the store until `room` more bytes fit in; 0 when they do."""
        over = self.used_bytes + room - self.quota_bytes if self.quota_bytes else 0
        below = self.keep_free_bytes + room - self.free_bytes if self.keep_free_bytes or room else 0
        return max(0, over, below)

    def words(self) -> str:
        """One sentence part: `4.2 GB of 25 GB used, 81 GB free of which 38 GB stay free`."""
        used = bytes_text(self.used_bytes)
        use = f"{used} of the quota of {bytes_text(self.quota_bytes)} used" if self.quota_bytes else f"{used} used"
        kept = f", {bytes_text(self.keep_free_bytes)} of them to be kept free" if self.keep_free_bytes else ""
        return f"{use}; {bytes_text(self.free_bytes)} free{kept}"

    def as_json(self) -> dict[str, Any]:
        """Fields end in their unit; a limit that is off is null."""
        return {
            "used_bytes": self.used_bytes,
            "quota_bytes": self.quota_bytes or None,
            "free_bytes": self.free_bytes,
            "keep_free_bytes": self.keep_free_bytes or None,
        }
