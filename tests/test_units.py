"""Sizes and times read the same everywhere."""

from __future__ import annotations

import pytest

from octotui.units import bytes_text, percent_text, seconds_text, short_age, short_bytes


@pytest.mark.parametrize(
    ("count", "short", "spelled"),
    [
        (0, "0", "0 bytes"),
        (999, "999", "999 bytes"),
        (4 * 2**20, "4.0M", "4.2 MB"),
        (157_319_168, "150M", "157 MB"),
        (1023 * 2**20, "1.0G", "1.1 GB"),
        (2 * 10**9, "1.9G", "2.0 GB"),
        (10**15, "909T", "1.0 PB"),
        (-5, "0", "0 bytes"),
    ],
)
def test_bytes_fit_a_column_and_a_sentence(count: int, short: str, spelled: str) -> None:
    assert short_bytes(count) == short
    assert bytes_text(count) == spelled


@pytest.mark.parametrize("count", [10**n + k for n in range(16) for k in (-1, 0, 1)] + [2**n - 1 for n in range(1, 60)])
def test_a_size_never_outgrows_its_column(count: int) -> None:
    assert len(short_bytes(count)) <= 5


@pytest.mark.parametrize(
    ("seconds", "spelled", "short"),
    [
        (0.342, "0.34 s", "0s"),
        (6.3, "6.3 s", "6s"),
        (59.7, "1 min", "59s"),
        (125, "2 min 5 s", "2m"),
        (3720, "1 h 2 min", "1h"),
        (12 * 86400, "288 h", "12d"),
        (599, "9 min 59 s", "9m50s"),
        (-1, "0.00 s", "0s"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, spelled: str, short: str) -> None:
    assert seconds_text(seconds) == spelled
    assert short_age(seconds) == short


def test_a_busy_process_on_many_cores_keeps_its_column() -> None:
    assert percent_text(38.04) == "38.0"
    assert percent_text(1234.56) == "1235"
