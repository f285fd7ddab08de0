"""The whole program as a person meets it: the demo on a real terminal, from the first frame to a verified dump."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal_emulator import Terminal

from octotui.demo.runtimes import find_runtime
from octotui.dumps.keeping.store import Store
from octotui.dumps.verifying.verify import verify
from octotui.errors import OctotuiError

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture
def demo(own_state: Path) -> Iterator[Terminal]:
    try:
        find_runtime("8.0")
    except OctotuiError as error:
        pytest.skip(str(error))
    with Terminal(["demo"], {"OCTOTUI_STATE_DIR": str(own_state)}) as terminal:
        terminal.wait_for(lambda seen: "Tentacle" in seen and "run-script" in seen)
        yield terminal


def tree_of(starter: int) -> list[int]:
    """The pids of all processes below `starter`, by the kernel's parent links."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, at = [starter], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found[1:]


def is_over(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def test_d_and_enter_on_the_demo_give_a_verified_dump_of_every_dotnet_process(demo: Terminal, own_state: Path) -> None:
    tree = tree_of(demo.process.pid)
    assert len(tree) >= 5
    demo.press("d")
    dialog = demo.wait_for(lambda seen: re.search(r"Capture \d+ process", seen))
    asked = re.search(r"Capture (\d+) process", dialog)
    assert asked
    demo.press("\r")
    store = Store(own_state / "dumps")
    demo.wait_for(lambda _: sum(record.is_verified for record in store.records()) == int(asked[1]))
    seen = demo.wait_for(lambda text: "verified" in text and "x Cancel" not in text)
    assert "Calamari" in seen
    demo.press("q")
    assert demo.wait_for_end() == 0
    assert demo.settings() == demo.settings_before
    assert b"\x1b[?1049l" in demo.raw
    assert [pid for pid in tree if not is_over(pid)] == []
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    for record in store.records():
        assert record.path is not None
        assert stat.S_IMODE(record.path.stat().st_mode) == 0o600
        assert verify(record.path).pid == record.number("pid")


def test_a_hangup_ends_the_demo_and_every_process_of_it(demo: Terminal) -> None:
    tree = tree_of(demo.process.pid)
    os.kill(demo.process.pid, 1)
    assert demo.wait_for_end() in (129, 130)
    assert demo.settings() == demo.settings_before
    assert [pid for pid in tree if not is_over(pid)] == []
