"""--record and --replay from the command line, on real terminals and without one."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import Completed
from terminal_emulator import Terminal

from octotui.processes.recordings.recording import Recording

DEPLOYMENT = Path(__file__).resolve().parents[1] / "fixtures" / "recordings" / "deployment.jsonl.gz"


def is_recording(seen: str) -> bool:
    return "rec · " in seen


def test_a_recording_is_private_complete_and_told_of_at_the_end(own_state: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.jsonl.gz"
    arguments = ["--record", str(path), "--interval", "0.25"]
    with Terminal(arguments, {"OCTOTUI_STATE_DIR": str(own_state)}, columns=160) as terminal:
        terminal.wait_for(is_recording)
        terminal.wait_for(lambda _: len(Recording.open(path)) >= 4)
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        said = re.sub(r"\s+", "", terminal.text)
    recording = Recording.open(path)
    assert recording.cut == "" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"Recorded{len(recording)}samplesof" in said and f"octotui--replay{path}shows" in said
    assert any(process.pid == os.getpid() for process in recording.sample(0).snapshot.processes.values())


def test_a_killed_octotui_leaves_a_recording_that_can_be_shown(own_state: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.jsonl.gz"
    arguments = ["--record", str(path), "--interval", "0.25"]
    with Terminal(arguments, {"OCTOTUI_STATE_DIR": str(own_state)}) as terminal:
        terminal.wait_for(is_recording)
        terminal.wait_for(lambda _: len(Recording.open(path)) >= 3)
        os.kill(terminal.process.pid, signal.SIGKILL)
        terminal.process.wait()
    assert len(Recording.open(path)) >= 3
    with Terminal(["--replay", str(path), "--all"], {"OCTOTUI_STATE_DIR": str(own_state)}, columns=160) as terminal:
        terminal.wait_for(lambda seen: "replay 1x" in seen)
        terminal.press("}")
        terminal.wait_for(lambda seen: "cut off" in seen and "· end ·" in seen)
        terminal.press("q")
        assert terminal.wait_for_end() == 0
        assert terminal.settings() == terminal.settings_before


def test_a_hangup_ends_the_recording_in_order(own_state: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.jsonl.gz"
    with Terminal(["--record", str(path)], {"OCTOTUI_STATE_DIR": str(own_state)}) as terminal:
        terminal.wait_for(is_recording)
        terminal.hang_up()
        assert terminal.process.wait(60) == 129
    assert Recording.open(path).cut == ""


@pytest.mark.parametrize("option", ["--record", "--replay"])
def test_a_file_that_will_not_do_is_refused_before_the_screen_opens(
    own_state: Path, tmp_path: Path, option: str
) -> None:
    (tmp_path / "notes.txt").write_text("shopping list\n")
    with Terminal([option, str(tmp_path / "notes.txt")], {"OCTOTUI_STATE_DIR": str(own_state)}) as terminal:
        assert terminal.wait_for_end() == 2
        assert "next step" in terminal.text and b"\x1b[?1049h" not in terminal.raw
    assert (tmp_path / "notes.txt").read_text() == "shopping list\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--record", "a", "--replay", "b"], "a replay cannot be recorded"),
        (["--replay", "b", "--interval", "2"], "recorded time"),
        (["--record", ""], "an empty path names nothing"),
        (["--record", "a"], "needs a terminal"),
        (["demo", "--no-tui", "--record", "a"], "only the screen records"),
        (["tree", "--replay", "absent.jsonl.gz"], "cannot read the recording"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Completed]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli(*arguments)
    assert result.status == 2 and words in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_tree_prints_the_last_sample_of_a_recording(cli: Callable[..., Completed]) -> None:
    document = cli("tree", "--replay", str(DEPLOYMENT), "--json").document
    assert document["host"] == "web-07" and document["taken_at"].startswith("2026-09-30T10:15:3")
    assert [one["role"] for one in document["processes"][-5:-3]] == ["tentacle-service", "task-bootstrap"]
    lines = cli("tree", "--replay", str(DEPLOYMENT), "--filter", "role:calamari").stdout.splitlines()
    assert any("Calamari run-script" in line and "ServerTasks-826567" in line for line in lines)


def test_a_replay_needs_nothing_of_the_system_that_it_runs_on() -> None:
    code = (
        "import sys; from pathlib import Path; from octotui.config import Settings; "
        "from octotui.processes.recordings.recording import Recording; from octotui.ui.replay import ReplayHost; "
        "host = ReplayHost(Settings(), Recording.open(Path(sys.argv[1]))); import octotui.ui.app; "
        "print({'psutil', 'pwd', 'octotui.host', 'octotui.processes.procfs'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code, str(DEPLOYMENT)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
