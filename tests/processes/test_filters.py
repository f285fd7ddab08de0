"""What a person may type after the slash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_builders import process

from octotui.errors import UsageError
from octotui.processes.filters import Filter, FilterError, parse_filter
from octotui.processes.model import NO_MEANING, Meaning

CALAMARI = process(14220, 14207, "Calamari", argv=("/opt/Calamari", "run-script"), user="octopus", uid=1001)
CALAMARI_MEANING = Meaning(
    role="calamari", label="Calamari", task="ServerTasks-826567", instance="web-blue", version="27.3.5"
)
SYSTEMD = process(1, 0, "systemd", argv=("/sbin/init",), user="root", uid=0)


def finds_calamari(text: str) -> bool:
    return parse_filter(text).matches(CALAMARI, CALAMARI_MEANING)


@pytest.mark.parametrize(
    "text",
    [
        "", "calamari", "CALA run-SCRIPT", "14220", "web-blue 27.3", "-systemd", '"calamari run"', '-"pwsh x" opt',
        "role:calamari", "ROLE:Cal", "user:octopus", "user:1001", "pid:14220", "pid:1,14220", "task:826567",
        "task:ServerTasks-826567", "-role:tentacle -user:root -pid:1", "role:calamari -task:1111",
    ],
)  # fmt: skip
def test_all_terms_hold_in_any_case(text: str) -> None:
    assert finds_calamari(text)


@pytest.mark.parametrize(
    "text",
    [
        "tentacle", "calamari tentacle", "1422", "-calamari", '"run calamari"', "role:tentacle", "role:none",
        "user:oct", "user:root", "pid:1422", "task:99", "-pid:14220", "-user:1001",
    ],
)  # fmt: skip
def test_one_term_that_fails_is_enough(text: str) -> None:
    assert not finds_calamari(text)


def test_a_process_without_a_role_is_found_by_role_none() -> None:
    assert parse_filter("role:none").matches(SYSTEMD, NO_MEANING)
    assert parse_filter("role:none").matches(SYSTEMD, Meaning(role="none"))


def test_a_colon_after_another_word_is_part_of_a_plain_word() -> None:
    windows = process(4, 0, "Calamari.exe", argv=(r"C:\Octopus\Calamari.exe", "url=http://host:8080"))
    assert parse_filter(r"c:\octopus").matches(windows, NO_MEANING)
    assert parse_filter("http://host:8080").matches(windows, NO_MEANING)


@pytest.mark.parametrize(
    ("text", "position"),
    [("calamari role:", 9), ("pid:abc", 0), ("a pid:1,", 2), ("-", 0), ('ab "cd', 3), ('""', 0), ('"a"b', 0)],
)
def test_a_mistake_is_named_with_its_place_and_the_way_out(text: str, position: int) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert caught.value.position == position
    assert caught.value.hint
    assert isinstance(caught.value, UsageError)


def test_a_filter_explains_itself_in_words() -> None:
    wanted = parse_filter('pwsh role:calamari -bash -"two words"')
    assert wanted.explanation == 'with "pwsh" and role "calamari", without "bash" or "two words"'
    assert parse_filter("  ").explanation == "every process"


def test_the_empty_filter_matches_everything() -> None:
    assert Filter().is_empty
    assert parse_filter(" ").is_empty
    assert Filter().matches(SYSTEMD, NO_MEANING)


@given(st.text(max_size=40))
def test_whatever_is_typed_gives_a_filter_or_a_filter_error(text: str) -> None:
    try:
        wanted = parse_filter(text)
    except FilterError as error:
        assert 0 <= error.position < len(text)
    else:
        wanted.matches(CALAMARI, CALAMARI_MEANING)
        assert wanted.explanation
