"""The symbols of the screen and their ASCII stand-ins: each state is told apart by its sign alone."""

from __future__ import annotations

from dataclasses import dataclass

from octotui.text import ascii_only


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One cell each, but for `folded`."""

    cursor: str
    arrived: str
    exited: str
    marked: str
    capturing: str
    held: str
    traced: str
    queued: str
    done: str
    failed: str
    cancelled: str
    folded: str
    unknown: str
    ellipsis: str
    rule: str
    descending: str
    ascending: str
    is_ascii: bool

    def text(self, text: str) -> str:
        """`text` as this terminal can show it."""
        return ascii_only(text) if self.is_ascii else text


UNICODE = Glyphs(
    cursor="▌",
    arrived="+",
    exited="×",
    marked="*",
    capturing="●",
    held="■",
    traced="◇",
    queued="◌",
    done="✓",
    failed="!",
    cancelled="×",
    folded="▸ ",
    unknown="—",
    ellipsis="…",
    rule="─",
    descending="▼",
    ascending="▲",
    is_ascii=False,
)
ASCII = Glyphs(
    cursor=">",
    arrived="+",
    exited="x",
    marked="*",
    capturing="@",
    held="H",
    traced="T",
    queued="o",
    done="v",
    failed="!",
    cancelled="x",
    folded="[+] ",
    unknown="-",
    ellipsis="...",
    rule="-",
    descending="v",
    ascending="^",
    is_ascii=True,
)


def glyphs(is_ascii: bool) -> Glyphs:
    return ASCII if is_ascii else UNICODE
