"""`octotui verify` on a dump that octotui wrote at the end of a process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import Completed

from octotui.dumps.verifying.elfcore import NT_OCTOTUI

sys.path.append(str(Path(__file__).resolve().parents[1] / "dumps"))

from dump_cores import Core, note

FACTS = {"version": "1.0", "status": 768, "life_seconds": 1.5, "late": [], "untraced": []}


@pytest.fixture
def verified(cli: Callable[..., Completed], tmp_path: Path) -> Callable[..., list[str]]:
    """`verified(late=[7])`: the lines about a core whose note says that too."""

    def lines(**facts: object) -> list[str]:
        path = tmp_path / "core"
        content = json.dumps({**FACTS, **facts}).encode()
        path.write_bytes(bytes(Core(writer="kernel", extra_notes=note(b"octotui", NT_OCTOTUI, content))))
        done = cli("verify", str(path))
        assert done.status == 0, done.stderr
        return done.stdout.splitlines()

    return lines


def test_it_names_the_writer_and_the_end(verified: Callable[..., list[str]]) -> None:
    lines = verified()
    assert "  writer   octotui (gdb opens it)" in lines
    assert lines[-1] == "  ended    with status 3, 1.5 s after its start"


def test_it_says_what_the_dump_lacks(verified: Callable[..., list[str]]) -> None:
    assert verified(status=9, left_managed=[4242])[-2:] == [
        "  ended    by SIGKILL, 1.5 s after its start",
        "  left     managed code, by thread 4242: no managed stack is left of it, the heap is whole",
    ]
    assert verified(late=[7, 8], untraced=[8, 9])[-1] == "  missing  3 threads"
    assert verified(late=[7])[-1] == "  missing  1 thread"
    assert verified(may_miss_threads=True)[-1].startswith("  missing  perhaps threads of its last 25 ms")
    assert verified(unreadable_bytes=8192)[-1] == "  unread   8.2 kB of its memory could not be read"
