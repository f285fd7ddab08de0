"""What a person may type after the slash."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_builders import process

from octotui.errors import UsageError
from octotui.processes.filters import Facts, Filter, FilterError, parse_filter
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
    ("text", "is_found"),
    [
        ("pwsh|calamari", True), ("pwsh | calamari", True), ("pwsh|bash", False), ("calamari pwsh|bash", False),
        ("pwsh|calamari run-script", True), ("pwsh|calamari nothing", False), ("role:server|role:calamari", True),
        ('"pwsh x"|"calamari run"', True), ("-calamari|user:octopus", True), ("a-|b-|14220", True),
        ("-calamari|-run-script", False), ('"a|b"', False),
    ],
)  # fmt: skip
def test_a_bar_between_two_makes_one_of_them_enough(text: str, is_found: bool) -> None:
    assert finds_calamari(text) is is_found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("cpu>5", True), ("cpu>38", False), ("cpu>=38", True), ("cpu<38", False), ("cpu<=38%", True), ("-cpu>5", False),
        ("mem>1g", True), ("mem>2gb", False), ("MEM>=1.5G", True), ("mem<1536m", False), ("mem<=1536mb", True),
        ("rss>1000k", True), ("memory>5b", True), (">1g", True), ("<1gb", False), (">50%", False), ("mem>0", True),
        ("age<5m", True), ("age>31s", False), ("age<1h", True), ("age>=0.5d", False), ("threads>6", True),
        ("thr<7", False), ("cpu>50|mem>1g", True), ("role:calamari cpu>5 -age>1h", True),
    ],
)  # fmt: skip
def test_figures_are_compared_in_the_units_that_people_write(text: str, is_found: bool) -> None:
    big = replace(CALAMARI, rss_bytes=3 << 29, threads=7)
    assert parse_filter(text).matches(big, CALAMARI_MEANING, Facts(38.0, 31.0)) is is_found


def test_a_rate_that_is_not_known_is_neither_high_nor_low() -> None:
    for text, is_found in (("cpu>0", False), ("cpu<1", False), ("-cpu>0", True)):
        assert parse_filter(text).matches(CALAMARI, CALAMARI_MEANING) is is_found


@pytest.mark.parametrize("text", ["2>&1", "a->b", "List<int>", "x=>y", "<html>", "echo>file"])
def test_signs_inside_other_text_compare_nothing(text: str) -> None:
    odd = process(4, 0, "sh", argv=("sh", "-c", "echo 2>&1 a->b List<int> x=>y <html> echo>file"))
    assert parse_filter(text).matches(odd, NO_MEANING)


@pytest.mark.parametrize(
    ("text", "wrong", "words"),
    [
        ("cpu>", "cpu>", "cpu> needs a number: cpu>5"),
        ("bash cpu>x", "cpu>x", "cpu> needs a number"),
        ("mem>500 pwsh", "mem>500", "mem>500 needs a unit: mem>500m"),
        ("age<5y", "age<5y", '"y" is no unit of age: age<5m'),
        ("ram>5", "ram>5", 'there is no figure "ram" to compare: it is cpu, mem, age or threads; "ram>5" in quotes'),
        (">5m", ">5m", ">5m does not say of what: write mem>5m or age>5m"),
        ("pwsh|", "|", '"|" needs a word on either side'),
        ("| pwsh", "|", '"|" needs a word'),
        ("a || b", "|", '"|" needs a word'),
        ("ab pid:x cd", "pid:x", "is not a pid"),
        ('a "b c', '"b c', "a quote is not closed"),
    ],
)
def test_the_wrong_part_is_known_from_its_start_to_its_end(text: str, wrong: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert text[caught.value.position : caught.value.end] == wrong
    assert words in str(caught.value)


def test_alternatives_and_comparisons_explain_themselves() -> None:
    wanted = parse_filter("pwsh|bash cpu>5 mem>=500m -age<5m -tool|x")
    assert wanted.explanation == (
        'with ("pwsh" or "bash") and CPU over 5% and memory at least 500m and (not "tool" or "x"), without age under 5m'
    )


def test_only_figures_can_change_their_answer_for_the_same_process() -> None:
    assert parse_filter("pwsh cpu>5").has_figures
    assert not parse_filter("pwsh role:calamari").has_figures


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


@given(st.text(max_size=40) | st.text(alphabet='ab5<>=|-":cpumeg. ', max_size=16))
def test_whatever_is_typed_gives_a_filter_or_a_filter_error(text: str) -> None:
    try:
        wanted = parse_filter(text)
    except FilterError as error:
        assert 0 <= error.position < error.end <= len(text)
    else:
        wanted.matches(CALAMARI, CALAMARI_MEANING)
        assert wanted.explanation
