"""Entries of task logs: found in any piece, with keys, service messages and known secrets taken out."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.octopus.logentries import LONGEST_MESSAGE, RawEntry, raw_entries, shown_entries, shown_message

AT = "2026-11-23T10:15:02.1234567+00:00"


def entry(message: str, source: str = "stdout") -> str:
    return json.dumps([source, message, AT], separators=(",", ":"))


def texts(*messages: str) -> list[str]:
    return [one.text for one in shown_entries([RawEntry("stdout", message, AT) for message in messages])]


def test_entries_are_found_with_and_without_line_ends_and_blanks() -> None:
    lines = [entry("one"), json.dumps(["stderr", "two", AT]), entry("three", "debug")]
    for joined in ("".join(lines), "\n".join(lines), "\r\n".join(lines) + "\r\n"):
        found, strange = raw_entries(joined)
        assert [(one.source, one.message) for one in found] == [
            ("stdout", "one"),
            ("stderr", "two"),
            ("debug", "three"),
        ]
        assert strange == 0
    assert [one.at for one in shown_entries(found)] == ["10:15:02"] * 3


def test_a_piece_may_begin_and_end_in_the_middle_of_an_entry() -> None:
    tricky = 'say ["stdout","no entry","at"] twice'
    whole = entry("first") + entry(tricky) + entry("last")
    for start in range(1, len(entry("first"))):
        for end in range(len(whole) - len(entry("last")) + 1, len(whole)):
            found, _ = raw_entries(whole[start:end])
            assert [one.message for one in found] == [tricky]


def test_what_is_no_entry_is_counted_and_never_given() -> None:
    text = "root:$y$secret:19000:0:99999:7:::\n" + entry("real") + '["passwd","x","y"]'
    found, strange = raw_entries(text)
    assert [one.message for one in found] == ["real"]
    assert strange > 30
    assert raw_entries("root:x:0:0\n" * 50) == ((), 549)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_message_comes_back_whole_from_any_surroundings(before: str, message: str) -> None:
    found, _ = raw_entries(before.replace('["', "") + entry(message))
    assert found[-1].message == message


def test_hostile_pieces_are_read_in_no_time() -> None:
    begun = time.process_time()
    for piece in ('["stdout","' * 6000, '["stdout","' + "\\" * 65_000, "[" * 65_000, '["stdout", "a", "' * 4000):
        raw_entries(piece)
        shown_message(piece)
    assert time.process_time() - begun < 2


def test_known_secrets_and_terminal_sequences_do_not_reach_the_screen() -> None:
    (shown,) = texts("\x1b[31mlogin --password hunter2\x1b[0m API-ABCDEFGHIJKLMNOPQRSTUV \x07\u202e")
    assert "hunter2" not in shown and "API-A" not in shown
    assert "\x1b" not in shown and "\x07" not in shown and "\u202e" not in shown


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("##octopus[setVariable name='YQ==' value='aHVudGVyMg==' sensitive='VHJ1ZQ==']", "##octopus[setVariable ***]"),
        ("x ##octopus[mask value='aHVudGVyMg==']", "x ##octopus[mask ***]"),
        ("##octopus[setVariable name='YQ=='\nvalue='aHVudGVyMg==']", "##octopus[setVariable ***]"),
        ("##octopus[ setVariable value='aHVudGVyMg==' ", "##octopus[setVariable ***]"),
        ("##teamcity[setParameter name='x' value='hunter2']", "##teamcity[setParameter ***]"),
        ("##octopus[stdout-warning]", "##octopus[stdout-warning]"),
    ],
)
def test_service_messages_are_shown_by_their_name_alone(message: str, shown: str) -> None:
    assert texts(message) == [shown]


KEY = [
    "-----BEGIN PRIVATE KEY-----",
    "MIIEvQIBADANBgkqhkiG9w0BAQ",
    "EFAASCBKcwggSjAgEAAoIBAQC7",
    "-----END PRIVATE KEY-----",
]


def test_a_key_that_runs_over_many_entries_is_hidden() -> None:
    shown = texts("before", *KEY, "after")
    assert shown == ["before", "***", "***", "***", "***", "after"]


def test_a_key_of_which_the_piece_has_only_one_end_is_hidden() -> None:
    assert texts(*KEY[2:], "after") == ["***", "***", "after"]
    assert texts("before", *KEY[:2]) == ["before", "***", "***"]
    assert texts("a sentence of words", *KEY[2:]) == ["a sentence of words", "***", "***"]


def test_what_stderr_says_within_a_key_of_stdout_stays() -> None:
    entries = [RawEntry("stdout", line, AT) for line in KEY]
    entries.insert(2, RawEntry("stderr", "warning", AT))
    assert [one.text for one in shown_entries(entries)] == ["***", "***", "warning", "***", "***"]


def test_a_long_message_is_cut_without_half_a_secret_at_its_end() -> None:
    long = "word " * 790 + "-----BEGIN KEY-----" + "hunter2 " * 400
    (shown,) = texts(long)
    assert len(shown) == LONGEST_MESSAGE
    (shown,) = texts("--password=" + "x" * (2 * LONGEST_MESSAGE - 30) + " API-ABCDEFGHIJKLMNOPQRSTUV")
    assert "API-" not in shown


@pytest.mark.parametrize(("at", "time_shown"), [("", ""), ("yesterday", ""), ("2026-11-23T10:15:02Z", "10:15:02")])
def test_a_time_that_is_none_is_left_out(at: str, time_shown: str) -> None:
    assert shown_entries([RawEntry("stdout", "x", at)])[0].at == time_shown
