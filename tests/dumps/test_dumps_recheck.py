"""A second look at a dump, and which dumps are old: found exactly, nothing changed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dump_cores import Core
from store_world import keep_dump

from octotui.dumps.keeping.expiry import Rules, expired, parse_age
from octotui.dumps.keeping.recheck import recheck
from octotui.dumps.keeping.records import DumpRecord
from octotui.dumps.keeping.store import Store
from octotui.errors import CaptureFailed, UsageError

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "dumps")


def test_untouched_dump_is_what_was_recorded(store: Store) -> None:
    found = recheck(keep_dump(store, "a.dmp"))
    assert found.is_good and found.facts is not None
    assert (found.facts.pid, found.notes, found.as_json()["good"]) == (4242, (), True)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-4096], "it was cut off"),
        (lambda data: data[:-1] + b"\x09", "its SHA-256 is"),
        (lambda data: data + b"tail", "bytes, recorded were"),
        (lambda data: bytes(Core(pid=77)), "it holds process 77, recorded was process 4242"),
        (lambda data: b"", "it is not a whole dump"),
    ],
)
def test_each_damage_is_named(store: Store, damage: object, words: str) -> None:
    record = keep_dump(store, "a.dmp")
    path = store.directory / "a.dmp"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    found = recheck(record)
    assert not found.is_good
    assert any(words in difference for difference in found.differences), found.differences


def test_dump_without_a_record_is_judged_by_itself(store: Store) -> None:
    keep_dump(store, "a.dmp")
    (store.directory / "a.dmp.json").unlink()
    found = recheck(store.records()[0])
    assert found.is_good
    assert found.notes == ("no SHA-256 was recorded to compare with", "it has no record")


def test_gone_dump_differs_and_a_cancelled_look_says_so(store: Store) -> None:
    record = keep_dump(store, "a.dmp")
    with pytest.raises(CaptureFailed, match="cancelled"):
        recheck(record, is_cancelled=lambda: True)
    (store.directory / "a.dmp").unlink()
    assert recheck(store.records()[0]).differences == ("its dump is gone",)


def test_file_swapped_for_a_pipe_is_refused_without_waiting(store: Store) -> None:
    record = keep_dump(store, "a.dmp")
    (store.directory / "a.dmp").unlink()
    os.mkfifo(store.directory / "a.dmp")
    with pytest.raises(Exception, match="cannot be read"):
        recheck(record)


def shelf(store: Store) -> tuple[DumpRecord, ...]:
    for age in (1, 5, 10, 20):
        keep_dump(store, f"d{age}.dmp", size=100_000, taken_at=NOW - timedelta(days=age))
    keep_dump(store, "lost.dmp", taken_at=NOW - timedelta(days=2), outcome="lost")
    (store.directory / "lost.dmp").unlink()
    return store.records()


@pytest.mark.parametrize(
    ("rules", "going"),
    [
        (Rules(older_than_seconds=7 * 86400), ["d20", "d10"]),
        (Rules(keep=1), ["d20", "d10", "d5"]),
        (Rules(older_than_seconds=3 * 86400, keep=2), ["d20", "d10"]),
        (Rules(older_than_seconds=15 * 86400, keep=3), ["d20"]),
        (Rules(keep=0), ["d20", "d10", "d5", "d1"]),
        (Rules(missing_bytes=150_000), ["d20", "d10"]),
        (Rules(missing_bytes=150_000, keep=3), ["d20"]),
        (Rules(missing_bytes=0), []),
        (Rules(missing_bytes=0, keep=1), []),
        (Rules(older_than_seconds=15 * 86400, missing_bytes=150_000), ["d20", "d10"]),
        (Rules(lost=True), ["lost"]),
        (Rules(older_than_seconds=15 * 86400, lost=True), ["d20", "lost"]),
        (Rules(older_than_seconds=1e9), []),
    ],
)
def test_what_goes_follows_the_rules_oldest_first(store: Store, rules: Rules, going: list[str]) -> None:
    found = expired(shelf(store), rules, NOW.timestamp())
    assert [record.name.partition(".")[0] for record in found.records] == going


def test_room_that_the_dumps_cannot_make_is_told(store: Store) -> None:
    found = expired(shelf(store), Rules(missing_bytes=10**9, keep=1), NOW.timestamp())
    assert [record.name for record in found.records] == ["d20.dmp", "d10.dmp", "d5.dmp"]
    assert found.short_bytes == 10**9 - found.freed_bytes


@pytest.mark.parametrize(("text", "seconds"), [("14d", 1209600), ("12h", 43200), ("30 m", 1800), ("2W", 1209600)])
def test_age_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "14", "d", "-1d", "1y", "٣d", "1.5d", "99999999d"])
def test_other_ages_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no age"):
        parse_age(text)
