"""The screen asks real .NET processes: stacks on 80x24, live counters beside the table, and no session left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from dotnet_targets import needs_root
from terminal_emulator import Terminal

from octotui.demo.tree import StandInTree

PATIENCE = 60.0


def session_threads(pid: int) -> int:
    """How many threads of the runtime serve event sessions: one that stays for good, and one for each session."""
    names = (path.read_text("utf-8", "replace").strip() for path in Path(f"/proc/{pid}/task").glob("*/comm"))
    return sum(name == ".NET EventPipe" for name in names)


def wait_until(is_so: Callable[[], bool], terminal: Terminal) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, terminal.text
        terminal.settle(0.2, 0.1)


@needs_root
def test_s_on_calamari_shows_its_threads_and_w_writes_what_support_needs(tmp_path: Path) -> None:
    with StandInTree(ballast_mb=16, short_every=600) as tree:
        pid = next(process.pid for process in tree.pids() if process.role == "calamari")
        arguments = ["--all", "--pid", str(pid), "--interval", "60"]
        with Terminal(arguments, {"OCTOTUI_STATE_DIR": str(tmp_path)}, 80, 24) as terminal:
            terminal.wait_for(lambda seen: "Calamari" in seen and "s Stacks" in seen)
            terminal.press("s")
            methods = ("Standin.HoldLock", "Calamari!Standin.WaitForLock", "Calamari!Standin.Main")
            words = ("holder", "waiter", "stood", *methods)
            terminal.wait_for(lambda seen: all(word in seen for word in words))
            terminal.press("W")
            terminal.wait_for(lambda seen: "Written: the analysis of" in seen)
            (document,) = (tmp_path / "analyses").glob("*.json")
            assert json.loads(document.read_text())["schema"] == 1
            assert document.with_suffix(".txt").read_text().count("HoldLock") >= 1
            terminal.press("\x1b")
            terminal.wait_for(lambda seen: "PROCESS" in seen)
            terminal.press("q")
            assert terminal.wait_for_end() == 0
        assert session_threads(pid) <= 1


@needs_root
def test_counters_live_as_long_as_the_pane_is_looked_at(tmp_path: Path) -> None:
    with StandInTree(ballast_mb=16, short_every=600) as tree:
        pid = next(process.pid for process in tree.pids() if process.role == "calamari")
        arguments = ["--all", "--pid", str(pid), "--interval", "60"]
        with Terminal(arguments, {"OCTOTUI_STATE_DIR": str(tmp_path)}, 160, 45) as terminal:
            terminal.wait_for(lambda seen: "GC heap" in seen and "All CPUs" in seen)
            assert session_threads(pid) == 2
            terminal.press("2")
            terminal.wait_for(lambda seen: "No dump yet" in seen)
            wait_until(lambda: session_threads(pid) <= 1, terminal)
            terminal.press("\x1b")
            wait_until(lambda: session_threads(pid) == 2, terminal)
            terminal.press("s")
            terminal.wait_for(lambda seen: "Standin.HoldLock" in seen)
            wait_until(lambda: session_threads(pid) <= 1, terminal)
            terminal.press("\x1b")
            wait_until(lambda: session_threads(pid) == 2, terminal)
            terminal.press("q")
            assert terminal.wait_for_end() == 0
        assert session_threads(pid) <= 1
