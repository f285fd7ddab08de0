"""Text that comes from strangers is shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.text import LONGEST, ascii_only, decoded, printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"bash Bootstrap.sh", "bash Bootstrap.sh"),
        (b"\x1b]0;title\x07", "␛]0;title␇"),
        (b"a\nb\tc", "a↵b→c"),
        (b"bad \xff byte", "bad � byte"),
        ("right‮left".encode(), "right�left"),
        ("c1 \x9b31m".encode(), "c1 �31m"),
        ("Zoë 日本".encode(), "Zoë 日本"),
        (b"del\x7f", "del␡"),
        (b"[kworker/0:0] [/b]", "[kworker/0:0] [/b]"),
    ],
)
def test_hostile_bytes_become_visible_stand_ins(raw: bytes, shown: str) -> None:
    assert printable(decoded(raw)) == shown


def test_a_four_kilobyte_name_is_cut_with_an_ellipsis() -> None:
    shown = printable("x" * 10_000)
    assert len(shown) == LONGEST
    assert shown.endswith("…")


@given(st.text(), st.binary())
def test_nothing_printable_returns_can_drive_a_terminal(text: str, raw: bytes) -> None:
    for shown in (printable(text), printable(decoded(raw))):
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in shown)
        assert ascii_only(shown).isascii()
        assert shown.encode("utf-8").decode("utf-8") == shown


def test_ascii_terminals_still_see_tree_and_state() -> None:
    assert ascii_only("└ │ ● ✓ × ▌ …") == "` | * v x > ~"


@pytest.mark.parametrize("character", ["\ufe0f", "\u034f", "\u3164", "\U000e0101", "\u200d"])
def test_characters_that_draw_nothing_are_made_visible(character: str) -> None:
    assert printable(f"a{character}b") == "a\ufffdb"
