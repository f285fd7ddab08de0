"""Records that were damaged, made by an enemy, or written by the future: the dump stays on the list."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_world import keep_dump

from octotui.cli.dumps.shelf import document
from octotui.cli.dumps.show import _facts
from octotui.dumps.keeping.recheck import recheck
from octotui.dumps.keeping.store import Store
from octotui.ui.lines.dumps import Entry, entry_line, path_lines
from octotui.ui.lines.glyphs import glyphs

DEEP = 20_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "dumps")


def shown(store: Store) -> Any:
    """Everything that the faces make of the one dump of the store; fails when one of them does."""
    (record,) = store.records()
    _facts(record)
    entry = Entry(str(record.path), record=record)
    entry_line(entry, 80, glyphs(False), is_cursor=True)
    path_lines(entry, 80, glyphs(False), again="V")
    json.dumps({"record": dict(record.data)}, indent=2, allow_nan=False)
    recheck(record)
    return json.loads(json.dumps(document(record, 0.0), allow_nan=False))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "its record is damaged"),
        ('{"schema": 1, "verified": tr', "its record is damaged"),
        ("[1]", "its record is damaged"),
        ("{}", "its record is damaged"),
        ('{"schema": "1", "verified": true}', "its record is damaged"),
        ('{"schema": true, "verified": true}', "its record is damaged"),
        ('{"schema": 1, "pid": NaN}', "its record is damaged"),
        ('{"schema": 1, "pid": -Infinity}', "its record is damaged"),
        ('{"schema": 1, "pid": 1e999}', "its record is damaged"),
        ('{"schema": 1, "pid": ' + "9" * 5000 + "}", "its record is damaged"),
        ('{"schema": 1, "a": ' + "[" * DEEP + "]" * DEEP + "}", "its record is damaged"),
        ('{"schema": 1, "a": ' + "[" * 400 + "]" * 400 + "}", "its record is damaged"),
        ('{"schema": 1, "a": "' + "x" * (2 << 20) + '"}', "its record is damaged"),
        ("\x00" * 4096, "its record is damaged"),
        ('{"schema": 2, "verified": true}', "its record is of a newer octotui (schema 2)"),
        ('{"schema": 1, "verified": true, "bytes": 5}', "its size is not what was recorded"),
    ],
    ids=range(16),
)
def test_bad_record_is_told_and_the_dump_is_listed_unverified(store: Store, text: str, problem: str) -> None:
    keep_dump(store, "a.dmp")
    (store.directory / "a.dmp.json").write_text(text)
    found = shown(store)
    assert (found["name"], found["problem"], found["verified"]) == ("a.dmp", problem, False)


def test_record_of_a_gigabyte_is_not_read(store: Store) -> None:
    keep_dump(store, "a.dmp")
    os.truncate(store.directory / "a.dmp.json", 1 << 30)
    assert shown(store)["problem"] == "its record is damaged"


@pytest.mark.parametrize(
    "fields",
    [
        {"pid": 10**400}, {"pid": "x" * 10**5}, {"name": ["a"]}, {"pause_seconds": {"a": 1}}, {"sha256": 5},
        {"captured_at": "0001-01-01T00:00:00+23:59"}, {"captured_at": "9999-12-31T23:59:59-23:59"},
        {"captured_at": "1234-05-06"}, {"captured_at": []}, {"verification": {"pid": "4242"}}, {"verification": 7},
        {"outcome": "\x1b[2J"}, {"role": "\ud800"}, {"verified": "yes"}, {"bytes": -1}, {"bytes": True},
        {"\x1b]0;x\x07": "y", "": ""},
    ],
    ids=range(17),
)  # fmt: skip
def test_fields_of_the_wrong_kind_are_taken_for_absent(store: Store, fields: dict[str, Any]) -> None:
    keep_dump(store, "a.dmp")
    path = store.directory / "a.dmp.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    found = shown(store)
    assert found["bytes"] > 0
    assert "\x1b" not in json.dumps(found, ensure_ascii=False)
    assert 1970 <= int(found["taken_at"][:4]) < 9000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["pid", "name", "bytes", "verified", "captured_at", "outcome", "sha256", "pause_seconds", "schema", "verification"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(FIELDS | st.text(max_size=5), JSON, max_size=6))
def test_no_record_breaks_a_face(store: Store, fields: dict[str, Any]) -> None:
    keep_dump(store, "a.dmp")
    path = store.directory / "a.dmp.json"
    path.write_text(json.dumps({"schema": 1, **fields}))
    assert shown(store)["name"] == "a.dmp"


def test_damaged_record_without_its_dump_is_shown_and_can_be_removed(store: Store) -> None:
    store.prepare()
    (store.directory / "gone.dmp.json").write_text("{")
    (found,) = store.records()
    assert (found.path, found.problem) == (None, "a damaged record, no dump")
    store.remove(found)
    assert store.records() == ()


def test_dump_with_an_impossible_time_is_listed(store: Store) -> None:
    keep_dump(store, "a.dmp")
    (store.directory / "a.dmp.json").unlink()
    for moment in (-(10**9), 2**40):
        try:
            os.utime(store.directory / "a.dmp", (moment, moment))
        except (OSError, OverflowError):
            continue
        assert shown(store)["name"] == "a.dmp"
