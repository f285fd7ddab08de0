"""Parsing what the kernel says of a process, whatever the process made of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.processes.statfile import CUT_SHORT, LONGEST_COMMAND, parse_command, parse_stat
from octotui.text import LONGEST

REST = (
    b"S 812 1 1 0 -1 4194560 90 0 0 0 250 50 0 0 20 0 17 0 988812 12000000 2560 18446744073709551615 "
    b"1 1 140720308486000 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)


def plain(argv: Sequence[str]) -> tuple[str, ...]:
    return tuple(argv)


def test_a_stat_line_gives_the_fields_of_the_manual() -> None:
    stat = parse_stat(b"14220 (Calamari) " + REST)
    assert stat is not None
    assert (stat.name, stat.state, stat.parent_pid, stat.is_kernel) == (b"Calamari", "S", 812, False)
    assert (stat.cpu_ticks, stat.threads, stat.started, stat.rss_pages) == (300, 17, 988812, 2560)
    assert stat.image == 140720308486000


@pytest.mark.parametrize(
    "name", [b"a b", b"evil) S 1 1 (", b"((", b"))", b"", b"new\nline", b"\x1b]0;x\x07", b"\xff\xfe"]
)
def test_the_last_parenthesis_ends_the_name(name: bytes) -> None:
    stat = parse_stat(b"14220 (" + name + b") " + REST)
    assert stat is not None
    assert (stat.name, stat.parent_pid, stat.started) == (name, 812, 988812)


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"14220", b"14220 (bash)", b"14220 (bash) S 1 2", b") S (", b"1 (a) " + REST[:90]]
)
def test_a_truncated_line_gives_nothing(raw: bytes) -> None:
    assert parse_stat(raw) is None


def test_words_in_place_of_numbers_give_nothing() -> None:
    assert parse_stat(b"14220 (bash) " + REST.replace(b"988812", b"9888x2")) is None


@given(st.binary(max_size=300))
def test_garbage_never_raises(raw: bytes) -> None:
    parse_stat(raw)
    parse_stat(b"1 (" + raw + b") " + REST)
    parse_command(raw, plain)


def test_arguments_are_split_redacted_and_then_made_printable() -> None:
    seen: list[tuple[str, ...]] = []

    def redact(argv: Sequence[str]) -> tuple[str, ...]:
        seen.append(tuple(argv))
        return (*argv[:-1], "***")

    argv = parse_command(b"/bin/x\0\x1b[31m\0\0caf\xc3\xa9\0\xff\0-password=hunter2\0", redact)
    assert seen == [("/bin/x", "\x1b[31m", "", "café", "\udcff", "-password=hunter2")]
    assert argv == ("/bin/x", "␛[31m", "", "café", "�", "***")


def test_a_title_written_over_the_arguments_is_redacted_as_one_argument() -> None:
    def redact(argv: Sequence[str]) -> tuple[str, ...]:
        return tuple(argument.replace("hunter2", "***") for argument in argv)

    assert parse_command(b"worker: login -p hunter2\0\0\0\0\0\0", redact) == ("worker: login -p ***",)


def test_four_kilobytes_of_escapes_stay_bounded_and_visible() -> None:
    (argument,) = parse_command(b"\x1b]52;c;" * 4096 + b"\0", plain)
    assert len(argument) == LONGEST
    assert argument.endswith("…")
    assert "\x1b" not in argument


def test_the_half_argument_at_the_end_of_an_endless_command_line_is_not_shown() -> None:
    raw = (b"tool\0" + b"x\0" * LONGEST_COMMAND)[: LONGEST_COMMAND - 16] + b"\0half-of-a-secre"
    argv = parse_command(raw, plain)
    assert len(raw) == LONGEST_COMMAND
    assert argv[0] == "tool"
    assert argv[-1] == CUT_SHORT
    assert "half" not in " ".join(argv)


def test_one_endless_argument_shows_its_beginning() -> None:
    assert parse_command(b"y" * LONGEST_COMMAND, plain)[0].startswith("yyyy")
