"""Octotui's own note in a core: read within bounds, believed in nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dump_cores import Core, note

from octotui.dumps.keeping.records import facts_json
from octotui.dumps.verifying.elfcore import NT_OCTOTUI
from octotui.dumps.verifying.exitnote import LARGEST_NOTE, status_text
from octotui.dumps.verifying.verify import Writer, verify

FACTS: dict[str, Any] = {
    "version": "1.0",
    "status": 768,
    "life_seconds": 1.5,
    "left_managed": [4242],
    "late": [],
    "untraced": [],
    "may_miss_threads": False,
    "unreadable_bytes": 0,
}


def core_with(tmp_path: Path, content: bytes, owner: bytes = b"octotui", kind: int = NT_OCTOTUI) -> Path:
    path = tmp_path / "core"
    path.write_bytes(bytes(Core(writer="kernel", extra_notes=note(owner, kind, content))))
    return path


def test_the_note_names_the_writer_and_tells_the_end(tmp_path: Path) -> None:
    facts = verify(core_with(tmp_path, json.dumps(FACTS).encode() + b"\0"))
    assert facts.writer is Writer.OCTOTUI
    assert facts.exit is not None
    assert facts_json(facts)["exit"] == {**FACTS, "left_managed": (4242,), "late": (), "untraced": ()}


@pytest.mark.parametrize(
    ("owner", "kind"), [(b"octotui", 1234), (b"CORE", NT_OCTOTUI), (b"octotuj", NT_OCTOTUI)], ids=repr
)
def test_other_notes_are_not_taken_for_it(tmp_path: Path, owner: bytes, kind: int) -> None:
    facts = verify(core_with(tmp_path, json.dumps(FACTS).encode(), owner, kind))
    assert (facts.writer, facts.exit) == (Writer.KERNEL, None)
    assert "exit" not in facts_json(facts)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 100_000,
        json.dumps({**FACTS, "left_managed": 3}).encode(),
        json.dumps({**FACTS, "late": ["x"]}).encode(),
        json.dumps({**FACTS, "life_seconds": None}).encode(),
        json.dumps({**FACTS, "status": float("inf")}).encode(),
        b'{"status": ' + b"9" * 10_000 + b"}",
        json.dumps(FACTS).encode().ljust(LARGEST_NOTE + 1),
    ],
    ids=range(11),
)
def test_a_note_that_makes_no_sense_tells_nothing(tmp_path: Path, content: bytes) -> None:
    facts = verify(core_with(tmp_path, content))
    assert (facts.writer, facts.exit) == (Writer.OCTOTUI, None)


def test_what_it_says_is_made_safe_to_show(tmp_path: Path) -> None:
    hostile = {**FACTS, "version": "\x1b[2J" * 100, "status": -1, "life_seconds": 1e300, "unreadable_bytes": -5}
    found = verify(core_with(tmp_path, json.dumps(hostile).encode())).exit
    assert found is not None
    assert "\x1b" not in found.version
    assert len(found.version) <= 40
    assert (found.status, found.life_seconds, found.unreadable_bytes) == (0xFFFF, 1e10, 0)


@pytest.mark.parametrize(
    ("status", "text"),
    [(0, "with status 0"), (768, "with status 3"), (9, "by SIGKILL"), (134, "by SIGABRT"), (65, "by signal 65")],
)
def test_a_status_in_words(status: int, text: str) -> None:
    assert status_text(status) == text
